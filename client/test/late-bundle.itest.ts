import { makeNioUser, makeUser, waitFor, type TestUser } from '@qiao/testkit';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { backendOf, makeSdkPerson, nextBundle, roomOf, type SdkPerson } from './sdk.ts';

/*
 * What unmodified matrix-js-sdk does with a bundle of keys (MSC4268) that comes after its person joined: ADR 102.
 * A release that behaves otherwise fails here, and with it what we build on it.
 */

const HOUR_MS = 3_600_000;
const people: SdkPerson[] = [];
async function person(options: Parameters<typeof makeSdkPerson>[0]): Promise<SdkPerson> {
  const made = await makeSdkPerson(options);
  people.push(made);
  return made;
}
afterEach(() => {
  vi.useRealTimers();
});
afterAll(() => {
  for (const each of people) each.stop();
});

/** What an application may ask for: take what has come. */
const take = (who: SdkPerson, roomId: string, from: SdkPerson): Promise<boolean> =>
  backendOf(who.client).maybeAcceptKeyBundle(roomId, from.user.userId);

/** Gives all that one may give of a room to a person whose device has been told of it before this resolves. */
async function share(from: SdkPerson, to: SdkPerson, roomId: string): Promise<void> {
  const came = nextBundle(to, roomId);
  await from.give(to.user, roomId);
  await came;
}

const reads = (who: SdkPerson, roomId: string, eventId: string, body: string): Promise<true> =>
  waitFor(async () => (await who.read(roomId, eventId)) === body, { what: `“${body}”` });

/** What is written now is read; what was written before stays closed, though its bundle is there. */
async function staysClosed(
  writer: SdkPerson,
  reader: SdkPerson,
  roomId: string,
  before: string,
): Promise<void> {
  await waitFor(() => reader.client.getRoom(roomId)?.getMyMembership() === 'join', { what: 'the room' });
  // The homeserver tells of a device a moment before it has one-time keys to hand out. What is written in between does
  // not reach the device, and the writer's waits some seconds before it asks for such keys again.
  await waitFor(
    async () => {
      const later = await writer.say(roomId, 'afterwards');
      return waitFor(async () => (await reader.read(roomId, later)) === 'afterwards', { timeout: 3_000 });
    },
    { what: 'a message of now', timeout: 90_000 },
  );
  expect(await reader.read(roomId, before)).toBe('closed');
}

const late = (options: { name: string }): Promise<TestUser> => makeUser(options);

describe('a person whose device is made after the messages', () => {
  test('who joined by the client from the invitation gets the inviter’s bundle afterwards, once', async () => {
    const writer = await person({ name: 'writer' });
    const other = await person({ name: 'other' });
    const user = await late({ name: 'late' });
    const roomId = await roomOf(writer, [user, other.user]);
    await other.client.joinRoom(roomId);
    const first = await writer.say(roomId, 'first');
    const theirs = await other.say(roomId, 'of another');
    // Nobody to give it to yet: nothing is kept for later.
    await writer.give(user, roomId);

    const reader = await person({ name: 'late', at: user });
    await reader.client.joinRoom(roomId);
    await staysClosed(writer, reader, roomId, first);
    // Of somebody who did not invite: left alone.
    await share(other, reader, roomId);
    await staysClosed(writer, reader, roomId, theirs);

    await share(writer, reader, roomId);
    await reads(reader, roomId, first, 'first');
    // What others wrote with history shared is in it, too.
    await reads(reader, roomId, theirs, 'of another');
  });

  test('who joined more than 24 hours ago does not', async () => {
    const writer = await person({ name: 'writer' });
    const user = await late({ name: 'late' });
    const roomId = await roomOf(writer, [user]);
    const first = await writer.say(roomId, 'first');
    const reader = await person({ name: 'late', at: user });
    await reader.client.joinRoom(roomId);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 25 * HOUR_MS });
    await share(writer, reader, roomId);
    await staysClosed(writer, reader, roomId, first);
    // The limit is the SDK's, not the key store's: asked to, it takes the same bundle.
    expect(await take(reader, roomId, writer)).toBe(true);
    await reads(reader, roomId, first, 'first');
  });

  test('who was joined by the server does not, but takes it when the application asks', async () => {
    const writer = await person({ name: 'writer' });
    const other = await person({ name: 'other' });
    const user = await late({ name: 'late' });
    const roomId = await roomOf(writer, [user, other.user]);
    await other.client.joinRoom(roomId);
    const first = await writer.say(roomId, 'first');
    await user.join(roomId);
    const reader = await person({ name: 'late', at: user });
    await share(writer, reader, roomId);
    await staysClosed(writer, reader, roomId, first);

    expect(await take(reader, roomId, other)).toBe(false);
    // The one of now has the session from its fifth message on; the bundle's, from the first, takes its place.
    expect(await take(reader, roomId, writer)).toBe(true);
    await reads(reader, roomId, first, 'first');
    // It is kept: who asks again loads it again.
    expect(await take(reader, roomId, writer)).toBe(true);
    await share(other, reader, roomId);
    expect(await take(reader, roomId, other)).toBe(true);
  });
});

test('a device that its person has not signed gets nothing, and the writer is not told', async () => {
  const writer = await person({ name: 'writer' });
  const user = await late({ name: 'late' });
  const roomId = await roomOf(writer, [user]);
  const first = await writer.say(roomId, 'first');
  await user.join(roomId);
  const reader = await person({ name: 'late', at: user, signed: false });
  await writer.give(user, roomId);
  await staysClosed(writer, reader, roomId, first);
  expect(await take(reader, roomId, writer)).toBe(false);
  await reader.sign();
  await share(writer, reader, roomId);
  expect(await take(reader, roomId, writer)).toBe(true);
  await reads(reader, roomId, first, 'first');
});

test('what matrix-nio wrote is not in the bundle of one of ours in the group', async () => {
  const writer = await person({ name: 'writer' });
  const { nio, user: stranger } = await makeNioUser({ name: 'nio' });
  try {
    const user = await late({ name: 'late' });
    const roomId = await roomOf(writer, [user, stranger]);
    await nio.join(roomId);
    await waitFor(async () => (await nio.state()).rooms[roomId]?.encrypted, { what: 'an encrypted room' });
    const ours = await writer.say(roomId, 'of ours');
    const theirs = await nio.sendText(roomId, 'of nio');
    await reads(writer, roomId, theirs, 'of nio');
    const reader = await person({ name: 'late', at: user });
    await reader.client.joinRoom(roomId);
    await share(writer, reader, roomId);
    await reads(reader, roomId, ours, 'of ours');
    expect(await reader.read(roomId, theirs)).toBe('closed');
  } finally {
    await nio.close();
  }
});
