import { Filter } from 'matrix-js-sdk';
import { bareEntry, type LastMessage, type RoomEntry } from './rooms-entry.ts';
import type { NameWords } from './rooms-name.ts';
import { isListed, previewOf } from './rooms-preview.ts';
import { plainName } from './rooms-text.ts';
import { asList, asRecord } from './safe-text.ts';
import type { Tokens } from './tokens.ts';

/*
 * What a new device asks for the moment it is signed in, while its encryption is still being set up: the newest
 * conversations by one request of Simplified Sliding Sync (MSC4186), which a homeserver answers in a tenth of a
 * second whatever the account's size, and after it the first sync itself. The list is shown by the one until the
 * other is there. Neither is needed: what fails here is asked for again by the SDK in its own time.
 */

const LOOK = '/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=0';
/** Conversations of the first look: more than a tall window shows. */
const SEEN = 40;
/** A homeserver that takes longer is not waited for, in milliseconds. */
const PATIENCE_MS = 4000;
/** People named in a conversation without a name of its own; `NameWords` says the rest. */
const HEROES = 3;

/** Newest events of each conversation in the first sync: enough for a preview, the rest comes when it is opened. */
export const FIRST_EVENTS = 10;

interface LookContext {
  readonly me: string;
  readonly words: NameWords;
  /** Event types of domains that have a line of their own. */
  readonly customTypes: ReadonlySet<string>;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const count = (value: unknown): number => (typeof value === 'number' && value > 0 ? Math.floor(value) : 0);

function lastOf(
  event: Readonly<Record<string, unknown>>,
  context: LookContext,
  name: string,
): LastMessage | undefined {
  const { type, event_id: eventId, sender, content } = event;
  if (typeof type !== 'string' || typeof eventId !== 'string' || typeof sender !== 'string') return undefined;
  if (!isListed(type, content, context.customTypes)) return undefined;
  const redacted = asRecord(event['unsigned'])['redacted_because'] !== undefined;
  const preview = previewOf(type, redacted ? {} : content, { redacted, custom: context.customTypes });
  const ts = event['origin_server_ts'];
  return {
    eventId,
    preview,
    sender,
    senderName: name,
    own: sender === context.me,
    thread: asRecord(asRecord(content)['m.relates_to'])['rel_type'] === 'm.thread',
    sending: 'no',
    type,
    content: preview.kind === 'custom' ? asRecord(content) : {},
    ts: typeof ts === 'number' && Number.isFinite(ts) && ts > 0 ? Math.min(ts, Date.now()) : 0,
  };
}

/**
 * The conversations of an answer, as lists show them. Never throws, whatever the answer is.
 * @param answer of MSC4186: `rooms` by id with `name`, `heroes`, `avatar`, `timeline`, `bump_stamp`, counts
 */
export function readLook(answer: unknown, context: LookContext): RoomEntry[] {
  return Object.entries(asRecord(asRecord(answer)['rooms'])).flatMap(([roomId, given]): RoomEntry[] => {
    const room = asRecord(given);
    // Invitations have a view of their own: they wait for the sync.
    if (!roomId.startsWith('!') || room['invite_state'] !== undefined) return [];
    const heroes = asList(room['heroes']).map(asRecord);
    const nameOf = (userId: string): string =>
      plainName(heroes.find((hero) => hero['user_id'] === userId)?.['name'], userId);
    const names = heroes
      .slice(0, HEROES)
      .flatMap((hero) => (typeof hero['user_id'] === 'string' ? [nameOf(hero['user_id'])] : []));
    const others = Math.max(0, count(room['joined_count']) + count(room['invited_count']) - 1);
    const list = context.words.list(names);
    const byPeople =
      names.length === 0
        ? context.words.empty()
        : others > names.length
          ? context.words.more(list, others - names.length)
          : list;
    const partner = room['is_dm'] === true ? text(heroes[0]?.['user_id']) : undefined;
    const events = asList(room['timeline']).map(asRecord);
    const newest = events.at(-1);
    const last = newest && lastOf(newest, context, nameOf(text(newest['sender']) ?? ''));
    const ts = newest?.['origin_server_ts'];
    return [
      {
        ...bareEntry(roomId),
        name: plainName(room['name'], byPeople),
        avatar: text(room['avatar']) ?? (partner === undefined ? undefined : text(heroes[0]?.['avatar'])),
        partner,
        ts:
          last?.ts ??
          (typeof ts === 'number' && Number.isFinite(ts) ? Math.min(Math.max(0, ts), Date.now()) : 0),
        last,
        unread: count(room['notification_count']),
        mentions: count(room['highlight_count']),
        encrypted: asList(room['required_state']).some(
          (event) => asRecord(event)['type'] === 'm.room.encryption',
        ),
      },
    ];
  });
}

/** Asks for the newest conversations. @throws Error when they are not to be had soon */
export async function askLook(tokens: Tokens, context: LookContext): Promise<RoomEntry[]> {
  const answer = await tokens.fetch(`${tokens.session.homeserverUrl}${LOOK}`, {
    method: 'POST',
    headers: { authorization: '', 'content-type': 'application/json' },
    body: JSON.stringify({
      conn_id: 'first-look',
      lists: {
        newest: {
          ranges: [[0, SEEN - 1]],
          filters: { is_invite: false, not_room_types: ['m.space'] },
          timeline_limit: 1,
          required_state: [['m.room.encryption', '']],
        },
      },
    }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!answer.ok) throw new Error(`first look: ${String(answer.status)}`);
  return readLook(await answer.json(), context);
}

/** What the SDK filters its first sync by with our options (js-sdk 43, `SyncApi.sync`). */
function firstFilter(userId: string): object {
  const filter = new Filter(userId);
  filter.setUnreadThreadNotifications(true);
  filter.setLazyLoadMembers(true);
  filter.setTimelineLimit(FIRST_EVENTS);
  return filter.getDefinition();
}

/** The same text for the same filter, whatever the order of its fields. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
      : each,
  );

/** Asks for the first sync ahead of the SDK, which is given the answer when it asks for the same. */
export function askFirstSync(tokens: Tokens, after: Promise<unknown>): void {
  const { userId, homeserverUrl } = tokens.session;
  const filter = firstFilter(userId);
  const query = new URLSearchParams({
    filter: JSON.stringify(filter),
    timeout: '0',
    'org.matrix.msc4222.use_state_after': 'true',
  });
  tokens.expect({
    url: `${homeserverUrl}/_matrix/client/v3/sync?${query.toString()}`,
    after,
    fits: ({ searchParams }) => {
      if (searchParams.has('since')) return false;
      for (const [name, value] of query)
        if (name !== 'filter' && searchParams.get(name) !== value) return false;
      try {
        return canonical(JSON.parse(searchParams.get('filter') ?? '')) === canonical(filter);
      } catch {
        return false;
      }
    },
  });
}
