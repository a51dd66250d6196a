import { EventTimeline, MatrixEvent, type IEvent, type MatrixClient, type Room } from 'matrix-js-sdk';
import { describe, expect, test } from 'vitest';
import { idOf, ME, messageAt, numberedRoom, ROOM } from './testing.ts';
import { Unread } from './unread.ts';

/** A room of 40 messages, of which 20 have come by sync; `server` is what the homeserver counts. */
async function room(
  given: {
    eventAt?: (at: number) => Partial<IEvent>;
    receipts?: Record<string, { ts: number; thread_id?: string }>;
    server?: number;
    count?: number;
  } = {},
): Promise<{ unread: Unread; room: Room; client: MatrixClient }> {
  const { eventAt = messageAt, count = 40 } = given;
  const made = await numberedRoom(count, eventAt);
  // The rules that a homeserver gives to everybody.
  made.client.setPushRules({
    global: {
      underride: [
        {
          rule_id: '.m.rule.message',
          default: true,
          enabled: true,
          conditions: [{ kind: 'event_match' as never, key: 'type', pattern: 'm.room.message' }],
          actions: ['notify' as never],
        },
      ],
    },
  });
  const unread = new Unread(made.client);
  const first = Math.max(0, count - 20);
  unread.note({
    [ROOM]: {
      timeline: { events: Array.from({ length: count - first }, (_, step) => eventAt(first + step)) },
      ephemeral: {
        events: Object.entries(given.receipts ?? {}).map(([id, receipt]) => ({
          type: 'm.receipt',
          content: { [id]: { 'm.read': { [ME]: receipt } } },
        })),
      },
      unread_notifications: { notification_count: given.server ?? 0, highlight_count: 0 },
    },
  });
  return { unread, ...made };
}

describe('what is unread', () => {
  test('stands behind the receipt, whatever the homeserver counted before', async () => {
    const { unread, room: here } = await room({
      receipts: { [idOf(35)]: { ts: 1, thread_id: 'main' } },
      server: 17,
    });
    expect(unread.of(here)).toMatchObject({ unread: 4, mentions: 0, fresh: true });
  });

  test('is what the homeserver counts where the receipt is further back than what is here', async () => {
    const { unread, room: here } = await room({ receipts: { [idOf(2)]: { ts: 1 } }, server: 37 });
    expect(unread.of(here).unread).toBe(37);
  });

  test('is nothing behind a receipt at something that stands in no timeline', async () => {
    const { unread, room: here } = await room({ receipts: { [idOf(30)]: { ts: 1 } } });
    expect(unread.of(here).unread).toBe(9);
    const edit = { event_id: '$edit', type: 'm.room.message', sender: '@other:example.org' };
    unread.note({ [ROOM]: { timeline: { events: [edit] } } });
    unread.note({
      [ROOM]: {
        ephemeral: {
          events: [{ type: 'm.receipt', content: { $edit: { 'm.read.private': { [ME]: { ts: 2 } } } } }],
        },
      },
    });
    expect(unread.of(here)).toMatchObject({ unread: 0, fresh: false });
  });

  test('is not what is one’s own, a change, a reaction or taken back; one’s own message says that all was read', async () => {
    const { unread, room: here } = await room({
      receipts: { [idOf(30)]: { ts: 1 } },
      eventAt: (at) => {
        const message = messageAt(at);
        if (at === 34) return { ...message, sender: ME };
        if (at === 36)
          return {
            ...message,
            content: { ...message.content, 'm.relates_to': { rel_type: 'm.replace', event_id: idOf(35) } },
          };
        if (at === 37)
          return {
            ...message,
            type: 'm.reaction',
            content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: idOf(35), key: '👍' } },
          };
        if (at === 38)
          return { ...message, content: {}, unsigned: { redacted_because: { ...messageAt(39) } } as never };
        return message;
      },
    });
    // 35 and 39.
    expect(unread.of(here).unread).toBe(2);
  });

  test('is what was written while one was invited, and not what was there before', async () => {
    const member = (at: number, membership: string, before?: string): Partial<IEvent> => ({
      ...messageAt(at),
      type: 'm.room.member',
      state_key: ME,
      sender: membership === 'join' ? ME : '@other:example.org',
      content: { membership },
      ...(before === undefined ? {} : { unsigned: { prev_content: { membership: before } } }),
    });
    const invited = await room({
      eventAt: (at) =>
        at === 32 ? member(at, 'invite') : at === 38 ? member(at, 'join', 'invite') : messageAt(at),
    });
    expect(invited.unread.of(invited.room).unread).toBe(6);
    const added = await room({ eventAt: (at) => (at === 38 ? member(at, 'join') : messageAt(at)) });
    expect(added.unread.of(added.room).unread).toBe(1);
    // Being renamed is no reading.
    const renamed = await room({
      receipts: { [idOf(35)]: { ts: 1 } },
      eventAt: (at) => (at === 38 ? member(at, 'join', 'join') : messageAt(at)),
    });
    expect(renamed.unread.of(renamed.room).unread).toBe(3);
  });

  test('is the same when messages come a second time', async () => {
    const { unread, room: here, client } = await room({ receipts: { [idOf(35)]: { ts: 1 } } });
    here.getUnfilteredTimelineSet().resetLiveTimeline('40');
    await client.paginateEventTimeline(here.getLiveTimeline(), { backwards: true, limit: 20 });
    expect(here.getLiveTimeline().getEvents().length).toBeGreaterThan(0);
    expect(here.getLiveTimeline().getPaginationToken(EventTimeline.BACKWARDS)).toBe('20');
    expect(unread.of(here).unread).toBe(4);
  });

  test('is told once to be read, and by everything it is', async () => {
    const { unread, room: here } = await room({ receipts: { [idOf(35)]: { ts: 1 } }, server: 4 });
    const heard: string[] = [];
    unread.onRead((roomId) => heard.push(roomId));
    await unread.readAll(ROOM);
    expect(heard).toEqual([ROOM]);
    expect(unread.of(here).unread).toBe(0);
    const [last] = here.getLiveTimeline().getEvents().slice(-1);
    expect(unread.hasRead(here, last ?? new MatrixEvent())).toBe(true);
  });
});
