/*
 * One pass: everything that differs between the directory and what the homeserver was last told is sent, and what was
 * sent is written down batch by batch. It can be cut off anywhere; the next pass does what is left.
 */
import { CREATION_MARK } from '../../contract/names.ts';
import { MatrixError, type CreateRoomRequest, type MatrixLink } from '@qiao/platform/matrix';
import { parseRoomId, parseUserId, type UserId } from '@qiao/matrix-types';
import type { Log } from '@qiao/platform';
import { batches, inFlight } from './in-flight.ts';
import {
  MODULE_BATCH,
  type AccountResult,
  type IdentifiersResult,
  type MembershipChange,
  type MembershipResult,
  type ModuleApi,
} from './module-api.ts';
import type {
  PendingAccount,
  PendingMember,
  PendingProfile,
  Problem,
  ProvisionRepository,
} from './provision.repository.ts';
import {
  COMPANY,
  creationOf,
  printsOf,
  stateChanges,
  wantedRooms,
  type Directory,
  type RoomKind,
  type RoomWords,
  type WantedRoom,
} from './tree.ts';
import { isTrouble } from './trouble.ts';

/** Accounts in one request: progress shows, and a cut costs little. */
const ACCOUNT_BATCH = 50;
/** Memberships in one request. */
const MEMBER_BATCH = MODULE_BATCH;

/** From so many accounts and memberships on a pass is bulk work. */
const BULK = 100;

export interface PassParts {
  readonly repository: ProvisionRepository;
  readonly module: ModuleApi;
  /** Speaks as the bot. */
  readonly bot: MatrixLink;
  readonly botId: UserId;
  readonly serverName: string;
  readonly companyName: string;
  readonly concurrency: number;
  readonly log: Log;
  words(): Promise<RoomWords>;
  reason(key: 'moved'): string;
  /** Called before each request; throws where the run has to end (stopped, lock lost, host stopping). */
  check(): Promise<void>;
  /** Told before a membership is changed, so that its echo is not taken for somebody else's act. */
  expect(roomId: string, userId: string, membership: 'join' | 'leave'): void;
  /** Told of accounts that were there before: they may have keys. */
  found(): void;
  /** Told of a room that was made. */
  made(roomId: string): void;
  /** Before a dissolved department's people leave: the bot may say goodbye. Never throws. */
  farewell(roomId: string): Promise<void>;
  counted(kind: string, count: number): void;
  readonly signal: AbortSignal;
}

/** What is known across passes of one process. */
export interface PassMemory {
  /** A creation may have happened without our knowing: look for rooms of ours before making new ones. */
  uncertain: boolean;
  /** Accounts and memberships that are being sent in bulk, which makes many events a second; 0: none. */
  bulk: number;
  /** Rooms of the bot that are none of the directory's. */
  readonly foreign: Set<string>;
}

const ownerId = (owner: string): string | null => (owner === COMPANY ? null : owner);
const subjectOf = (room: Pick<WantedRoom, 'owner' | 'kind'>): string =>
  room.owner === COMPANY ? COMPANY : `department:${room.owner}:${room.kind}`;

/** Does all there is to do. Returns how many things were done or found impossible; 0: all is as it should be. */
export async function runPass(parts: PassParts, memory: PassMemory): Promise<number> {
  const { accounts, joins, leaves } = await parts.repository.counts();
  const changes = accounts + joins + leaves;
  memory.bulk = changes > BULK ? changes : 0;
  try {
    return await sendAll(parts, memory);
  } finally {
    memory.bulk = 0;
  }
}

