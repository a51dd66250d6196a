/*
 * Compares what the homeserver really holds with what it was told. Every difference is written down as drift, and the
 * record of what it was told is corrected; the pass that follows sees a difference like any other and sends it.
 */
import { MatrixError, type MatrixLink } from '@qiao/platform/matrix';
import { inFlight, batches } from './in-flight.ts';
import { MODULE_BATCH, type ModuleApi } from './module-api.ts';
import { roomIdOf } from './pass.ts';
import type { ManagedRoom, ProvisionRepository } from './provision.repository.ts';
import { canonical, isLink, splitStateKey, stateKey, type Content } from './room-state.ts';
import { isTrouble } from './trouble.ts';
import { COMPANY, wantedRooms, type RoomWords, type WantedRoom } from './tree.ts';

/** Rooms with more members are read piece by piece: their whole state is mostly members. */
const LARGE_ROOM = 400;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

export interface ReconcileParts {
  readonly repository: ProvisionRepository;
  readonly module: ModuleApi;
  readonly bot: MatrixLink;
  readonly botId: string;
  readonly serverName: string;
  readonly companyName: string;
  readonly concurrency: number;
  readonly signal: AbortSignal;
  words(): Promise<RoomWords>;
  check(): Promise<void>;
}

interface Drift {
  kind: string;
  subject: string;
  detail: Record<string, unknown>;
}

/** Looks at all rooms and accounts, or at some rooms only. Returns how much drift was found. */
export async function findDrift(parts: ReconcileParts, onlyRooms?: readonly string[]): Promise<number> {
  const { repository } = parts;
  const directory = await repository.directory(parts.companyName);
  const wanted = wantedRooms(directory, await parts.words());
  const names = new Map<string, string>([[COMPANY, parts.companyName]]);
  for (const department of directory.departments) names.set(department.id, department.name);
  const rooms = (await repository.managedRooms()).filter(
    (room) => onlyRooms === undefined || onlyRooms.includes(room.room_id),
  );
  const wantedById = new Map(wanted.flatMap((room) => (room.roomId === null ? [] : [[room.roomId, room]])));
  const nameOf = (room: ManagedRoom): string => names.get(room.department_id ?? COMPANY) ?? room.room_id;
  let found = 0;
  const report = async (drift: readonly Drift[]): Promise<void> => {
    found += drift.length;
    await repository.addDrift(drift);
  };

  const sizes = new Map<string, number>();
  const gone = new Set<string>();
  for (const batch of batches(rooms, MODULE_BATCH)) {
    await parts.check();
    await compareMembers(parts, batch, nameOf, sizes, gone, report);
  }
  const followed = rooms.flatMap((room) => {
    const target = wantedById.get(room.room_id);
    return target?.followed === true && !gone.has(room.room_id) ? [{ room, target }] : [];
  });
  await inFlight(parts.concurrency, followed, async ({ room, target }) => {
    await parts.check();
    await compareState(
      parts,
      room,
      target,
      nameOf(room),
      (sizes.get(room.room_id) ?? 0) > LARGE_ROOM,
      report,
    );
  });
  if (onlyRooms === undefined) await compareAccounts(parts, report);
  return found;
}

