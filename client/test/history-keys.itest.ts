import { makeUser, waitFor, type TestUser } from '@qiao/testkit';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { makeSdkPerson, nextBundle, ours, roomOf, type Ours, type SdkPerson } from './sdk.ts';

/*
 * Who gives history to whom, and who takes it from whom (ADR 103), with the real homeserver and encryption; what a
 * person sees of it is in `before-you-came.e2e.ts`.
 */

const DAY_MS = 24 * 3_600_000;
const people: SdkPerson[] = [];
const kept: Ours[] = [];
async function person(name: string, options: Parameters<typeof makeSdkPerson>[0] = {}): Promise<SdkPerson> {
  const made = await makeSdkPerson({ name, ...options });
  people.push(made);
  return made;
}
/** The part under test on a device; what an earlier one of the device kept is in `store`. */
async function keeperOf(who: SdkPerson, store?: Ours['store']): Promise<Ours> {
  const made = await ours(who, store);
  kept.push(made);
  return made;
}
afterEach(() => {
  vi.useRealTimers();
  for (const each of kept.splice(0)) each.stop();
});
afterAll(() => {
  for (const each of people) each.stop();
});

const reads = (who: SdkPerson, roomId: string, eventId: string, body: string): Promise<true> =>
  waitFor(async () => (await who.read(roomId, eventId)) === body, { what: `“${body}”` });
/** Writes something and notes, as the client does, who cannot read it. */
async function write(from: Ours, roomId: string, body: string): Promise<string> {
  await waitFor(() => from.who.client.getRoom(roomId)?.hasEncryptionStateEvent(), { what: 'the room' });
  await from.keeper.owed.wrote(roomId);
  return from.who.say(roomId, body);
}
/** A message that is readable proves that all that came before it was looked at. */
async function staysClosed(
  writer: SdkPerson,
  reader: SdkPerson,
  roomId: string,
  before: string,
): Promise<void> {
  const { userId } = reader.user;
  await is(writer, roomId, reader.user, 'join');
  await waitFor(
    async () => ((await writer.client.getCrypto()?.getUserDeviceInfo([userId]))?.get(userId)?.size ?? 0) > 0,
    { what: 'the device, seen by the writer' },
  );
  await reads(reader, roomId, await writer.say(roomId, 'afterwards'), 'afterwards');
  expect(await reader.read(roomId, before)).toBe('closed');
}
const is = (who: SdkPerson, roomId: string, of: TestUser, membership: string): Promise<true> =>
  waitFor(() => who.client.getRoom(roomId)?.getMember(of.userId)?.membership === membership, {
    what: membership,
  });
const given = (from: Ours, roomId: string): string[] =>
  from.keeper.owed.given(roomId).map(({ userId }) => userId);

describe('giving', () => {
  test('several writers each give what they have, also after a restart; each knows to whom it went', async () => {
    const [one, two] = await Promise.all([person('one'), person('two')]);
    const late = await makeUser({ name: 'late' });
    const roomId = await roomOf(one, [late, two.user]);
    await two.client.joinRoom(roomId);
    const first = await keeperOf(one);
    const second = await keeperOf(two);
    const a = await write(first, roomId, 'of one');
    const b = await write(second, roomId, 'of two');
    first.stop();
    second.stop();

    await late.join(roomId);
    const reader = await person('late', { at: late });
    await keeperOf(reader);
    const again = await keeperOf(two, second.store);
    await waitFor(() => given(again, roomId).includes(late.userId), { what: 'keys of two' });
    await reads(reader, roomId, b, 'of two');
    await reads(reader, roomId, a, 'of one');
    // Who comes back later gives all the same, and is told.
    const later = await keeperOf(one, first.store);
    await waitFor(() => given(later, roomId).includes(late.userId), { what: 'keys of one' });
    expect(later.keeper.owed.given(roomId)[0]?.given).toMatchObject({ devices: 1 });
    // Read: it is not said again.
    await later.keeper.owed.forget(roomId, late.userId);
    later.stop();
    expect(given(await keeperOf(one, first.store), roomId)).toEqual([]);
  });

  test('waits for the signature, and gives to no unsigned device', async () => {
    const writer = await person('writer');
    const late = await makeUser({ name: 'late' });
    const roomId = await roomOf(writer, [late]);
    const from = await keeperOf(writer);
    const before = await write(from, roomId, 'before');
    await late.join(roomId);
    const reader = await person('late', { at: late, signed: false });
    await keeperOf(reader);
    await staysClosed(writer, reader, roomId, before);
    expect(given(from, roomId)).toEqual([]);
    await reader.sign();
    await waitFor(() => given(from, roomId).length === 1, { what: 'the keys' });
    await reads(reader, roomId, before, 'before');
  });

  test('a device that its own person has not signed gives nothing until it is', async () => {
    const writer = await person('writer', { signed: false });
    const late = await makeUser({ name: 'late' });
    const roomId = await roomOf(writer, [late]);
    const from = await keeperOf(writer);
    const before = await write(from, roomId, 'before');
    await late.join(roomId);
    const reader = await person('late', { at: late });
    await keeperOf(reader);
    await staysClosed(writer, reader, roomId, before);
    expect(given(from, roomId)).toEqual([]);
    await writer.sign();
    await waitFor(() => given(from, roomId).length === 1, { what: 'the keys' });
    await reads(reader, roomId, before, 'before');
  });

  test('not to who was removed, and not before the invitation is taken', async () => {
    const writer = await person('writer');
    const [removed, invited] = await Promise.all([
      makeUser({ name: 'removed' }),
      makeUser({ name: 'invited' }),
    ]);
    const roomId = await roomOf(writer, [removed, invited]);
    const from = await keeperOf(writer);
    await write(from, roomId, 'before');
    await removed.join(roomId);
    await is(writer, roomId, removed, 'join');
    await writer.client.kick(roomId, removed.userId);
    await is(writer, roomId, removed, 'leave');
    await person('removed', { at: removed });
    const there = await person('invited', { at: invited });
    await from.keeper.settle();
    expect(given(from, roomId)).toEqual([]);
    // The one who was removed is not owed anything any more, the one who waits is.
    const owed = [...from.store.values.keys()];
    expect(owed.some((key) => key.includes(removed.userId))).toBe(false);
    expect(owed.some((key) => key.includes(invited.userId))).toBe(true);
    await there.client.joinRoom(roomId);
    await waitFor(() => given(from, roomId).includes(invited.userId), { what: 'the keys' });
  });

  test('not where the history is for those who were there, nor after 30 days', async () => {
    const writer = await person('writer');
    const late = await makeUser({ name: 'late' });
    const closed = await roomOf(writer, [late], 'joined');
    const shared = await roomOf(writer, [late]);
    const from = await keeperOf(writer);
    await write(from, closed, 'for those who are there');
    await write(from, shared, 'for all');
    expect([...from.store.values.keys()]).toEqual([`owed ${shared} ${late.userId}`]);
    from.stop();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31 * DAY_MS });
    const much = await keeperOf(writer, from.store);
    await waitFor(() => much.store.values.size === 0, { what: 'nothing owed any more' });
  });

  test('who has a device is owed nothing: what is encrypted reaches it', async () => {
    const [writer, reader] = await Promise.all([person('writer'), person('reader')]);
    const roomId = await roomOf(writer, [reader.user]);
    await reader.client.joinRoom(roomId);
    const from = await keeperOf(writer);
    await write(from, roomId, 'to somebody who is here');
    expect(from.store.values.size).toBe(0);
  });
});