async function sendAll(parts: PassParts, memory: PassMemory): Promise<number> {
  const { repository } = parts;
  let done = 0;
  // Closing accounts comes first: it is what cannot wait.
  for (;;) {
    const accounts = await repository.pendingAccounts();
    if (accounts.length === 0) break;
    const n = await changeAccounts(parts, accounts);
    done += n;
    if (n === 0) break;
  }
  done += await changeProfiles(parts);
  done += await changeNames(parts);
  done += await makeRooms(parts, memory);
  done += await sendState(parts);
  done += await changeMembers(parts, 'leave', () => repository.pendingLeaves());
  const inOrder = async (): Promise<number> =>
    (await changeMembers(parts, 'join', () => repository.pendingJoins(1))) +
    (await changeMembers(parts, 'join', () => repository.pendingJoins(2)));
  // The company's space is one room, worked on one request at a time: beside the departments, not before them.
  const [company, departments] = await Promise.allSettled([
    changeMembers(parts, 'join', () => repository.pendingJoins(0), 1),
    inOrder(),
  ]);
  if (company.status === 'rejected') throw company.reason;
  if (departments.status === 'rejected') throw departments.reason;
  return done + company.value + departments.value;
}

/** The joins of these people alone, those of the departments first; beside a pass that may be at work. */
export async function joinPeople(parts: PassParts, people: readonly string[]): Promise<void> {
  for (const step of [1, 2, 0] as const) {
    const pending = await parts.repository.pendingJoins(step, people);
    await inFlight(
      parts.concurrency,
      batches(pending, MEMBER_BATCH, (member) => member.room_id),
      async (batch) => {
        await parts.check();
        await changeBatch(parts, 'join', batch);
      },
    );
  }
}

// --- accounts ---------------------------------------------------------------------------------------------------

async function changeAccounts(parts: PassParts, accounts: readonly PendingAccount[]): Promise<number> {
  const created = accounts.filter((person) => person.account === 'none');
  const others = accounts.filter((person) => person.account !== 'none');
  let done = 0;
  await inFlight(parts.concurrency, others, async (person) => {
    await parts.check();
    await changeAccount(parts, person);
    done += 1;
  });
  await inFlight(parts.concurrency, batches(created, ACCOUNT_BATCH), async (batch) => {
    await parts.check();
    await createAccounts(parts, batch);
    done += batch.length;
  });
  return done;
}

/** Locks, unlocks, closes or opens one account, step by step towards what is wanted. */
async function changeAccount(parts: PassParts, person: PendingAccount): Promise<void> {
  const { module, repository, signal } = parts;
  const userId = `@${person.localpart}:${parts.serverName}`;
  try {
    if (person.wanted === 'locked') {
      if (person.account === 'deactivated') await module.reactivate(userId, signal);
      await module.lock(userId, true, signal);
    } else if (person.wanted === 'deactivated') {
      const { parting } = await module.deactivate(userId, signal);
      // Synapse still takes the person out of rooms; asked again until it has.
      if (parting) throw new MatrixError('module /accounts/deactivate', 409, { errcode: 'M_BAD_STATE' });
    } else {
      if (person.account === 'deactivated') await module.reactivate(userId, signal);
      await module.lock(userId, false, signal);
    }
    // A reopened account has neither address nor perhaps the name: both are sent again.
    const reopened = person.account === 'deactivated';
    await repository.setAccounts([{ id: person.id, account: person.wanted }]);
    if (reopened) await repository.setEmails([{ id: person.id, email: null }]);
    await repository.clearProblems([`person:${person.id}`]);
    parts.counted('account_changes', 1);
  } catch (error) {
    if (!MatrixError.is(error) || isTrouble(error)) throw error;
    if (error.errcode === 'M_NOT_FOUND') {
      // There is no account to close or open: back to the start.
      await repository.setAccounts([{ id: person.id, account: 'none' }]);
      return;
    }
    await repository.addProblems([problemOf(`person:${person.id}`, 'account', error.errcode, error.message)]);
  }
}