async function compareMembers(
  parts: ReconcileParts,
  rooms: readonly ManagedRoom[],
  nameOf: (room: ManagedRoom) => string,
  sizes: Map<string, number>,
  gone: Set<string>,
  report: (drift: readonly Drift[]) => Promise<void>,
): Promise<void> {
  const { repository, botId, serverName } = parts;
  const ids = rooms.map((room) => room.room_id);
  const recorded = await repository.recordedIn(ids);
  const actual = await parts.module.roomMembers(ids, parts.signal);
  const recordedBy = Map.groupBy(recorded, (member) => member.room_id);
  const drift: Drift[] = [];
  const add: { room_id: string; person_id: string }[] = [];
  const remove: { room_id: string; person_id: string }[] = [];
  const strangers: { room_id: string; user_id: string; membership: 'leave' }[] = [];
  const unknown: { room: ManagedRoom; userId: string; joined: boolean }[] = [];

  for (const room of rooms) {
    const members = actual.rooms.get(room.room_id);
    const kind = actual.missing.includes(room.room_id)
      ? 'room_missing'
      : members !== undefined && !members.join.includes(botId)
        ? 'bot_missing'
        : undefined;
    if (kind !== undefined) {
      if (kind === 'bot_missing' && (await rejoin(parts, room.room_id))) continue;
      gone.add(room.room_id);
      drift.push({ kind, subject: `room:${room.room_id}`, detail: { room: nameOf(room) } });
      if (room.state === 'active') await repository.forgetRoom(room.department_id, room.kind, room.room_id);
      continue;
    }
    if (members === undefined) continue;
    sizes.set(room.room_id, members.join.length);
    const known = new Map(
      (recordedBy.get(room.room_id) ?? []).map((m) => [`@${m.localpart}:${serverName}`, m]),
    );
    const there = new Set(members.join);
    for (const [userId, member] of known) {
      if (there.has(userId)) continue;
      remove.push({ room_id: room.room_id, person_id: member.person_id });
      if (room.state === 'active') drift.push(memberDrift('member_missing', room, userId, nameOf(room)));
    }
    for (const userId of [...members.join, ...members.invite]) {
      if (userId !== botId && !known.has(userId)) unknown.push({ room, userId, joined: there.has(userId) });
    }
  }

  if (unknown.length > 0) {
    const wanted = await repository.wantedIn(ids);
    const people = await repository.peopleByLocalpart(
      unknown.map(({ userId }) => userId.slice(1, -1 - serverName.length)),
    );
    for (const { room, userId, joined } of unknown) {
      const person = people.get(userId.slice(1, -1 - serverName.length));
      const converted = room.state === 'converted' && room.kind === 'room';
      if (converted && joined && person !== undefined) {
        add.push({ room_id: room.room_id, person_id: person });
        continue;
      }
      if (converted) continue;
      if (wanted.has(`${room.room_id}|${userId}`)) {
        // Belongs there; only the record was lost. An invitation becomes a join by itself.
        if (joined && person !== undefined) add.push({ room_id: room.room_id, person_id: person });
        continue;
      }
      drift.push(
        memberDrift(person === undefined ? 'stranger' : 'member_unexpected', room, userId, nameOf(room)),
      );
      if (person === undefined)
        strangers.push({ room_id: room.room_id, user_id: userId, membership: 'leave' });
      else add.push({ room_id: room.room_id, person_id: person });
    }
  }
  await report(drift);
  await repository.removeMembers(remove);
  await repository.addMembers(add);
  for (const batch of batches(strangers, MODULE_BATCH)) {
    await parts.module.changeMemberships(botId, batch, parts.signal);
  }
}

function memberDrift(kind: string, room: ManagedRoom, userId: string, name: string): Drift {
  return {
    kind,
    subject: `room:${room.room_id}`,
    detail: { user_id: userId, room: name },
  };
}

/** The bot goes back into a room it was taken out of, where the room's rule lets it. */
async function rejoin(parts: ReconcileParts, roomId: string): Promise<boolean> {
  try {
    await parts.bot.join(roomIdOf(roomId), [], { signal: parts.signal });
    return true;
  } catch (error) {
    if (!MatrixError.is(error) || isTrouble(error)) throw error;
    return false;
  }
}

