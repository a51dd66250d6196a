import { EventStatus, MatrixClient, MatrixEvent, Room } from 'matrix-js-sdk';
import { expect, test, vi } from 'vitest';
import { stateOf } from './room-state.ts';
import { idOf, messageAt, numberedRoom, ROOM } from './testing.ts';
import { keyOf, MessageMaker } from './timeline-messages.ts';

const me = '@me:x';
const roomId = '!a:x';
const event = (id: string, more: Record<string, unknown> = {}): MatrixEvent =>
  new MatrixEvent({
    event_id: id,
    sender: me,
    room_id: roomId,
    type: 'm.room.message',
    content: { body: '你好' },
    ...more,
  });

test('a message is called the same from its echo on, whatever the SDK makes of it', async () => {
  const client = new MatrixClient({ baseUrl: 'https://x.invalid', userId: me });
  const room = new Room(roomId, client, me);
  const echo = event('~local');
  echo.setTxnId('q1');
  echo.setStatus(EventStatus.SENDING);
  room.addPendingEvent(echo, 'q1');
  expect(keyOf(echo, me)).toBe('q1');
  const sent = (): MatrixEvent => event('$sent', { unsigned: { transaction_id: 'q1' } });
  await room.addLiveEvents([sent()], { addToState: false });
  const [shown] = room.getLiveTimeline().getEvents();
  expect(shown?.getId()).toBe('$sent');
  expect(shown && keyOf(shown, me)).toBe('q1');
  // After a gap the SDK makes another event of what the homeserver sends.
  expect(keyOf(sent(), me)).toBe('q1');
});

test('what history brings before the sync takes the place of its echo', () => {
  const client = new MatrixClient({ baseUrl: 'https://x.invalid', userId: me });
  const room = new Room(roomId, client, me);
  const echo = event('~local');
  echo.setTxnId('q1');
  echo.setStatus(EventStatus.SENDING);
  const maker = new MessageMaker(client, room, undefined, () => undefined);
  const shown = (...events: MatrixEvent[]) =>
    maker
      .entries(room.getUnfilteredTimelineSet(), events, undefined)
      .entries.map((entry) => entry.kind === 'message' && [entry.message.key, entry.message.eventId]);
  expect(shown(event('$before'), echo)).toEqual([
    ['$before', '$before'],
    ['q1', '~local'],
  ]);
  const found = event('$sent', { unsigned: { transaction_id: 'q1' } });
  expect(shown(event('$before'), found, echo)).toEqual([
    ['$before', '$before'],
    ['q1', '$sent'],
  ]);
  // A homeserver that gives one transaction id twice hides nothing.
  const twice = event('$twice', { unsigned: { transaction_id: 'q1' } });
  expect(shown(found, twice)).toEqual([
    ['q1', '$sent'],
    ['$twice', '$twice'],
  ]);
  maker.close();
});

test.each([
  ['of another device', event('$1'), '$1'],
  ['of somebody else', event('$1', { sender: '@other:x', unsigned: { transaction_id: 'q1' } }), '$1'],
  ['not a text', event('$1', { unsigned: { transaction_id: 7 } }), '$1'],
])('an event without a transaction id of ours is called by its id: %s', (_name, given, key) => {
  expect(keyOf(given, me)).toBe(key);
});

test('a change that came with its message is decrypted to be shown', async () => {
  const client = new MatrixClient({ baseUrl: 'https://x.invalid', userId: me });
  const room = new Room(roomId, client, me);
  // As the homeserver bundles it (`m.relations`): the sync does not decrypt it.
  const change = event('$change', { type: 'm.room.encrypted', content: {} });
  const message = event('$a', { content: { msgtype: 'm.text', body: '旧的' } });
  message.makeReplaced(change);
  vi.spyOn(client, 'decryptEventIfNeeded').mockImplementation(async (asked) => {
    await asked.attemptDecryption({
      decryptEvent: () =>
        Promise.resolve({
          clearEvent: {
            type: 'm.room.message',
            content: {
              msgtype: 'm.text',
              body: '* 新的',
              'm.new_content': { msgtype: 'm.text', body: '新的' },
            },
          },
        }),
    } as never);
  });
  const texts = () =>
    maker
      .entries(room.getUnfilteredTimelineSet(), [message], undefined)
      .entries.map((entry) => entry.kind === 'message' && entry.message.text);
  const changed = Promise.withResolvers<unknown>();
  const maker = new MessageMaker(client, room, undefined, () => {
    changed.resolve(undefined);
  });
  expect(texts()).toEqual(['旧的']);
  await changed.promise;
  expect(texts()).toEqual(['新的']);
  maker.close();
});

test('readers stand where they have read; what is not loaded is looked for once, not for each of them', async () => {
  const { client, room } = await numberedRoom(20);
  const people = Array.from({ length: 30 }, (_, at) => `@p${String(at)}:example.org`);
  const joined = people.map(
    (userId) =>
      new MatrixEvent({
        type: 'm.room.member',
        state_key: userId,
        sender: userId,
        event_id: `$${userId}`,
        room_id: ROOM,
        content: { membership: 'join' },
      }),
  );
  stateOf(room).setStateEvents(joined);
  const reply = new MatrixEvent({
    ...messageAt(17.5),
    content: { body: '回复', 'm.relates_to': { rel_type: 'm.thread', event_id: idOf(3) } },
  });
  room.createThread(idOf(3), room.findEventById(idOf(3)), [reply], false);
  const readBy = (eventId: string, userIds: readonly string[], threadId?: string): void => {
    const each = { ts: 1, ...(threadId !== undefined && { thread_id: threadId }) };
    const content = { [eventId]: { 'm.read': Object.fromEntries(userIds.map((id) => [id, each])) } };
    room.addReceipt(new MatrixEvent({ type: 'm.receipt', room_id: ROOM, content }));
  };
  readBy(idOf(19), people.slice(0, 2));
  // Another client tells of the room and its threads at once.
  readBy(idOf(17.5), people.slice(2, 4));
  readBy('$elsewhere', people.slice(4, 14));
  readBy('$main', people.slice(14), 'main');
  const maker = new MessageMaker(client, room, undefined, () => undefined);
  const asked = vi.spyOn(room, 'findEventById');
  const { entries } = maker.entries(
    room.getUnfilteredTimelineSet(),
    room.getLiveTimeline().getEvents(),
    undefined,
  );
  const readers = entries.flatMap((entry) =>
    entry.kind === 'message' && entry.message.readers.length > 0
      ? [[entry.message.eventId, entry.message.readers.map(({ userId }) => userId)]]
      : [],
  );
  expect(readers).toEqual([
    [idOf(17), people.slice(2, 4)],
    [idOf(19), people.slice(0, 2)],
  ]);
  expect(asked.mock.calls.filter(([id]) => id === '$elsewhere')).toHaveLength(1);
  expect(asked.mock.calls.filter(([id]) => id === '$main')).toHaveLength(0);
  maker.close();
});