async function createAccounts(parts: PassParts, batch: readonly PendingAccount[]): Promise<void> {
  const { module, repository } = parts;
  const results = await module.createAccounts(
    batch.map((person) => ({
      localpart: person.localpart,
      displayname: person.display_name,
      emails: person.email === null ? [] : [person.email],
      ...(person.locale === null ? {} : { locale: person.locale === 'zh-Hans' ? 'zh_Hans' : 'en' }),
    })),
    parts.signal,
  );
  const made: Parameters<ProvisionRepository['setAccounts']>[0][number][] = [];
  const problems: Problem[] = [];
  batch.forEach((person, at) => {
    const result: AccountResult = results[at] ?? { errcode: 'M_UNKNOWN' };
    const subject = `person:${person.id}`;
    if (result.errcode !== undefined) {
      problems.push(problemOf(subject, 'account', result.errcode, result.error ?? null));
    } else if (result.created === true) {
      made.push({
        id: person.id,
        account: 'created',
        name: person.display_name,
        email: person.email?.toLowerCase() ?? null,
      });
    } else if (result.bot === true) {
      problems.push(problemOf(subject, 'account', 'account_is_bot', null));
    } else if (result.made_here === true) {
      // Ours from a run that was cut off, or from an earlier directory: what it is now, and the rest follows.
      const account = result.deactivated ? 'deactivated' : result.locked ? 'locked' : 'created';
      made.push({ id: person.id, account });
    } else {
      problems.push(problemOf(subject, 'account', 'account_exists', result.displayname ?? null));
    }
  });
  await repository.setAccounts(made);
  await repository.addProblems(problems);
  if (made.some(({ name }) => name === undefined)) parts.found();
  parts.counted('accounts', made.length);
}

async function changeProfiles(parts: PassParts): Promise<number> {
  const { module, repository } = parts;
  let done = 0;
  for (;;) {
    const pending = await repository.pendingProfiles();
    if (pending.length === 0) return done;
    await inFlight(parts.concurrency, batches(pending, ACCOUNT_BATCH), async (batch) => {
      await parts.check();
      const userId = (person: PendingProfile): string => `@${person.localpart}:${parts.serverName}`;
      const names = batch.filter((person) => person.applied_name !== person.display_name);
      const emails = batch.filter((person) => person.applied_email !== person.email);
      const problems: Problem[] = [];
      const failed = (person: PendingProfile, errcode: string, error?: string): void => {
        problems.push(problemOf(`person:${person.id}`, 'profile', errcode, error ?? null));
      };
      if (names.length > 0) {
        const results = await module.setNames(
          names.map((person) => ({ user_id: userId(person), displayname: person.display_name })),
          parts.signal,
        );
        const good = names.filter((person, at) => {
          const result = results[at] ?? { errcode: 'M_UNKNOWN' };
          if (result.errcode !== undefined) failed(person, result.errcode, result.error);
          return result.errcode === undefined;
        });
        await repository.setNames(good.map((person) => ({ id: person.id, name: person.display_name })));
      }
      if (emails.length > 0) {
        const results = await module.setEmails(
          emails.map((person) => ({
            user_id: userId(person),
            emails: person.email === null ? [] : [person.email],
          })),
          parts.signal,
        );
        const good = emails.filter((person, at) => {
          const result = results[at] ?? { errcode: 'M_UNKNOWN' };
          if (result.errcode !== undefined) failed(person, result.errcode, result.error);
          return result.errcode === undefined;
        });
        await repository.setEmails(good.map((person) => ({ id: person.id, email: person.email })));
      }
      await repository.addProblems(problems);
      parts.counted('names', batch.length - problems.length);
      done += batch.length;
    });
  }
}

/** Why a name cannot be signed in with. */
const notUsable = ({ shared = [], unusable = 0 }: IdentifiersResult): string[] => [
  ...shared.map((kind) => `${kind}_shared`),
  ...(unusable > 0 ? ['phone_unusable'] : []),
];

