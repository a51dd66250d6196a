import {
  MatrixEventEvent,
  PollEvent,
  ReceiptType,
  type EventTimelineSet,
  type MatrixClient,
  type MatrixEvent,
  type Poll,
  type Room,
} from 'matrix-js-sdk';
import type { Relations } from 'matrix-js-sdk/lib/models/relations';
import { askOf, noticeOf } from './ask-content.ts';
import { authorOf, bodyOf, isShown, mayKeyCome, previewOf, textOf, whyUnreadable } from './message-words.ts';
import { sameEmoji } from './emoji-variants.ts';
import { readUpTo, type Find, type ReadUpTo } from './has-read.ts';
import { EVENT, RELATION } from './names.ts';
import { countVotes, parsePoll } from './poll-body.ts';
import { asList, asRecord, cleanName } from './safe-text.ts';
import { stateWords } from './state-words.ts';
import { saneTime, type Entry } from './timeline-items.ts';
import type {
  Author,
  Content,
  Message,
  Quote,
  Reaction,
  SendState,
  ThreadInfo,
  Unsent,
} from './timeline-types.ts';
import { pinnedIn, stateOf } from './room-state.ts';
import { unreadOf } from './unread.ts';

/** Most pictures of readers kept for one message. */
const MOST_READERS = 12;
const MOST_REACTIONS = 40;
const NAMES_OF_REACTION = 20;
const KEY_LENGTH = 24;
const SENDING = new Set<string>(['encrypting', 'sending', 'queued', 'sent']);

/**
 * What a message is called in the views: the same from the local echo on. The SDK turns the echo into the event;
 * where it makes a new one instead (after a gap, or of a page of history) the transaction id tells, which the
 * homeserver gives to the device that sent it.
 */
export function keyOf(event: MatrixEvent, me: string): string {
  const given = event.getTxnId();
  if (given !== undefined) return given;
  const told: unknown = event.getSender() === me ? event.getUnsigned().transaction_id : undefined;
  return typeof told === 'string' && told !== '' ? told : (event.getId() ?? '');
}

/** The event whose way to the homeserver a message shows: its deletion, its newest change, or itself. */
function carrierOf(event: MatrixEvent, room: Room): { carrier: MatrixEvent; what: Unsent['what'] } {
  if (event.isRedacted()) {
    const because = asRecord(event.getUnsigned()['redacted_because'])['event_id'];
    const deletion = room.getPendingEvents().find((each) => each.getId() === because);
    if (deletion) return { carrier: deletion, what: 'deletion' };
  }
  const replacing = event.replacingEvent();
  return replacing?.status ? { carrier: replacing, what: 'edit' } : { carrier: event, what: 'message' };
}

/** Makes what a view needs of the events of one timeline. */
export class MessageMaker {
  readonly #client: MatrixClient;
  readonly #room: Room;
  readonly #threadId: string | undefined;
  readonly #changed: () => void;
  readonly #contents = new WeakMap<MatrixEvent, { stamp: string; content: Content; text: string }>();
  readonly #quotes = new Map<string, MatrixEvent | 'loading' | 'gone'>();
  readonly #votes = new Map<string, { poll: Poll; responses: Relations | undefined }>();
  readonly #awaited = new WeakSet<MatrixEvent>();
  #ends: (() => void)[] = [];

  constructor(client: MatrixClient, room: Room, threadId: string | undefined, changed: () => void) {
    this.#client = client;
    this.#room = room;
    this.#threadId = threadId;
    this.#changed = changed;
  }

