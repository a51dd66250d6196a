/** Errors of push; texts are `errors.<key>` in `strings`. */
export const pushErrorTable = {
  endpoint_not_allowed: { status: 400 },
  keys_not_valid: { status: 400 },
  only_members: { status: 403 },
} as const satisfies Record<string, { status: number; report?: boolean }>;