/** Phones and employee numbers, which the homeserver knows people by when they sign in. */
async function changeNames(parts: PassParts): Promise<number> {
  const { module, repository } = parts;
  let done = 0;
  for (;;) {
    const pending = await repository.pendingNames();
    if (pending.length === 0) return done;
    // One after the other: an answer tells how the names of others stand, too, and a later one must not be overwritten.
    await inFlight(1, batches(pending, ACCOUNT_BATCH), async (batch) => {
      await parts.check();
      const userId = (localpart: string): string => `@${localpart}:${parts.serverName}`;
      const localpart = (id = ''): string => id.slice(1, -(parts.serverName.length + 1));
      const answer = await module.setIdentifiers(
        batch.map((person) => ({
          user_id: userId(person.localpart),
          phones: person.wanted === null || person.phone === null ? [] : [person.phone],
          numbers: person.wanted === null || person.number === null ? [] : [person.number],
        })),
        parts.signal,
      );
      const problems: Problem[] = [];
      const good = batch.filter((person, at) => {
        const result = answer.results[at] ?? { errcode: 'M_UNKNOWN' };
        if (result.errcode !== undefined)
          problems.push(problemOf(`person:${person.id}`, 'profile', result.errcode, result.error ?? null));
        return result.errcode === undefined;
      });
      await repository.setAppliedNames(good.map((person) => ({ id: person.id, applied: person.wanted })));
      const told = (result: IdentifiersResult) => ({
        localpart: localpart(result.user_id),
        names: notUsable(result),
      });
      await repository.tellNames([
        ...answer.results.filter((result) => result.errcode === undefined).map(told),
        ...answer.others.map(told),
      ]);
      await repository.addProblems(problems);
      parts.counted('names', good.length);
      done += batch.length;
    });
  }
}

// --- rooms ------------------------------------------------------------------------------------------------------

async function load(parts: PassParts): Promise<{ directory: Directory; rooms: WantedRoom[] }> {
  const directory = await parts.repository.directory(parts.companyName);
  return { directory, rooms: wantedRooms(directory, await parts.words()) };
}

const nodeKey = (owner: string, kind: RoomKind): string => `${owner}/${kind}`;

/** Makes the rooms that are missing, parents first, each by one request. */
async function makeRooms(parts: PassParts, memory: PassMemory): Promise<number> {
  let { directory, rooms } = await load(parts);
  const missing = (): WantedRoom[] => rooms.filter((room) => room.create && room.roomId === null);
  if (missing().length === 0) return 0;
  if (memory.uncertain) {
    await recover(parts, memory, rooms);
    memory.uncertain = false;
    ({ directory, rooms } = await load(parts));
  }
  const todo = missing();
  const waitsFor = new Map<string, WantedRoom[]>();
  const exists = new Set(
    rooms.filter((room) => room.roomId !== null).map((room) => nodeKey(room.owner, room.kind)),
  );
  const ready: WantedRoom[] = [];
  for (const room of todo) {
    const after = room.after === undefined ? undefined : nodeKey(room.after.owner, room.after.kind);
    if (after === undefined || exists.has(after)) ready.push(room);
    else waitsFor.set(after, [...(waitsFor.get(after) ?? []), room]);
  }
  const words = await parts.words();
  // Ids found on the way: a child's state names its parent.
  const departments = new Map(directory.departments.map((department) => [department.id, { ...department }]));
  const company = { ...directory.company };
  let done = 0;
  await inFlight(parts.concurrency, ready, async (room, more) => {
    await parts.check();
    const state = stateNow(room, { ...directory, company, departments: [...departments.values()] }, words);
    const request = creationOf({ ...room, state }) as unknown as CreateRoomRequest;
    let roomId: string;
    try {
      roomId = await parts.bot.createRoom(request, { signal: parts.signal });
    } catch (error) {
      if (!MatrixError.is(error) || isTrouble(error)) {
        memory.uncertain = true;
        throw error;
      }
      await parts.repository.addProblems([problemOf(subjectOf(room), 'room', error.errcode, error.message)]);
      return;
    }
    parts.made(roomId);
    try {
      await parts.repository.setRoom(ownerId(room.owner), room.kind, roomId, printsOf(state));
    } catch (error) {
      // The room is there and its id is lost: it is looked for before another one is made.
      memory.uncertain = true;
      throw error;
    }
    if (room.owner === COMPANY) company.space_id = roomId;
    const department = departments.get(room.owner);
    if (department)
      Object.assign(department, room.kind === 'space' ? { space_id: roomId } : { room_id: roomId });
    done += 1;
    parts.counted(room.kind === 'space' ? 'spaces' : 'rooms', 1);
    for (const next of waitsFor.get(nodeKey(room.owner, room.kind)) ?? []) more(next);
  });
  return done;
}

