import { isDeepStrictEqual } from 'node:util';
import { DomainError } from '@qiao/platform';
import type { DirectoryChange } from '../changes.ts';
import { heldRepository } from '../held-leavers.ts';
import { makeLocalpart } from '../imports/localpart.ts';
import { guardHolds, leaversAllowed, leavingSoFar, sourceActors } from '../leaver-guard.ts';
import type { Offboardings } from '../lifecycle/offboarding.service.ts';
import { cleanName } from '../names.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import { ScimError } from './errors.ts';
import type { Json } from './filter.ts';
import { attributeDepartment, MAX_DEPARTMENT_NAME, moved, newDepartment } from './groups.service.ts';
import { readPatch, readResource, stillUntaken, type Reading } from './reading.ts';
import { factsOf, MANAGER, userResource, userVersion, type UserFacts } from './resource.ts';
import { savepoint } from './savepoint.ts';
import { ENTERPRISE } from './schemas.ts';
import { scimRepository as repository, type ScimClient, type UserRow } from './scim.repository.ts';
import type { Found, Precondition } from './found.ts';
import type { Untaken, UntakenCode } from './untaken.ts';
import type { Writing } from './writing.ts';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const DEPARTMENT = `${ENTERPRISE}:department`;
/** After how many seconds a client may ask again to let somebody go whom the guard holds. */
const HELD_RETRY_S = 3600;
/** Of a value that was not taken, characters that are kept to be shown. */
const MAX_TOLD = 200;

/** What a client does with users: people of its source. */
export interface Users {
  createUser(client: ScimClient, body: unknown): Promise<Found>;
  replaceUser(client: ScimClient, id: string, check: Precondition, body: unknown): Promise<Found>;
  patchUser(client: ScimClient, id: string, check: Precondition, body: unknown): Promise<Found>;
  removeUser(client: ScimClient, id: string, check: Precondition): Promise<void>;
}

/** Something of a request that is taken or told for itself. */
interface Piece {
  attribute: string;
  changes: DirectoryChange[];
  value?: string;
  instead?: string | null;
}
/** What a part of a request means: a piece, or why it is none. */
interface Meant {
  piece?: Piece;
  untaken?: Untaken;
  /** The manager who is waited for. */
  waits?: string;
}

const codes: Readonly<Record<string, UntakenCode>> = {
  'org.email_taken': 'taken',
  'org.name_taken': 'taken',
  'org.would_make_cycle': 'manager_circle',
  'org.person_ended': 'manager_left',
};

