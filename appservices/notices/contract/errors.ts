/** Errors of notices; texts are `errors.<key>` in `strings`. */
export const noticesErrorTable = {
  not_your_message: { status: 404 },
  nobody_to_ask: { status: 400 },
  due_in_the_past: { status: 400 },
  asked_too_much: { status: 429 },
  reminded_already: { status: 429 },
  zone_unknown: { status: 400 },
  quiet_too_long: { status: 400 },
  pause_too_long: { status: 400 },
  text_not_valid: { status: 400 },
  audience_empty: { status: 400 },
  audience_not_allowed: { status: 403 },
  audience_unknown: { status: 400 },
  notice_not_in_state: { status: 409 },
  time_in_the_past: { status: 400 },
  no_confirmation_wanted: { status: 409 },
  homeserver_unavailable: { status: 503, report: true },
} as const satisfies Record<string, { status: number; report?: boolean }>;
