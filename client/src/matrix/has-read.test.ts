import { MatrixClient, MatrixEvent, Room } from 'matrix-js-sdk';
import { beforeEach, expect, test } from 'vitest';
import { readAt, readUpTo } from './has-read.ts';

const [me, li, roomId] = ['@me:x', '@li:x', '!a:x'];
let room: Room;
let ts = 0;

const add = async (id: string, sender: string, more: object = {}): Promise<MatrixEvent> => {
  const event = new MatrixEvent({
    event_id: id,
    room_id: roomId,
    sender,
    type: 'm.room.message',
    content: { msgtype: 'm.text', body: id },
    origin_server_ts: ++ts,
    ...more,
  });
  event.sender = room.getMember(sender);
  await room.addLiveEvents([event], { addToState: true });
  return event;
};
const member = (membership: string, name = '李娜') => ({
  type: 'm.room.member',
  state_key: li,
  content: { membership, displayname: name },
});
const receipt = (eventId: string, at: number, type = 'm.read', userId = li): void => {
  const content = { [eventId]: { [type]: { [userId]: { ts: at } } } };
  room.addReceipt(new MatrixEvent({ type: 'm.receipt', room_id: roomId, content }));
};

beforeEach(async () => {
  ts = 0;
  const client = new MatrixClient({ baseUrl: 'https://x.invalid', userId: me });
  room = new Room(roomId, client, me, { timelineSupport: true });
  await add('$invite', me, member('invite'));
});

test('who is brought in, or renamed by the directory, has read nothing by that', async () => {
  await add('$message', me);
  expect(readAt(room, li, '$message')).toBeUndefined();
  await add('$join', li, member('join'));
  await add('$renamed', li, member('join', '李娜娜'));
  expect(readAt(room, li, '$message')).toBeUndefined();
  receipt('$message', 70);
  expect(readAt(room, li, '$message')).toBe(70);
});

test('a receipt covers what was before it, and a change of the room takes it back from nobody', async () => {
  await add('$join', li, member('join'));
  await add('$first', me);
  await add('$second', me);
  receipt('$second', 70);
  await add('$third', me);
  await add('$renamed', li, member('join', '李娜娜'));
  expect(readUpTo(room, room, li)).toEqual({ eventId: '$second', at: 70 });
  expect(readAt(room, li, '$first')).toBe(70);
  expect(readAt(room, li, '$third')).toBeUndefined();
  // What the person's own client says of a change of the room counts.
  receipt('$renamed', 80);
  expect(readAt(room, li, '$third')).toBe(80);
});

test('who answers has read, with or without a receipt', async () => {
  await add('$join', li, member('join'));
  await add('$message', me);
  const answer = await add('$answer', li);
  expect(readAt(room, li, '$message')).toBe(answer.getTs());
  await add('$later', me);
  expect(readAt(room, li, '$later')).toBeUndefined();
  expect(readAt(room, li, '$unknown')).toBeUndefined();
});

test('after a gap in the sync the later counts: what somebody read, or what they wrote', async () => {
  await add('$join', li, member('join'));
  await add('$asked', me);
  await add('$answer', li);
  receipt('$asked', 60);
  room.resetLiveTimeline('back', 'forward');
  await add('$newest', me);
  expect(readAt(room, li, '$newest')).toBeUndefined();
  expect(readUpTo(room, room, li)).toMatchObject({ eventId: '$answer' });
  receipt('$newest', 70);
  expect(readAt(room, li, '$newest')).toBe(70);
  expect(readUpTo(room, room, li)).toEqual({ eventId: '$newest', at: 70 });
  await add('$later', me);
  expect(readAt(room, li, '$later')).toBeUndefined();
  const written = await add('$written', li);
  expect(readAt(room, li, '$later')).toBe(written.getTs());
  // Where an event is that is not loaded nobody knows.
  room.resetLiveTimeline('back', 'forward');
  await add('$after', me);
  receipt('$gap', 90);
  expect(readAt(room, li, '$later')).toBe(written.getTs());
  expect(readAt(room, li, '$after')).toBeUndefined();
});

test('one’s own reading after a gap counts too', async () => {
  await add('$first', me);
  room.resetLiveTimeline('back', 'forward');
  await add('$message', li);
  expect(readAt(room, me, '$message')).toBeUndefined();
  receipt('$message', 90, 'm.read', me);
  expect(readAt(room, me, '$message')).toBe(90);
});

test('one’s own reading counts when nobody else is told of it', async () => {
  await add('$message', li);
  expect(readAt(room, me, '$message')).toBeUndefined();
  receipt('$message', 90, 'm.read.private', me);
  expect(readAt(room, me, '$message')).toBe(90);
});