export function createUsers(
  context: OrgContext,
  { writing, apply, said, offboardings }: Writing & { offboardings: Offboardings },
  found: (row: UserRow) => Found,
): Users {
  const db = context.db as OrgDb;
  const { clock, random, log } = context;
  return {
    createUser,
    replaceUser: (client, id, check, body) =>
      changeUser(client, id, check, (before) => readResource(before, body)),
    patchUser: (client, id, check, body) =>
      changeUser(client, id, check, (before) => readPatch(before, body)),
    removeUser,
  };

  async function userRow(on: OrgDb | OrgTrx, client: ScimClient, id: string): Promise<UserRow> {
    const [row] = UUID.test(id) ? await repository.users(on, client.source_id, { ids: [id] }) : [];
    if (!row) throw new ScimError(404, `Resource ${id} not found`);
    return row;
  }

  // --- new

  async function createUser(client: ScimClient, body: unknown): Promise<Found> {
    const reading = readResource({}, body);
    const { after } = reading;
    const userName = after['userName'];
    if (typeof userName !== 'string') {
      throw new ScimError(400, 'userName is missing or not usable', 'invalidValue');
    }
    const externalId = (after['externalId'] as string | undefined) ?? null;
    const here = after['active'] !== false;
    // Deleted and sent again: the same person comes back, as long as the leaving can be undone.
    const gone = await db
      .transaction()
      .execute((trx) => repository.deletedUser(trx, client.source_id, userName, externalId));
    await requireFree(db, client, userName);
    if (gone && (await comesBack(gone, here, client))) {
      return writing(async (trx) => {
        await requireFree(trx, client, userName);
        if (gone.never_here && here) await apply(trx, client, [{ kind: 'person_admit', id: gone.id }]);
        await save(trx, client, gone.id, { userName, externalId }, [], null);
        return store(trx, client, await userRow(trx, client, gone.id), reading);
      });
    }
    return writing(async (trx) => {
      await requireFree(trx, client, userName);
      return add(trx, client, userName, reading);
    });
  }

  async function requireFree(on: OrgDb | OrgTrx, client: ScimClient, userName: string): Promise<void> {
    const [double] = await repository.users(on, client.source_id, { user_name: userName });
    if (double) throw new ScimError(409, `userName ${userName} is taken`, 'uniqueness');
  }

  async function comesBack(
    gone: NonNullable<Awaited<ReturnType<typeof repository.deletedUser>>>,
    here: boolean,
    client: ScimClient,
  ): Promise<boolean> {
    if (gone.never_here || gone.status === 'active' || gone.status === 'joining') return true;
    if (!here) return gone.status === 'suspended';
    return bringBack(gone.id, sourceActors.scim(client.source_id));
  }

  async function add(trx: OrgTrx, client: ScimClient, userName: string, reading: Reading): Promise<Found> {
    const { after } = reading;
    const id = random.uuid();
    const { facts, untaken } = factsOf(after);
    const manager = await managerOf(trx, client, after, { id, manager_id: null });
    const department = await departmentOf(trx, client, after, undefined, []);
    const person: DirectoryChange = {
      kind: 'person_add',
      person: {
        id,
        ...facts,
        localpart: await freeLocalpart(trx, userName, facts),
        source_id: client.source_id,
        external_id: null,
        manager_id: null,
        starts_on: null,
        ends_on: null,
        ...(after['active'] === false ? { inactive: true } : {}),
      },
      placements: [],
    };
    const pieces = [manager.piece, department(id).piece].filter((piece) => piece !== undefined);
    untaken.push(...[manager.untaken, department(id).untaken].filter((one) => one !== undefined));
    // An address that belongs to somebody else is theirs: the person may be here already, under another source.
    const failed = await together(trx, client, pieces, false, [person]);
    await save(trx, client, id, after, [...reading.untaken, ...untaken, ...failed], manager.waits ?? null);
    await settleWaiting(trx, client, await userRow(trx, client, id));
    return found(await userRow(trx, client, id));
  }

  // --- changed

  async function changeUser(
    client: ScimClient,
    id: string,
    check: Precondition,
    read: (before: Json) => Reading,
  ): Promise<Found> {
    // A return to work may need the homeserver: not while the directory is locked.
    const present = await userRow(db, client, id);
    const gone = present.status === 'suspended' || present.status === 'left';
    if (gone && !present.never_here) {
      check(userVersion(present));
      if (read(userResource(present)).after['active'] === true) {
        if (!(await bringBack(id, sourceActors.scim(client.source_id)))) {
          throw new ScimError(409, 'This person has left for good: delete the user and make a new one');
        }
        return unlessHeld(await writing((trx) => write(trx)));
      }
    }
    return unlessHeld(await writing((trx) => write(trx, check)));

    async function write(trx: OrgTrx, precondition?: Precondition): Promise<Found | ScimError> {
      const row = await userRow(trx, client, id);
      precondition?.(userVersion(row));
      const before = userResource(row);
      const reading = read(before);
      const { after } = reading;
      if (reading.here) await heldRepository.release(trx, id);
      // What is about safety comes first and by itself: nothing that is wrong with the rest can hold it up.
      const leaving = isHere(row) && after['active'] === false;
      if (leaving) {
        const held = await letGo(trx, client, id);
        if (held) return held;
      } else if (row.never_here && after['active'] === true) {
        await apply(trx, client, [{ kind: 'person_admit', id }]);
      }
      await ownName(trx, client, row, reading);
      const same = isDeepStrictEqual(before, after) && row.untaken.length + reading.untaken.length === 0;
      if (same) return found(row);
      try {
        return await savepoint(trx, () => store(trx, client, row, reading, leaving));
      } catch (error) {
        if (!leaving) throw error;
        log.error({ err: error, person_id: id }, 'SCIM: somebody has gone, and nothing else was taken');
        return found(await userRow(trx, client, id));
      }
    }
  }

  /** A user name that another user has is not taken. */
  async function ownName(trx: OrgTrx, client: ScimClient, row: UserRow, reading: Reading): Promise<void> {
    const userName = String(reading.after['userName']);
    if (userName.toLowerCase() === row.user_name.toLowerCase()) return;
    const [other] = await repository.users(trx, client.source_id, { user_name: userName });
    if (!other || other.id === row.id) return;
    reading.after['userName'] = row.user_name;
    reading.untaken.push({
      attribute: 'userName',
      code: 'taken',
      detail: `userName ${userName} is taken`,
      value: userName.slice(0, MAX_TOLD),
      lost: true,
    });
  }

  /** Brings the directory's person to what the request says, as far as it can be taken, and keeps the rest. */
  async function store(
    trx: OrgTrx,
    client: ScimClient,
    row: UserRow,
    reading: Reading,
    leaving = false,
  ): Promise<Found> {
    const { after } = reading;
    const untaken = [...stillUntaken(row.untaken, reading), ...reading.untaken];
    let waits: string | null = null;
    // Nothing of somebody who has left changes any more; the client's own attributes are kept all the same.
    if (row.status !== 'left') {
      const { facts, untaken: unusable } = factsOf(after, row);
      const { email, ...others } = facts;
      const manager = await managerOf(trx, client, after, row);
      const placed = await repository.placements(trx, [row.id]);
      const department = (await departmentOf(trx, client, after, row, placed))(row.id);
      waits = manager.waits ?? null;
      const pieces: Piece[] = [
        { attribute: 'name', changes: [{ kind: 'person_change', id: row.id, set: others }] },
        {
          attribute: 'emails',
          changes: [{ kind: 'person_change', id: row.id, set: { email } }],
          value: email ?? '',
          instead: row.email,
        },
        ...[manager.piece, department.piece].filter((piece) => piece !== undefined),
      ];
      untaken.push(
        ...unusable,
        ...[manager.untaken, department.untaken].filter((one) => one !== undefined),
        ...(await together(trx, client, pieces, leaving)),
      );
    }
    await save(trx, client, row.id, after, untaken, waits);
    const now = await userRow(trx, client, row.id);
    await settleWaiting(trx, client, now);
    return found(await userRow(trx, client, row.id));
  }

  /**
   * All pieces at once; where the directory refuses them, each for itself, and those it refuses then are answered.
   * `first` cannot be done without.
   */
  async function together(
    trx: OrgTrx,
    client: ScimClient,
    pieces: readonly Piece[],
    leaving: boolean,
    first: readonly DirectoryChange[] = [],
  ): Promise<Untaken[]> {
    const all = async (set: readonly Piece[], before: readonly DirectoryChange[] = []): Promise<void> => {
      const changes = [...before, ...set.flatMap((piece) => piece.changes)];
      await savepoint(trx, async () => {
        await apply(trx, client, changes);
        await saveAttributeDepartments(trx, client, changes);
      });
    };
    try {
      await all(pieces, first);
      return [];
    } catch (error) {
      if (!(error instanceof DomainError) && !leaving) throw error;
      if (first.length > 0) await all([], first);
    }
    const untaken: Untaken[] = [];
    for (const piece of pieces) {
      try {
        await all([piece]);
      } catch (error) {
        if (error instanceof DomainError) untaken.push(refused(piece, error));
        else if (leaving) {
          log.error({ err: error }, 'SCIM: an attribute of somebody who has gone was not taken');
          untaken.push({ attribute: piece.attribute, code: 'refused', detail: 'Internal error', lost: true });
        } else throw error;
      }
    }
    return untaken;
  }

  function refused(piece: Piece, error: DomainError): Untaken {
    const { attribute, value, instead } = piece;
    return {
      attribute,
      code: codes[error.code] ?? 'refused',
      detail: said(error),
      ...(value === undefined ? {} : { value: value.slice(0, MAX_TOLD) }),
      ...(instead === undefined ? {} : { instead }),
    };
  }

  // --- gone

  async function removeUser(client: ScimClient, id: string, check: Precondition): Promise<void> {
    const held = await writing(async (trx) => {
      const row = await userRow(trx, client, id);
      check(userVersion(row));
      if (isHere(row)) {
        const waits = await letGo(trx, client, id);
        if (waits) return waits;
      } else if (row.never_here) {
        await apply(trx, client, [{ kind: 'person_leave', id, reason: 'SCIM' }]);
      }
      await repository.deleteUser(trx, client.source_id, id, clock.now());
      return undefined;
    });
    if (held) throw held;
  }

  /** Starts the leaving, unless the guard holds it: then that is noted for whoever decides, and answered. */
  async function letGo(trx: OrgTrx, client: ScimClient, id: string): Promise<ScimError | undefined> {
    const now = clock.now();
    const sofar = await leavingSoFar(trx, client.source_id, now);
    const single = { few: true };
    if (!guardHolds(1, sofar, client.leaver_guard, single)) {
      await apply(trx, client, [{ kind: 'person_leave', id, reason: 'SCIM' }]);
      await heldRepository.release(trx, id);
      return undefined;
    }
    await heldRepository.hold(trx, client.source_id, id, now);
    const { people, gone } = sofar;
    const allowed = leaversAllowed(people, client.leaver_guard, single);
    log.warn(
      { source_id: client.source_id, gone, people, allowed },
      'SCIM: too many leavers, a person is asked',
    );
    return new ScimError(
      503,
      `${gone} of ${people} people have been let go within a day, ${allowed} may without being asked: an administrator has to confirm the others in the console, Sources`,
      undefined,
      HELD_RETRY_S,
    );
  }

  async function bringBack(personId: string, by: string): Promise<boolean> {
    try {
      return await offboardings.bringBack(personId, by);
    } catch (error) {
      throw error instanceof DomainError ? new ScimError(error.status, said(error)) : error;
    }
  }

  // --- the manager

  async function managerOf(
    trx: OrgTrx,
    client: ScimClient,
    resource: Json,
    row: Pick<UserRow, 'id' | 'manager_id'>,
  ): Promise<Meant> {
    const manager = (resource[ENTERPRISE] as Json | undefined)?.['manager'] as Json | undefined;
    const value = manager?.['value'];
    const { id, manager_id: instead } = row;
    const set = (manager_id: string | null): Meant =>
      // A manager from elsewhere, set in the console, is not seen here and stays.
      manager_id === instead
        ? {}
        : {
            piece: {
              attribute: MANAGER,
              changes: [{ kind: 'person_change', id, set: { manager_id } }],
              value: typeof value === 'string' ? value : '',
              instead,
            },
          };
    if (typeof value !== 'string' || value.trim() === '') return set(null);
    const known = await repository.named(trx, client.source_id, value.trim());
    if (known !== undefined && known !== id) {
      // Kept under the id it is then shown by.
      if (manager) manager['value'] = known;
      return set(known);
    }
    const untaken = (code: UntakenCode, detail: string): Untaken => ({
      attribute: MANAGER,
      code,
      detail,
      value: value.slice(0, MAX_TOLD),
      instead,
    });
    return known === undefined
      ? {
          untaken: untaken('manager_waits', `manager ${value} is not a user yet: it is set as soon as it is`),
          waits: value.trim(),
        }
      : { untaken: untaken('manager_self', 'nobody is their own manager') };
  }

  /** Sets the manager of those who wait for this user. */
  async function settleWaiting(trx: OrgTrx, client: ScimClient, manager: UserRow): Promise<void> {
    const number = (manager.resource[ENTERPRISE] as Json | undefined)?.['employeeNumber'];
    const names = [manager.id, manager.external_id, manager.user_name, number];
    const ids = await repository.waitingFor(
      trx,
      client.source_id,
      names.filter((name) => typeof name === 'string'),
    );
    for (const id of ids.filter((one) => one !== manager.id)) {
      const row = await userRow(trx, client, id);
      if (row.status === 'left') continue;
      const meant = await managerOf(trx, client, row.resource, row);
      if (meant.waits !== undefined) continue;
      const failed = await together(trx, client, meant.piece ? [meant.piece] : [], false);
      const rest = row.untaken.filter((one) => one.attribute !== MANAGER);
      await repository.setUntaken(trx, id, [...rest, ...failed], null, clock.now());
    }
  }

  // --- the department attribute

  function departmentName(resource: Json): string | undefined {
    const value = (resource[ENTERPRISE] as Json | undefined)?.['department'];
    return typeof value === 'string' ? cleanName(value, MAX_DEPARTMENT_NAME) : undefined;
  }

  /**
   * What the department attribute asks for: nothing where groups are provisioned, which then decide; a department that
   * is made where it is not there. A name that cannot be one leaves people where they are.
   */
  async function departmentOf(
    trx: OrgTrx,
    client: ScimClient,
    resource: Json,
    row: UserRow | undefined,
    placed: Awaited<ReturnType<typeof repository.placements>>,
  ): Promise<(id: string) => Meant> {
    const sent = (resource[ENTERPRISE] as Json | undefined)?.['department'];
    const name = departmentName(resource);
    if (name === undefined && typeof sent === 'string' && sent.trim() !== '') {
      const untaken: Untaken = {
        attribute: DEPARTMENT,
        code: sent.length > MAX_DEPARTMENT_NAME ? 'too_long' : 'no_name',
        detail: 'department is not usable as a name',
        value: sent.slice(0, MAX_TOLD),
      };
      return () => ({ untaken });
    }
    const before = row && departmentName(row.resource);
    const untold = row?.untaken.some((one) => one.attribute === DEPARTMENT) === true;
    if ((name === before && !untold) || (name === undefined && !row)) return () => ({});
    const changes: DirectoryChange[] = [];
    let to: string | undefined;
    if (name !== undefined && !(await repository.hasGroups(trx, client.source_id))) {
      to = (await attributeDepartment(trx, client, name))?.id ?? random.uuid();
      if (!(await attributeDepartment(trx, client, name))) changes.push(newDepartment(to, name));
    }
    if (to === undefined && before === undefined) return () => ({});
    const from = before === undefined ? undefined : await attributeDepartment(trx, client, before);
    const placements = moved(placed, from?.id, to);
    if (!placements) return () => ({});
    return (id) => ({
      piece: {
        attribute: DEPARTMENT,
        changes: [...changes, { kind: 'person_place', id, placements }],
        value: name ?? '',
      },
    });
  }

  async function saveAttributeDepartments(
    trx: OrgTrx,
    client: ScimClient,
    set: readonly DirectoryChange[],
  ): Promise<void> {
    for (const change of set) {
      if (change.kind !== 'department_add') continue;
      const { id: department_id } = change.department;
      await repository.saveGroup(
        trx,
        { department_id, source_id: client.source_id, external_id: null, origin: 'attribute' },
        clock.now(),
      );
    }
  }

  // --- rows

  async function freeLocalpart(trx: OrgTrx, userName: string, facts: UserFacts): Promise<string> {
    const used = new Set<string>();
    for (;;) {
      // Makes the next one of a series each time; the series is short.
      const localpart = makeLocalpart({ login: userName, ...facts }, new Set(used));
      if (!(await repository.localpartTaken(trx, localpart))) return localpart;
      used.add(localpart);
    }
  }

  async function save(
    trx: OrgTrx,
    client: ScimClient,
    id: string,
    resource: Json,
    untaken: readonly Untaken[],
    waiting: string | null,
  ): Promise<void> {
    const { userName, externalId, active: _active, ...rest } = resource;
    await repository.saveUser(
      trx,
      {
        person_id: id,
        source_id: client.source_id,
        user_name: String(userName),
        external_id: (externalId as string | undefined) ?? null,
        resource: rest,
        untaken,
        waiting_manager: waiting,
      },
      clock.now(),
    );
  }
}

const isHere = (row: UserRow): boolean => row.status === 'joining' || row.status === 'active';

function unlessHeld(answer: Found | ScimError): Found {
  if (answer instanceof ScimError) throw answer;
  return answer;
}