/** The state of a room to be made, with the ids of rooms made meanwhile. */
function stateNow(room: WantedRoom, directory: Directory, words: RoomWords): WantedRoom['state'] {
  if (room.owner === COMPANY) return room.state;
  const department = directory.departments.find((candidate) => candidate.id === room.owner);
  if (!department) return room.state;
  // Only the room itself and what stands above it matter; children link themselves later.
  const above = directory.departments.filter((candidate) => candidate.id === department.parent_id);
  const small = { ...directory, departments: [...above, department] };
  const found = wantedRooms(small, words).find(
    (candidate) => candidate.owner === room.owner && candidate.kind === room.kind,
  );
  return found?.state ?? room.state;
}

/**
 * Finds rooms that were made without our learning their ids (the answer was lost, or we ended before it was written
 * down), by the mark in their create event. What they were told is unknown, so everything is told again.
 */
async function recover(parts: PassParts, memory: PassMemory, rooms: readonly WantedRoom[]): Promise<void> {
  await parts.check();
  const known = new Set((await parts.repository.managedRooms()).map((room) => room.room_id));
  const wanted = new Set(
    rooms.filter((room) => room.create && room.roomId === null).map((room) => nodeKey(room.owner, room.kind)),
  );
  const joined = await parts.bot.joinedRooms({ signal: parts.signal });
  const unknown = joined.filter((id) => !known.has(id) && !memory.foreign.has(id));
  await inFlight(parts.concurrency, unknown, async (roomId) => {
    await parts.check();
    const create = await parts.bot.getState(roomId, 'm.room.create');
    const mark = create?.[CREATION_MARK] as { owner?: unknown } | undefined;
    const kind: RoomKind = create?.['type'] === 'm.space' ? 'space' : 'room';
    const owner = typeof mark?.owner === 'string' ? mark.owner : undefined;
    if (owner !== undefined && wanted.delete(nodeKey(owner, kind))) {
      await parts.repository.setRoom(ownerId(owner), kind, roomId, {});
      parts.made(roomId);
      parts.log.info({ room_id: roomId, owner, kind }, 'room found again');
    } else memory.foreign.add(roomId);
  });
}

/** Sends names, topics, power levels, links: whatever of the rooms' state differs. */
async function sendState(parts: PassParts): Promise<number> {
  const { rooms } = await load(parts);
  const changed = rooms.filter((room) => room.roomId !== null && stateChanges(room).length > 0);
  let done = 0;
  await inFlight(parts.concurrency, changed, async (room) => {
    if (room.roomId === null) return;
    const set: Record<string, string> = {};
    const drop: string[] = [];
    try {
      for (const change of stateChanges(room)) {
        await parts.check();
        await parts.bot.request({
          method: 'PUT',
          path: `/_matrix/client/v3/rooms/${encodeURIComponent(room.roomId)}/state/${change.type}/${encodeURIComponent(change.state_key)}`,
          route: 'PUT rooms/state',
          body: change.content,
          signal: parts.signal,
        });
        if (change.print === undefined) drop.push(change.key);
        else set[change.key] = change.print;
        done += 1;
        parts.counted('links', 1);
      }
    } catch (error) {
      if (!MatrixError.is(error) || isTrouble(error)) throw error;
      await parts.repository.addProblems([problemOf(subjectOf(room), 'room', error.errcode, error.message)]);
    } finally {
      if (Object.keys(set).length + drop.length > 0)
        await parts.repository.setApplied(ownerId(room.owner), room.kind, set, drop);
    }
  });
  return done;
}