  close(): void {
    for (const end of this.#ends) end();
    this.#ends = [];
    this.#votes.clear();
  }

  /** Entries of the events, oldest first; and the last one that was read (`readUpTo` may be an event that is not shown). */
  entries(
    set: EventTimelineSet,
    events: readonly MatrixEvent[],
    readUpTo: string | undefined,
  ): { entries: Entry[]; markAfter: string | undefined } {
    const room = this.#room;
    const entries: Entry[] = [];
    let markAfter: string | undefined;
    let lastMessage = -1;
    const readers = this.#readers(events);
    const nameOf = (userId: string): string => authorOf(room, userId).name;
    const pinned = new Set(pinnedIn(room));
    const keys = new Set<string>();
    for (const event of events) {
      const eventId = event.getId();
      if (eventId === undefined) continue;
      const known = keyOf(event, room.myUserId);
      // History brought it before the sync did: it is there, and its echo no more.
      if (keys.has(known) && event.status !== null) continue;
      const key = keys.has(known) ? eventId : known;
      keys.add(key);
      const entry = this.#entry(set, event, key, nameOf, pinned);
      if (entry) entries.push(entry);
      if (entry?.kind === 'message') lastMessage = entries.length - 1;
      const at = entries.at(-1);
      // Changes of the room, reactions and edits have no place for pictures: who read them has read the message before.
      const read = entries[lastMessage];
      const here = readers.get(event);
      if (here !== undefined && read?.kind === 'message') {
        const { message } = read;
        const others = here.filter((userId) => userId !== message.author.userId);
        const all = [...message.readers, ...others.map((userId) => authorOf(room, userId))];
        entries[lastMessage] = {
          kind: 'message',
          message: { ...message, readers: all.slice(0, MOST_READERS) },
        };
      }
      if (eventId === readUpTo && at)
        markAfter = at.kind === 'message' ? at.message.eventId : at.line.eventId;
    }
    return { entries, markAfter };
  }

  #entry(
    set: EventTimelineSet,
    event: MatrixEvent,
    key: string,
    nameOf: (userId: string) => string,
    pinned: ReadonlySet<string>,
  ): Entry | undefined {
    try {
      if (event.isState()) {
        if (this.#threadId !== undefined || event.isRedacted()) return undefined;
        const words = stateWords(event, nameOf, this.#client.getSafeUserId());
        return (
          words && {
            kind: 'state',
            ts: saneTime(event.getTs()),
            line: { ...words, eventId: event.getId() ?? '' },
          }
        );
      }
      if (!isShown(event)) return undefined;
      return { kind: 'message', message: this.#message(set, event, key, pinned) };
    } catch {
      // Whatever an event did to the parsers, it costs its own line only.
      const author = authorOf(this.#room, event.getSender() ?? '');
      return { kind: 'message', message: this.#plain(event, key, author, { kind: 'unknown', text: '' }) };
    }
  }

  #plain(event: MatrixEvent, key: string, author: Author, content: Content): Message {
    return {
      kind: 'message',
      key,
      roomId: this.#room.roomId,
      eventId: event.getId() ?? '',
      type: event.getType(),
      author,
      own: event.getSender() === this.#room.myUserId,
      ts: saneTime(event.getTs()),
      content,
      edited: false,
      quote: undefined,
      reactions: [],
      thread: undefined,
      threadId: event.threadRootId,
      send: 'sent',
      unsent: undefined,
      pinned: false,
      mentioned: false,
      readers: [],
      rights: { react: false, reply: false, edit: false, redact: false, pin: false },
      ask: undefined,
      notice: undefined,
      text: '',
      continued: false,
    };
  }

  #message(set: EventTimelineSet, event: MatrixEvent, key: string, pinned: ReadonlySet<string>): Message {
    const room = this.#room;
    const me = room.myUserId;
    const eventId = event.getId() ?? '';
    const sender = event.getSender() ?? '';
    const { content, text } = this.#content(event);
    const { carrier, what } = carrierOf(event, room);
    const status: string | null = carrier.status;
    const txnId = carrier.getTxnId();
    const send: SendState =
      status === 'not_sent' ? 'failed' : status !== null && SENDING.has(status) ? 'sending' : 'sent';
    const readable = content.kind !== 'redacted' && content.kind !== 'decrypting' && send === 'sent';
    const joined = room.getMyMembership() === 'join';
    const state = stateOf(room);
    const mentions = asRecord(event.getContent()['m.mentions']);
    const own = sender === me;
    const giver = event.getKeyForwardingUser();
    return {
      ...this.#plain(event, key, authorOf(room, sender), content),
      edited: content.kind !== 'redacted' && event.replacingEventId() !== undefined,
      quote: content.kind === 'redacted' ? undefined : this.#quote(event),
      reactions: content.kind === 'redacted' ? [] : this.#reactions(set, eventId),
      thread: this.#threadId === undefined ? this.#thread(eventId) : undefined,
      send,
      unsent: send === 'sent' || txnId === undefined ? undefined : { txnId, what },
      pinned: pinned.has(eventId),
      mentioned: !own && (mentions['room'] === true || asList(mentions['user_ids']).includes(me)),
      rights: {
        react: readable && joined && state.maySendEvent(EVENT.reaction, me),
        reply: readable && joined && state.maySendEvent(EVENT.message, me),
        edit: readable && joined && own && content.kind === 'text',
        redact: readable && joined && state.maySendRedactionForEvent(event, me),
        pin: readable && joined && state.maySendStateEvent(EVENT.pinned, me),
      },
      ask: content.kind === 'redacted' ? undefined : askOf(asRecord(event.getContent())),
      notice: content.kind === 'redacted' ? undefined : noticeOf(asRecord(event.getContent()), sender, me),
      text,
      keyFrom: giver === undefined || giver === sender ? undefined : authorOf(room, giver).name,
    };
  }

  #content(event: MatrixEvent): { content: Content; text: string } {
    if (event.getType() === EVENT.pollStart && !event.isRedacted()) {
      const poll = this.#poll(event);
      if (poll) return { content: poll, text: poll.poll.question };
    }
    const replacing = event.replacingEvent();
    if (replacing?.getType() === EVENT.encrypted && !this.#awaited.has(replacing)) {
      // Its key may come later than the message's own; where it came with the message, nobody has decrypted it yet.
      this.#awaited.add(replacing);
      replacing.on(MatrixEventEvent.Decrypted, this.#changed);
      this.#ends.push(() => replacing.off(MatrixEventEvent.Decrypted, this.#changed));
      void this.#client.decryptEventIfNeeded(replacing).catch(() => undefined);
    }
    const stamp = [
      event.getId(),
      event.getType(),
      event.replacingEventId(),
      replacing?.getType(),
      replacing?.decryptionFailureReason,
      event.isRedacted(),
      event.isBeingDecrypted(),
      event.decryptionFailureReason,
    ].join();
    const known = this.#contents.get(event);
    if (known?.stamp === stamp) return known;
    const made = { stamp, content: this.#parse(event), text: event.isRedacted() ? '' : textOf(event) };
    this.#contents.set(event, made);
    return made;
  }

  #parse(event: MatrixEvent): Content {
    if (event.isRedacted()) {
      const by = asRecord(event.getRedactionEvent())['sender'];
      const other = typeof by === 'string' && by !== event.getSender() ? by : undefined;
      return { kind: 'redacted', by: other === undefined ? undefined : authorOf(this.#room, other).name };
    }
    if (event.isDecryptionFailure()) {
      const why = whyUnreadable(event);
      return { kind: 'unreadable', why, mayCome: mayKeyCome(event, this.#room, why) };
    }
    if (event.getType() === EVENT.encrypted) return { kind: 'decrypting' };
    return bodyOf(event) ?? { kind: 'other', type: event.getType(), content: asRecord(event.getContent()) };
  }

  #poll(
    event: MatrixEvent,
  ): { readonly kind: 'poll'; readonly poll: ReturnType<typeof countVotes> } | undefined {
    const question = parsePoll(asRecord(event.getContent()));
    if (!question) return undefined;
    const eventId = event.getId() ?? '';
    const poll = this.#room.polls.get(eventId);
    if (poll && this.#votes.get(eventId)?.poll !== poll) {
      const held: { poll: Poll; responses: Relations | undefined } = { poll, responses: undefined };
      this.#votes.set(eventId, held);
      const onResponses = (responses: Relations): void => {
        held.responses = responses;
        this.#changed();
      };
      poll.on(PollEvent.Responses, onResponses);
      poll.on(PollEvent.End, this.#changed);
      poll.on(PollEvent.Update, this.#changed);
      this.#ends.push(() => {
        poll.off(PollEvent.Responses, onResponses);
        poll.off(PollEvent.End, this.#changed);
        poll.off(PollEvent.Update, this.#changed);
      });
      poll.getResponses().then(onResponses, () => undefined);
    }
    const responses = this.#votes.get(eventId)?.responses;
    const votes = (responses?.getRelations() ?? [])
      .filter((each) => !each.isRedacted())
      .map((each) => ({
        sender: each.getSender() ?? '',
        ts: each.getTs(),
        content: asRecord(each.getContent()),
      }));
    return {
      kind: 'poll',
      poll: countVotes(question, votes, this.#room.myUserId, {
        ended: poll?.isEnded ?? false,
        loaded: responses !== undefined,
      }),
    };
  }

  #reactions(set: EventTimelineSet, eventId: string): Reaction[] {
    const relations = set.relations.getChildEventsForEvent(eventId, RELATION.annotation, EVENT.reaction);
    const me = this.#room.myUserId;
    const made: Reaction[] = [];
    for (const [key, events] of sameEmoji(relations?.getSortedAnnotationsByKey() ?? [])) {
      const clean = typeof key === 'string' ? cleanName(key, '') : '';
      const senders = new Set(
        [...events]
          .filter((each) => !each.isRedacted() && String(each.status) !== 'not_sent')
          .map((each) => each.getSender() ?? ''),
      );
      if (clean === '' || senders.size === 0) continue;
      made.push({
        key:
          Array.from(clean).length > KEY_LENGTH ? `${Array.from(clean).slice(0, KEY_LENGTH).join('')}…` : key,
        count: senders.size,
        mine: senders.has(me),
        names: [...senders].slice(0, NAMES_OF_REACTION).map((userId) => authorOf(this.#room, userId).name),
      });
      if (made.length === MOST_REACTIONS) break;
    }
    return made;
  }

  #thread(eventId: string): ThreadInfo | undefined {
    const thread = this.#room.getThread(eventId);
    if (!thread || thread.length === 0) return undefined;
    const last = thread.replyToEvent;
    const { unread, mentions } = unreadOf(this.#client).ofThread(this.#room, eventId);
    return {
      count: thread.length,
      last:
        last && last.getId() !== eventId
          ? {
              author: authorOf(this.#room, last.getSender() ?? ''),
              preview: previewOf(last),
              ts: saneTime(last.getTs()),
            }
          : undefined,
      unread,
      mentions,
    };
  }

  /** Who has read up to which of the events, or has written there. */
  #readers(events: readonly MatrixEvent[]): ReadonlyMap<MatrixEvent, readonly string[]> {
    const room = this.#room;
    const thread = this.#threadId === undefined ? undefined : room.getThread(this.#threadId);
    const places = new Map(events.map((event, place) => [event.getId() ?? '', place]));
    const beside = new Map<string, MatrixEvent | undefined>();
    // What is shown is at hand; for what is not loaded the SDK asks every thread: once for all who have read up to it.
    const find: Find = (eventId) => {
      const shown = events[places.get(eventId) ?? -1];
      if (!shown && !beside.has(eventId)) beside.set(eventId, room.findEventById(eventId));
      return shown ?? beside.get(eventId);
    };
    const written = new Map<string, number>();
    for (const [place, event] of events.entries())
      if (!event.isState() && event.status === null) written.set(event.getSender() ?? '', place);
    const readers = new Map<MatrixEvent, string[]>();
    for (const { userId } of room.getMembers()) {
      if (userId === room.myUserId) continue;
      const upTo = readUpTo(room, thread ?? room, userId, ReceiptType.Read, find);
      if (!upTo) continue;
      const read = places.get(upTo.eventId) ?? this.#placeBeside(upTo, events, find);
      const at = read === undefined ? undefined : events[Math.max(read, written.get(userId) ?? 0)];
      if (!at) continue;
      const here = readers.get(at);
      if (here) here.push(userId);
      else readers.set(at, [userId]);
    }
    return readers;
  }

  /** Where among the room's events one of a thread belongs: other clients tell of both at once. */
  #placeBeside(upTo: ReadUpTo, events: readonly MatrixEvent[], find: Find): number | undefined {
    if (this.#threadId !== undefined || upTo.threadId !== undefined) return undefined;
    const event = find(upTo.eventId);
    if (event?.threadRootId === undefined || event.threadRootId === upTo.eventId) return undefined;
    const place = events.findLastIndex((each) => each.getTs() <= event.getTs());
    return place < 0 ? undefined : place;
  }

  #quote(event: MatrixEvent): Quote | undefined {
    const relation = asRecord(event.getWireContent()['m.relates_to']);
    const to = asRecord(relation['m.in_reply_to'])['event_id'];
    if (typeof to !== 'string' || to === event.getId()) return undefined;
    if (relation['rel_type'] === RELATION.thread && relation['is_falling_back'] === true) return undefined;
    const target = this.#room.findEventById(to) ?? this.#fetched(to);
    if (target === 'loading' || target === 'gone') {
      return { eventId: to, state: target, author: undefined, preview: undefined };
    }
    return {
      eventId: to,
      state: 'ready',
      author: authorOf(this.#room, target.getSender() ?? ''),
      preview: previewOf(target),
    };
  }

  #fetched(eventId: string): MatrixEvent | 'loading' | 'gone' {
    const known = this.#quotes.get(eventId);
    if (known !== undefined) return known;
    this.#quotes.set(eventId, 'loading');
    void this.#fetch(eventId).then(
      (event) => {
        this.#quotes.set(eventId, event);
        const heal = (): void => {
          this.#changed();
        };
        event.on(MatrixEventEvent.Decrypted, heal);
        this.#ends.push(() => event.off(MatrixEventEvent.Decrypted, heal));
        this.#changed();
      },
      () => {
        this.#quotes.set(eventId, 'gone');
        this.#changed();
      },
    );
    return 'loading';
  }

  async #fetch(eventId: string): Promise<MatrixEvent> {
    const raw = await this.#client.fetchRoomEvent(this.#room.roomId, eventId);
    const event = this.#client.getEventMapper()(raw);
    await this.#client.decryptEventIfNeeded(event).catch(() => undefined);
    return event;
  }
}