async function compareState(
  parts: ReconcileParts,
  room: ManagedRoom,
  wanted: WantedRoom,
  name: string,
  large: boolean,
  report: (drift: readonly Drift[]) => Promise<void>,
): Promise<void> {
  const actual = await readState(parts, wanted, large);
  const drift: Drift[] = [];
  const drop: string[] = [];
  const set: Record<string, string> = {};
  for (const [key, content] of wanted.state) {
    // Only what it was told and has not kept; what it was not told yet is work, not drift.
    if (wanted.applied[key] === undefined) continue;
    const now = actual.get(key);
    if (now !== undefined && canonical(now) === canonical(content)) continue;
    drop.push(key);
    drift.push({
      kind: 'state_changed',
      subject: `room:${room.room_id}`,
      detail: { room: name, type: splitStateKey(key).type },
    });
  }
  for (const [key, content] of actual) {
    if (!isLink(key) || wanted.state.has(key) || Object.keys(content).length === 0) continue;
    if (wanted.applied[key] !== undefined) continue;
    // Noted as told, so that the pass takes it back.
    set[key] = 'unexpected';
    drift.push({ kind: 'link_unexpected', subject: `room:${room.room_id}`, detail: { room: name } });
  }
  if (drift.length === 0) return;
  await report(drift);
  await parts.repository.setApplied(room.department_id, room.kind, set, drop);
}

async function readState(
  parts: ReconcileParts,
  wanted: WantedRoom,
  large: boolean,
): Promise<Map<string, Content>> {
  const { bot } = parts;
  const roomId = roomIdOf(wanted.roomId);
  const found = new Map<string, Content>();
  if (!large) {
    for (const event of await bot.state(roomId)) {
      if (event.state_key !== undefined && event.type !== 'm.room.member')
        found.set(stateKey(event.type, event.state_key), event.content);
    }
    return found;
  }
  for (const key of wanted.state.keys()) {
    const { type, key: state_key } = splitStateKey(key);
    const content = await bot.getState(roomId, type, state_key);
    if (content !== undefined) found.set(key, content);
  }
  if (wanted.kind === 'space') {
    for await (const child of bot.hierarchy(roomId, { maxDepth: 1 })) {
      if (child.room_id !== roomId) continue;
      for (const event of child.children_state) {
        if (event.state_key !== undefined) found.set(stateKey(event.type, event.state_key), event.content);
      }
    }
  }
  return found;
}

async function compareAccounts(
  parts: ReconcileParts,
  report: (drift: readonly Drift[]) => Promise<void>,
): Promise<void> {
  const { repository, serverName } = parts;
  let after = FIRST_ID;
  for (;;) {
    await parts.check();
    const people = await repository.accountsAfter(after, MODULE_BATCH);
    const last = people.at(-1);
    if (last === undefined) return;
    after = last.id;
    const facts = await parts.module.queryAccounts(
      people.map((person) => `@${person.localpart}:${serverName}`),
      parts.signal,
    );
    const drift: Drift[] = [];
    const accounts: { id: string; account: 'none' | 'created' | 'locked' | 'deactivated' }[] = [];
    const names: { id: string; name: string | null }[] = [];
    people.forEach((person, at) => {
      const fact = facts[at];
      if (fact === undefined || fact.errcode !== undefined) return;
      const user_id = `@${person.localpart}:${serverName}`;
      const subject = `person:${person.id}`;
      if (fact.exists !== true) {
        drift.push({ kind: 'account_missing', subject, detail: { user_id } });
        accounts.push({ id: person.id, account: 'none' });
        return;
      }
      const now = fact.deactivated ? 'deactivated' : fact.locked ? 'locked' : 'created';
      // A closed account may be locked too.
      const same = now === person.account || (person.account === 'deactivated' && fact.deactivated === true);
      if (!same) {
        drift.push({
          kind: 'account_state',
          subject,
          detail: { user_id, actual: now, expected: person.account },
        });
        accounts.push({ id: person.id, account: now });
      }
      if (now === 'created' && person.applied_name !== null && fact.displayname !== person.applied_name) {
        drift.push({ kind: 'name_changed', subject, detail: { user_id } });
        names.push({ id: person.id, name: null });
      }
    });
    await report(drift);
    await repository.setAccounts(accounts);
    await repository.setNames(names);
  }
}