// --- members ----------------------------------------------------------------------------------------------------

async function changeMembers(
  parts: PassParts,
  membership: 'join' | 'leave',
  fetch: () => Promise<PendingMember[]>,
  concurrency = parts.concurrency,
): Promise<number> {
  let done = 0;
  const closing = new Set<string>();
  for (;;) {
    const pending = await fetch();
    if (pending.length === 0) return done;
    if (membership === 'leave') await sayGoodbye(parts, pending, closing);
    await inFlight(
      concurrency,
      batches(pending, MEMBER_BATCH, (member) => member.room_id),
      async (batch) => {
        await parts.check();
        await changeBatch(parts, membership, batch);
        done += batch.length;
      },
    );
  }
}

async function sayGoodbye(
  parts: PassParts,
  pending: readonly PendingMember[],
  said: Set<string>,
): Promise<void> {
  const closed = new Set(
    (await parts.repository.managedRooms())
      .filter((room) => room.kind === 'room' && room.state === 'dissolved')
      .map((room) => room.room_id),
  );
  for (const roomId of new Set(pending.map((member) => member.room_id))) {
    if (!closed.has(roomId) || said.has(roomId)) continue;
    said.add(roomId);
    await parts.farewell(roomId);
  }
}

/** Answers after which a membership is as wanted although it was not changed. */
const GONE = new Set(['M_NOT_FOUND']);

async function changeBatch(
  parts: PassParts,
  membership: 'join' | 'leave',
  batch: readonly PendingMember[],
): Promise<void> {
  const { repository } = parts;
  const items = batch.map((member): MembershipChange => {
    const user_id = `@${member.localpart}:${parts.serverName}`;
    parts.expect(member.room_id, user_id, membership);
    return {
      room_id: member.room_id,
      user_id,
      membership,
      ...(membership === 'leave' ? { reason: parts.reason('moved') } : {}),
    };
  });
  const results = await parts.module.changeMemberships(parts.botId, items, parts.signal);
  const good: PendingMember[] = [];
  const problems: Problem[] = [];
  batch.forEach((member, at) => {
    const result: MembershipResult = results[at] ?? { errcode: 'M_UNKNOWN' };
    if (result.errcode === undefined || (membership === 'leave' && GONE.has(result.errcode)))
      good.push(member);
    else {
      problems.push(
        problemOf(
          `member:${member.room_id}:${member.person_id}`,
          'member',
          result.errcode,
          result.error ?? null,
        ),
      );
    }
  });
  if (membership === 'join') await repository.addMembers(good);
  else await repository.removeMembers(good);
  await repository.addProblems(problems);
  parts.counted(membership === 'join' ? 'joins' : 'leaves', good.length);
}

// --- problems ---------------------------------------------------------------------------------------------------

const CODES: Readonly<Record<string, string>> = {
  M_INVALID_USERNAME: 'localpart_not_valid',
  M_EXCLUSIVE: 'account_is_bot',
  M_THREEPID_IN_USE: 'email_in_use',
  M_INVALID_PARAM: 'value_refused',
  M_BAD_JSON: 'value_refused',
  M_FORBIDDEN: 'refused',
  M_BAD_STATE: 'banned',
  M_USER_DEACTIVATED: 'account_closed',
  M_USER_SUSPENDED: 'account_locked',
  M_USER_ACCOUNT_SUSPENDED: 'account_locked',
  M_NOT_FOUND: 'gone',
};

function problemOf(subject: string, kind: string, errcode: string, detail: string | null): Problem {
  const code = errcode.startsWith('M_') ? (CODES[errcode] ?? 'failed') : errcode;
  return { subject, kind, code, detail: detail?.slice(0, 300) ?? null };
}

/** The bot's own id as a parsed one. */
export const botIdOf = (localpart: string, serverName: string): UserId =>
  parseUserId(`@${localpart}:${serverName}`);
export const roomIdOf = parseRoomId;