test('whom one adds without a device is owed what is there already', async () => {
  const writer = await person('writer');
  const late = await makeUser({ name: 'late' });
  const roomId = await roomOf(writer, []);
  const from = await keeperOf(writer);
  const before = await write(from, roomId, 'before');
  expect(from.store.values.size).toBe(0);
  await writer.client.invite(roomId, late.userId);
  await waitFor(() => from.store.values.has(`owed ${roomId} ${late.userId}`), { what: 'what is owed' });
  await late.join(roomId);
  const reader = await person('late', { at: late });
  await keeperOf(reader);
  await reads(reader, roomId, before, 'before');
});

describe('taking', () => {
  test('the inviter’s bundle, though the server made the join; also one that failed before a restart', async () => {
    const writer = await person('writer');
    const reader = await person('reader');
    const to = await keeperOf(reader);
    const roomId = await roomOf(writer, []);
    const before = await writer.say(roomId, 'before');
    // The SDK gives the history with the invitation; the server, not the client, takes it up.
    const came = nextBundle(reader, roomId);
    await writer.client.invite(roomId, reader.user.userId);
    await came;
    to.fail(new TypeError('fetch failed'));
    await reader.user.join(roomId);
    await staysClosed(writer, reader, roomId, before);
    to.stop();
    await keeperOf(reader, to.store);
    await reads(reader, roomId, before, 'before');
  });

  test('nothing of who is not in the conversation', async () => {
    const [writer, stranger] = await Promise.all([person('writer'), person('stranger')]);
    const late = await makeUser({ name: 'late' });
    const roomId = await roomOf(writer, [late, stranger.user]);
    await stranger.client.joinRoom(roomId);
    const before = await writer.say(roomId, 'before');
    await reads(stranger, roomId, before, 'before');
    await stranger.client.leave(roomId);
    await late.join(roomId);
    const reader = await person('late', { at: late });
    const to = await keeperOf(reader);
    await is(writer, roomId, late, 'join');
    const came = nextBundle(reader, roomId);
    await stranger.give(late, roomId);
    await came;
    await staysClosed(writer, reader, roomId, before);
    expect(to.taken).toEqual([]);
    // It was theirs to give only while they were there; the writer's own is taken.
    await writer.give(late, roomId);
    await reads(reader, roomId, before, 'before');
    expect(to.taken).toEqual([writer.user.userId]);
  });

  test('of who was there all along only what opens something of the giver’s own', async () => {
    const [old, writer] = await Promise.all([person('old'), person('writer')]);
    const roomId = await roomOf(old, [writer.user]);
    await writer.client.joinRoom(roomId);
    const before = await old.say(roomId, 'before');
    await reads(writer, roomId, before, 'before');
    const to = await keeperOf(old);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31 * DAY_MS });
    const came = nextBundle(old, roomId);
    await writer.give(old.user, roomId);
    await came;
    await to.keeper.bundles.consider();
    // Left where it is, for a message that cannot be read.
    expect([...to.store.values.keys()]).toEqual([`came ${roomId} ${writer.user.userId}`]);
    expect(to.taken).toEqual([]);
  });

  test('is told of no more than one person can have sent, and of nobody elsewhere', async () => {
    const reader = await person('reader');
    const { keeper, store } = await keeperOf(reader);
    const server = reader.user.userId.slice(reader.user.userId.indexOf(':'));
    await keeper.bundles.came('!there:elsewhere.example', '@somebody:elsewhere.example');
    expect(store.values.size).toBe(0);
    for (let at = 0; at < 510; at++) await keeper.bundles.came(`!${String(at)}${server}`, `@busy${server}`);
    expect(store.values.size).toBe(500);
    // Another person's are remembered all the same, and so is a newer one of a known conversation.
    await keeper.bundles.came(`!0${server}`, `@busy${server}`);
    await keeper.bundles.came(`!0${server}`, `@other${server}`);
    expect(store.values.size).toBe(501);
  });
});
