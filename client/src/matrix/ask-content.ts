import type { Content } from './sender-content.ts';

/**
 * Keys in a message's content that say who is asked by it (`QUESTION_KEY` and `URGENT_KEY` of `@qiao/notices/contract`,
 * of which only types reach the browser). The server does not see them: its sender's client registers the people there.
 */
const KEYS = { urgent: 'im.qiao.urgent', question: 'im.qiao.question' } as const;

/** Most people asked by one message (`MAX_ASKED` of the contract). */
export const MAX_ASKED = 200;
/** Shortest time between urgent reminders, minutes (`MIN_URGENT_MINUTES` of the contract). */
export const MIN_URGENT_MINUTES = 5;

/** People asked by a message, as its content says. */
export interface Ask {
  readonly kind: keyof typeof KEYS;
  /** User ids. */
  readonly asked: readonly string[];
  /** RFC 3339; undefined: none. */
  readonly dueAt: string | undefined;
  /** Urgent: minutes between reminders; undefined: as often as may be. */
  readonly everyMinutes: number | undefined;
}

/** What a message carries so that people are asked by it. */
export const askContent = ({ kind, asked, dueAt, everyMinutes }: Ask): Content => ({
  [KEYS[kind]]: {
    asked: [...asked],
    ...(dueAt === undefined ? {} : { due_at: dueAt }),
    ...(everyMinutes === undefined ? {} : { every_minutes: everyMinutes }),
  },
});

const record = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
const isUserId = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 255 && /^@[^\s\0]+$/.test(value);

/** Who is asked by a content that may come from anybody; undefined: nobody. */
export function askOf(content: Readonly<Record<string, unknown>>): Ask | undefined {
  for (const kind of ['urgent', 'question'] as const) {
    const given = record(content[KEYS[kind]]);
    if (given === undefined) continue;
    const asked = Array.isArray(given['asked']) ? given['asked'].slice(0, MAX_ASKED).filter(isUserId) : [];
    if (asked.length === 0) continue;
    const due = given['due_at'];
    const every = given['every_minutes'];
    const time = typeof due === 'string' ? Date.parse(due) : Number.NaN;
    return {
      kind,
      asked: [...new Set(asked)],
      dueAt: Number.isNaN(time) ? undefined : new Date(time).toISOString(),
      everyMinutes:
        typeof every === 'number' &&
        Number.isInteger(every) &&
        every >= MIN_URGENT_MINUTES &&
        every <= 24 * 60
          ? every
          : undefined,
    };
  }
  return undefined;
}

/** Key of a message that brings a notice (`NOTICE_KEY` of the contract): `{ "id": <uuid>, "confirm": <boolean> }`. */
const NOTICE_KEY = 'im.qiao.notice';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Accounts of the company's own appservices; nobody else can have one. */
export const OWN_BOT = /^@_qiao_[a-z_]+:(.+)$/;

/** The notice that a message brings, by its id; only bots of the person's own homeserver bring any. */
export function noticeOf(
  content: Readonly<Record<string, unknown>>,
  sender: string,
  ownUserId: string,
): string | undefined {
  const server = OWN_BOT.exec(sender)?.[1];
  if (server === undefined || server !== ownUserId.slice(ownUserId.indexOf(':') + 1)) return undefined;
  const id = record(content[NOTICE_KEY])?.['id'];
  return typeof id === 'string' && UUID.test(id) ? id : undefined;
}

/** Characters at the end of a notice's text and HTML that tell other clients how to confirm; ours have a button. */
export function noticeTail(content: Readonly<Record<string, unknown>>): { text: number; html: number } {
  const notice = record(content[NOTICE_KEY]);
  const size = (value: unknown): number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
  return { text: size(notice?.['tail']), html: size(notice?.['html_tail']) };
}
