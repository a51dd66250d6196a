/** What a message is, for its one line in the list; the words around `text` are the view's. */
export type PreviewKind =
  | 'text'
  | 'emote'
  | 'image'
  | 'video'
  | 'audio'
  | 'voice'
  | 'file'
  | 'location'
  | 'sticker'
  | 'poll'
  | 'poll_end'
  | 'removed'
  /** Encrypted, not decrypted yet. */
  | 'encrypted'
  /** Encrypted, and no key for it here. */
  | 'unreadable'
  | 'unknown'
  /** Of a domain, whose module says the line. */
  | 'custom';

export interface Preview {
  readonly kind: PreviewKind;
  /** Plain text of the message, a file's name, a poll's question; empty where there is none. */
  readonly text: string;
}

/** How loudly a conversation makes itself heard; `default` follows the account's rules. */
export type NotificationLevel = 'default' | 'all' | 'mentions' | 'mute';

/** The newest message of a conversation, in its main timeline or a thread. */
export interface LastMessage {
  readonly eventId: string;
  readonly preview: Preview;
  readonly sender: string;
  readonly senderName: string;
  readonly own: boolean;
  /** It is a reply in a thread. */
  readonly thread: boolean;
  /** Of one's own, which the homeserver does not have yet. */
  readonly sending: 'no' | 'sending' | 'failed';
  /** For a domain's line (`preview.kind` is `custom`). */
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly ts: number;
}

/** Who has invited, and to what. */
export interface Invitation {
  readonly inviter: string;
  readonly inviterName: string;
  /** The inviter is of another server. */
  readonly external: boolean;
  readonly reason: string;
  readonly space: boolean;
}

/** A conversation as lists show it. A new object whenever something of it changed. */
export interface RoomEntry {
  readonly roomId: string;
  readonly name: string;
  /** `mxc:` address. */
  readonly avatar: string | undefined;
  /** The other person of a direct chat. */
  readonly partner: string | undefined;
  readonly online: boolean;
  /** Of the newest message, milliseconds since 1970; never in the future. */
  readonly ts: number;
  readonly last: LastMessage | undefined;
  /** Messages to be told about, threads included. */
  readonly unread: number;
  readonly mentions: number;
  readonly markedUnread: boolean;
  /** Something is unread, though nothing is to be told. */
  readonly activity: boolean;
  readonly level: NotificationLevel;
  readonly favourite: boolean;
  readonly lowPriority: boolean;
  readonly draft: string | undefined;
  /** Names of those who write now. */
  readonly typing: readonly string[];
  /** Other servers that take part, as far as known; empty: an internal conversation. */
  readonly servers: readonly string[];
  readonly encrypted: boolean;
  /** A department's: the directory decides who is in it. */
  readonly followsDirectory: boolean;
  readonly invitation: Invitation | undefined;
}

/** The newest conversations as `rooms-kept.ts` keeps them; `form` tells what wrote them. */
export interface KeptRooms {
  readonly form: number;
  readonly userId: string;
  readonly rooms: readonly RoomEntry[];
}

/** A conversation of which nothing is known but its id, which stands for its name. */
export const bareEntry = (roomId: string): RoomEntry => ({
  roomId,
  name: roomId,
  avatar: undefined,
  partner: undefined,
  online: false,
  ts: 0,
  last: undefined,
  unread: 0,
  mentions: 0,
  markedUnread: false,
  activity: false,
  level: 'default',
  favourite: false,
  lowPriority: false,
  draft: undefined,
  typing: [],
  servers: [],
  encrypted: false,
  followsDirectory: false,
  invitation: undefined,
});

/** Order of the conversations. */
export type RoomOrder = 'recent' | 'unread';

/** Filters of the list. */
export const ROOM_FILTERS = [
  'all',
  'unread',
  'mentions',
  'people',
  'departments',
  'favourites',
  'external',
  'invites',
] as const;
export type RoomFilter = (typeof ROOM_FILTERS)[number];

/** What the whole account has unread. */
export interface RoomTotals {
  readonly unread: number;
  readonly mentions: number;
  readonly invites: number;
}

/** Muted ones say nothing by themselves, except where one is mentioned. */
export const isQuiet = (entry: RoomEntry): boolean => entry.level === 'mute';

/** Whether a conversation waits to be read. */
export const isUnread = (entry: RoomEntry): boolean =>
  !isQuiet(entry) && (entry.unread > 0 || entry.mentions > 0 || entry.markedUnread);

/** Whether there is something to mark as read, told loudly or not. */
export const waits = (entry: RoomEntry): boolean =>
  entry.unread > 0 || entry.mentions > 0 || entry.markedUnread || entry.activity;

/** Newest first; the id decides between equals, so that the order never jumps. */
const byTime = (one: RoomEntry, other: RoomEntry): number =>
  other.ts - one.ts || (one.roomId < other.roomId ? -1 : one.roomId > other.roomId ? 1 : 0);

/** 3: mentioned, 2: unread, 1: something happened, 0: nothing. */
const urgency = (entry: RoomEntry): number =>
  entry.mentions > 0 && !isQuiet(entry) ? 3 : isUnread(entry) ? 2 : entry.activity && !isQuiet(entry) ? 1 : 0;

/** Sorts a copy. */
export function orderRooms(entries: readonly RoomEntry[], order: RoomOrder): RoomEntry[] {
  return order === 'recent'
    ? entries.toSorted(byTime)
    : entries.toSorted((one, other) => urgency(other) - urgency(one) || byTime(one, other));
}

/** Whether a filter lets a conversation through. */
export function passes(entry: RoomEntry, filter: RoomFilter, departmentRooms: ReadonlySet<string>): boolean {
  if (filter === 'invites') return entry.invitation !== undefined;
  if (entry.invitation !== undefined) return filter === 'all';
  switch (filter) {
    case 'all':
      return true;
    case 'unread':
      return isUnread(entry) || (entry.activity && !isQuiet(entry));
    case 'mentions':
      return entry.mentions > 0;
    case 'people':
      return entry.partner !== undefined;
    case 'departments':
      return departmentRooms.has(entry.roomId);
    case 'favourites':
      return entry.favourite;
    case 'external':
      return entry.servers.length > 0;
  }
}

/** Sums for the badge. */
export function totalsOf(entries: Iterable<RoomEntry>): RoomTotals {
  let unread = 0;
  let mentions = 0;
  let invites = 0;
  for (const entry of entries) {
    if (entry.invitation !== undefined) invites++;
    else if (!isQuiet(entry)) {
      unread += Math.max(entry.unread, entry.markedUnread ? 1 : 0, entry.mentions);
      mentions += entry.mentions;
    }
  }
  return { unread, mentions, invites };
}

/** All that waits: the number at the rail, in the title and at the application's icon. */
export const waitingOf = ({ unread, invites }: RoomTotals): number => unread + invites;

/** Whether two entries say the same: then the old object is kept and nothing is drawn again. */
export function sameEntry(one: RoomEntry, other: RoomEntry): boolean {
  for (const key of Object.keys(one) as (keyof RoomEntry)[]) {
    const before = one[key];
    const after = other[key];
    if (Object.is(before, after)) continue;
    if (typeof before !== 'object' || typeof after !== 'object') return false;
    if (JSON.stringify(before) !== JSON.stringify(after)) return false;
  }
  return true;
}
