import { DomainError, makeErrors, platformErrors, type Actor } from '@qiao/platform';
import { sql } from 'kysely';
import { orgErrorTable } from '../../contract/index.ts';
import type { ChangeContext, DirectoryChange, Placement } from '../changes.ts';
import { changesRepository } from '../changes.repository.ts';
import type { Changes } from '../changes.service.ts';
import { requireGrantable } from '../roles/roles.policy.ts';
import { rolesRepository } from '../roles/roles.repository.ts';
import type { OrgContext } from '../context.ts';
import { outerTrx, type OrgDb, type OrgTrx } from '../tables.ts';
import { measure, type Measured } from './certificate.ts';
import { OWN_KINDS, type createHandoverRegistry } from './handover.registry.ts';
import { orUnavailable, type Accounts } from './homeserver.ts';
import { LOCK_JOB, type LeaverSnapshot } from './leaving.ts';
import {
  offboardingRepository as repository,
  type ClosingEffects,
  type ItemRow,
  type OffboardingRow,
  type OffboardingState,
  type Snapshot,
} from './offboarding.repository.ts';
import { peopleRepository } from './people.repository.ts';
import type { Door, LifecyclePolicy } from './policy.ts';

const errors = makeErrors('org', orgErrorTable);

/** Stands for a name the reader may not know. */
const UNKNOWN = '…';

export const CLOSE_JOB = 'org.close-leaver';

export interface OffboardingView {
  row: OffboardingRow;
  items: ItemRow[];
}

export interface OffboardingParts {
  readonly changes: Changes;
  readonly policy: LifecyclePolicy;
  readonly registry: ReturnType<typeof createHandoverRegistry>;
  /** For people who wait. */
  readonly accounts: Accounts;
}

/** What administrators do with leavers. Every call checks `org.person.offboard` over the person first. */
export interface Offboardings {
  /** @throws DomainError `org.offboarding_open`, `org.person_ended`, `org.not_yourself`, `org.last_main_admin` */
  start(
    actor: Actor,
    personId: string,
    wish: { reason: string | null; handover_to?: string | undefined },
  ): Promise<OffboardingView>;
  list(
    actor: Actor,
    filter: {
      state?: OffboardingState | undefined;
      after?: { at: string; id: string } | undefined;
      limit: number;
    },
  ): Promise<OffboardingRow[]>;
  get(actor: Actor, id: string): Promise<OffboardingView>;
  /** @throws DomainError `org.offboarding_not_in_state`, `org.person_ended`, `org.cannot_grant_more_than_held` */
  assign(actor: Actor, id: string, itemId: string, to: string | null): Promise<OffboardingView>;
  /**
   * Hands over in the directory and begins closing the account. What the person owns is looked at again first.
   * @throws DomainError `org.handover_incomplete`, `org.offboarding_not_in_state`, `org.homeserver_unavailable`
   */
  close(actor: Actor, id: string): Promise<OffboardingView>;
  /** @throws DomainError `org.undo_expired`, `org.offboarding_not_in_state` while closing */
  undo(actor: Actor, id: string): Promise<OffboardingView>;
  /**
   * Undoes for a machine that speaks for the source of a person (SCIM); rights are not given back by it. False
   * where nothing is left to undo.
   * @throws DomainError `org.offboarding_not_in_state` while closing, `org.homeserver_unavailable`
   */
  bringBack(personId: string, by: string): Promise<boolean>;
  /** Measures the certificate against the actual state now. */
  check(actor: Actor, id: string): Promise<OffboardingView>;
  /** Brings the hand-over list up to what is owned now; rooms and other domains' things with it. */
  collect(id: string, accounts: Accounts): Promise<void>;
  measure(row: OffboardingRow, accounts: Accounts): Promise<Measured>;
}

export function createOffboardings(context: OrgContext, parts: OffboardingParts): Offboardings {
  const db = context.db as OrgDb;
  const { changes, policy, registry, accounts } = parts;
  const { acts, clock, events, homeserver, log, queue, random, sessions } = context;
  const userIdOf = (row: { localpart: string }): string => `@${row.localpart}:${homeserver.serverName}`;
  const today = (): string => clock.now().toISOString().slice(0, 10);

  async function load(actor: Actor, id: string): Promise<{ row: OffboardingRow; door: Door }> {
    const row = await repository.find(db, id);
    if (!row) throw platformErrors.not_found();
    const door = await policy.requireManage(actor, 'org.person.offboard', row.person_id);
    return { row, door };
  }

  /**
   * Takes the directory's lock and judges the actor anew under it (ADR 48): a right withdrawn since the request
   * came in counts no more. The lock comes before every row's, as in `applyChanges`.
   */
  async function judged(trx: OrgTrx, actor: Actor, personId: string): Promise<Door> {
    await changesRepository.lock(trx);
    return policy.requireManage(actor, 'org.person.offboard', personId, trx);
  }

  /** What an actor sees of it; the names of reports whom they may not know are left out. */
  async function view(id: string, door: Door): Promise<OffboardingView> {
    const row = await repository.find(db, id);
    if (!row) throw platformErrors.not_found();
    const items = await repository.items(db, id);
    const reports = items.filter((item) => item.kind === 'report').map((item) => item.subject);
    const known = reports.length === 0 ? new Set<string>() : await policy.known(door, reports);
    return {
      row,
      items: items.map((item) =>
        item.kind === 'report' && !known.has(item.subject) ? { ...item, label: UNKNOWN } : item,
      ),
    };
  }

  function requireState(row: OffboardingRow, ...allowed: OffboardingState[]): void {
    if (!allowed.includes(row.state)) throw errors.offboarding_not_in_state({ state: row.state });
  }

  async function requireReceiver(trx: OrgTrx, door: Door, id: string, leaverId: string): Promise<void> {
    await policy.requireKnown(door, id, trx);
    const receiver = await peopleRepository.find(trx, id);
    if (!receiver) throw platformErrors.not_found();
    if (id === leaverId || (receiver.status !== 'active' && receiver.status !== 'joining')) {
      throw errors.person_ended();
    }
  }

  /**
   * A hand-over is no way around the permissions: a head who is not in the department is put there, and a report
   * gets another manager. What happens by default (the leaver's own manager) is the company's rule.
   * @throws DomainError `platform.not_allowed`
   */
  async function requireHandover(
    trx: OrgTrx,
    door: Door,
    leaverId: string,
    item: Pick<ItemRow, 'kind' | 'subject'>,
    to: string,
  ): Promise<void> {
    if (item.kind === 'role_grant') await requireGrantOver(trx, door, item.subject);
    if (item.kind === 'department_head') {
      const there = (await placements(trx, to)).some((place) => place.department_id === item.subject);
      if (!there) await policy.requirePlaceable(door, to, item.subject, trx);
    }
    if (item.kind === 'report' && to !== (await defaultReceiver(trx, leaverId))) {
      const allowed = await policy.manageable(door.actor, 'org.person.edit', [item.subject], trx);
      if (!allowed.has(item.subject)) throw platformErrors.not_allowed();
    }
  }

  /** The grant behind an item may only be passed on by somebody who could give it. */
  async function requireGrantOver(trx: OrgTrx, door: Door, grantId: string): Promise<void> {
    const [grant] = await rolesRepository.grants(trx, {
      id: grantId,
      within: 'all',
      limit: 1,
      now: clock.now(),
    });
    if (!grant) throw platformErrors.not_found();
    requireGrantable(door.held, door.tree, {
      permissions: grant.permissions,
      department_id: grant.department_id,
      ends_at: grant.ends_at,
    });
  }

  const service: Offboardings = {
    async start(actor, personId, { reason, handover_to }) {
      await policy.requireManage(actor, 'org.person.offboard', personId);
      const [id, door] = await db.transaction().execute(async (trx) => {
        const door = await judged(trx, actor, personId);
        const person = await peopleRepository.find(trx, personId);
        if (!person) throw platformErrors.not_found();
        if (person.status === 'left') throw errors.person_ended();
        if (person.status === 'suspended') throw errors.offboarding_open();
        if (handover_to !== undefined) await requireReceiver(trx, door, handover_to, personId);
        const on: ChangeContext = { actor: actor.userId, on: today() };
        await changes.applyChanges(trx, [{ kind: 'person_leave', id: personId, reason }], on);
        const open = await trx
          .selectFrom('org.offboarding')
          .select('id')
          .where('person_id', '=', personId)
          .where('state', '=', 'suspended')
          .executeTakeFirstOrThrow();
        if (handover_to !== undefined) {
          for (const item of await repository.items(trx, open.id)) {
            if (item.kind === 'role_grant') continue;
            await requireHandover(trx, door, personId, item, handover_to);
            await repository.decide(trx, item.id, handover_to, null);
          }
        }
        return [open.id, door] as const;
      });
      return view(id, door);
    },

    async list(actor, filter) {
      const { held, tree } = await policy.open(actor);
      if (!held.somewhere('org.person.offboard')) throw platformErrors.not_allowed();
      return repository.list(db, { ...filter, within: held.reach('org.person.offboard', tree) });
    },

    async get(actor, id) {
      const { row, door } = await load(actor, id);
      return view(row.id, door);
    },

    async assign(actor, id, itemId, to) {
      const { row } = await load(actor, id);
      const door = await db.transaction().execute(async (trx) => {
        const door = await judged(trx, actor, row.person_id);
        const locked = await repository.lock(trx, id);
        if (!locked) throw platformErrors.not_found();
        requireState(locked, 'suspended');
        const item = (await repository.items(trx, id)).find((one) => one.id === itemId);
        if (!item) throw platformErrors.not_found();
        if (to !== null) {
          await requireReceiver(trx, door, to, row.person_id);
          await requireHandover(trx, door, row.person_id, item, to);
        }
        await repository.decide(trx, itemId, to, to === null ? clock.now() : null);
        return door;
      });
      return view(id, door);
    },

    async collect(id, through) {
      const row = await repository.find(db, id);
      if (row?.state !== 'suspended') return;
      const residue = await through.residue(userIdOf(row));
      const found: { kind: string; subject: string; label: string }[] = await repository.owned(
        db,
        row.person_id,
      );
      for (const room of residue?.sole_admin ?? []) {
        // A room nobody else is in ends with the person.
        if (residue?.alone.includes(room) !== true) found.push({ kind: 'room', subject: room, label: room });
      }
      for (const source of registry.sources()) {
        for (const { subject, label } of await source.collect(row.person_id)) {
          found.push({ kind: source.kind, subject, label });
        }
      }
      await db.transaction().execute(async (trx) => {
        const now = await repository.lock(trx, id);
        if (now?.state !== 'suspended') return;
        const key = (thing: { kind: string; subject: string }): string => `${thing.kind}\n${thing.subject}`;
        const owned = new Set(found.map(key));
        const items = await repository.items(trx, id);
        const collected = new Set<string>([...OWN_KINDS, ...registry.sources().map((source) => source.kind)]);
        await repository.removeItems(
          trx,
          items.filter((item) => collected.has(item.kind) && !owned.has(key(item))).map((item) => item.id),
        );
        const known = new Set(items.map(key));
        const receiver = await defaultReceiver(trx, row.person_id);
        await repository.addItems(
          trx,
          id,
          found
            .filter((thing) => !known.has(key(thing)))
            .map((thing) => ({
              ...thing,
              id: random.uuid(),
              to: thing.kind === 'role_grant' || thing.kind === 'room' ? null : receiver,
            })),
        );
        await repository.setSnapshot(trx, id, {
          ...now.snapshot,
          collected_at: clock.now().toISOString(),
        });
      });
    },

    async close(actor, id) {
      const { row } = await load(actor, id);
      requireState(row, 'suspended');
      if (userIdOf(row) === actor.userId) throw errors.not_yourself();
      // What came to the person since, or was taken away by hand.
      await orUnavailable(service.collect(id, accounts));
      const door = await db.transaction().execute(async (trx) => {
        const door = await judged(trx, actor, row.person_id);
        const locked = await repository.lock(trx, id);
        if (!locked) throw platformErrors.not_found();
        requireState(locked, 'suspended');
        if (locked.items_open > 0) throw errors.handover_incomplete({ count: locked.items_open });
        const items = await repository.items(trx, id);
        const effects: ClosingEffects = { reports: [], heads: [], grants: [] };
        for (const item of items) {
          if (item.kind === 'department_head' && item.to_person_id !== null) {
            await requireHandover(trx, door, locked.person_id, item, item.to_person_id);
          }
        }
        const set = await directoryHandover(trx, locked, items, effects);
        await grantHandover(trx, door, items, effects, actor);
        await changes.applyChanges(trx, set, { actor: actor.userId, on: today() });
        await sql`delete from org.role_grant where person_id = ${locked.person_id}::uuid`.execute(trx);
        const own: readonly string[] = ['report', 'department_head', 'role_grant'];
        await repository.markDone(
          trx,
          items.filter((item) => own.includes(item.kind) && item.done_at === null).map((item) => item.id),
          clock.now(),
        );
        await repository.setSnapshot(trx, id, { ...locked.snapshot, effects });
        await repository.setState(trx, id, { state: 'closing' });
        await acts.record(outerTrx(trx), {
          actor: actor.userId,
          action: 'org.person.close',
          subject: `person:${locked.person_id}`,
          details: { offboarding_id: id },
        });
        await queue.enqueue(outerTrx(trx), CLOSE_JOB, { offboarding_id: id }, { key: `${CLOSE_JOB}:${id}` });
        return door;
      });
      return view(id, door);
    },

    async check(actor, id) {
      const { row, door } = await load(actor, id);
      requireState(row, 'closing', 'closed');
      const certificate = await orUnavailable(service.measure(row, accounts));
      await repository.setCertificate(db, id, certificate);
      if (row.state === 'closing') {
        await queue.enqueue(db as never, CLOSE_JOB, { offboarding_id: id }, { key: `${CLOSE_JOB}:${id}` });
      }
      return view(id, door);
    },

    async measure(row, through) {
      const residue = await through.residue(userIdOf(row));
      const own = await repository.ownCounts(db, row.person_id, row.id);
      // Ends what it finds: a session found is counted once, and gone.
      return measure(clock.now(), residue, { ...own, sessions: await sessions.endAll(userIdOf(row)) });
    },

    async undo(actor, id) {
      const { row, door } = await load(actor, id);
      if (row.state === 'undone') return view(id, door);
      requireState(row, 'suspended', 'closed');
      if (!canReturn(row)) {
        throw errors.undo_expired({ until: row.undo_until?.toISOString().slice(0, 10) ?? '' });
      }
      return view(id, await restore(row, actor.userId, actor));
    },

    async bringBack(personId, by) {
      const latest = await db
        .selectFrom('org.offboarding')
        .select('id')
        .where('person_id', '=', personId)
        .where('state', '<>', 'undone')
        .orderBy('started_at', 'desc')
        .executeTakeFirst();
      const row = latest && (await repository.find(db, latest.id));
      if (!row || !canReturn(row)) return false;
      requireState(row, 'suspended', 'closed');
      await restore(row, by);
      return true;
    },
  };
  return service;

  function canReturn(row: OffboardingRow): boolean {
    if (row.snapshot.placements === undefined) return false;
    return row.state !== 'closed' || row.undo_until === null || row.undo_until >= clock.now();
  }

  /** `actor` undefined: a machine's, which is asked for no rights and gives none back. */
  function restore(row: OffboardingRow, by: string, actor: Actor): Promise<Door>;
  function restore(row: OffboardingRow, by: string): Promise<undefined>;
  async function restore(row: OffboardingRow, by: string, actor?: Actor): Promise<Door | undefined> {
    const { id } = row;
    const judge = (trx: OrgTrx): Promise<Door | undefined> =>
      actor ? judged(trx, actor, row.person_id) : changesRepository.lock(trx).then(() => undefined);
    if (row.state === 'suspended') {
      return db.transaction().execute(async (trx) => {
        const door = await judge(trx);
        await restoreSuspended(trx, id, by);
        return door;
      });
    }
    // Before the commit, so that provisioning finds an account it can put into rooms. Until then it has neither
    // password nor device: nobody can use it.
    const residue = await orUnavailable(accounts.residue(userIdOf(row)));
    if (residue) {
      await orUnavailable(accounts.reactivate(userIdOf(row)));
      await orUnavailable(accounts.lock(userIdOf(row), false));
    }
    const progress = { allowed: false };
    try {
      return await db.transaction().execute(async (trx) => {
        const door = await judge(trx);
        progress.allowed = true;
        await restoreClosed(trx, id, by, door, residue !== undefined);
        return door;
      });
    } catch (error) {
      // Who was refused leaves nothing behind: the account goes back to sleep.
      if (residue && !progress.allowed && error instanceof DomainError) {
        await accounts.deactivate(userIdOf(row)).catch((problem: unknown) => {
          log.warn({ err: problem, offboarding_id: id }, 'an account woken in vain is still awake');
        });
      }
      throw error;
    }
  }

  async function defaultReceiver(trx: OrgTrx, personId: string): Promise<string | null> {
    const person = await peopleRepository.find(trx, personId);
    const manager =
      person?.manager_id === undefined || person.manager_id === null
        ? undefined
        : await peopleRepository.find(trx, person.manager_id);
    return manager && (manager.status === 'active' || manager.status === 'joining') ? manager.id : null;
  }

  /** Reports get their new manager, departments their new head, the leaver no place any more. */
  async function directoryHandover(
    trx: OrgTrx,
    row: OffboardingRow,
    items: readonly ItemRow[],
    effects: ClosingEffects,
  ): Promise<DirectoryChange[]> {
    const set: DirectoryChange[] = [];
    const leaver = await peopleRepository.find(trx, row.person_id);
    for (const item of items.filter((one) => one.kind === 'report')) {
      const report = await peopleRepository.find(trx, item.subject);
      if (report?.manager_id !== row.person_id || report.status === 'left') continue;
      // A report who takes over answers to whom the leaver answered to.
      const manager = item.to_person_id === report.id ? (leaver?.manager_id ?? null) : item.to_person_id;
      set.push({ kind: 'person_change', id: report.id, set: { manager_id: manager } });
      effects.reports.push({ person_id: report.id, manager_id: manager });
    }
    const places = new Map<string, Placement[]>();
    for (const item of items.filter((one) => one.kind === 'department_head')) {
      const { to_person_id: to, subject: department } = item;
      if (to === null) continue;
      const present = places.get(to) ?? (await placements(trx, to));
      const there = present.find((place) => place.department_id === department);
      if (there?.is_head === true) continue;
      if (there) there.is_head = true;
      else {
        present.push({
          department_id: department,
          is_primary: present.length === 0,
          is_head: true,
          title: null,
        });
      }
      effects.heads.push({ person_id: to, department_id: department, placed: there === undefined });
      places.set(to, present);
    }
    for (const [id, wanted] of places) set.push({ kind: 'person_place', id, placements: wanted });
    set.push({ kind: 'person_place', id: row.person_id, placements: [] });
    return set;
  }

  async function grantHandover(
    trx: OrgTrx,
    door: Door,
    items: readonly ItemRow[],
    effects: ClosingEffects,
    actor: Actor,
  ): Promise<void> {
    const now = clock.now();
    for (const item of items.filter((one) => one.kind === 'role_grant')) {
      const { to_person_id: to } = item;
      if (to === null) continue;
      await requireGrantOver(trx, door, item.subject);
      const [grant] = await rolesRepository.grants(trx, { id: item.subject, within: 'all', limit: 1, now });
      if (!grant) continue;
      const wanted = { person_id: to, role_id: grant.role_id, department_id: grant.department_id };
      if (await rolesRepository.findGrant(trx, wanted)) continue;
      const id = random.uuid();
      await rolesRepository.insertGrant(trx, {
        ...wanted,
        id,
        granted_by: actor.userId,
        granted_at: now,
        ends_at: grant.ends_at,
      });
      effects.grants.push(id);
      await acts.record(outerTrx(trx), {
        actor: actor.userId,
        action: 'org.role.grant',
        subject: `person:${to}`,
        scope: grant.department_id === null ? 'company' : `department:${grant.department_id}`,
        details: { grant_id: id, role_id: grant.role_id, role: grant.role_name, handed_over: true },
      });
    }
  }

  async function placements(trx: OrgTrx, personId: string): Promise<Placement[]> {
    return trx
      .selectFrom('org.membership')
      .select(['department_id', 'is_primary', 'is_head', 'title'])
      .where('person_id', '=', personId)
      .where('until', 'is', null)
      .execute();
  }

  async function restoreSuspended(trx: OrgTrx, id: string, by: string): Promise<void> {
    const row = await repository.lock(trx, id);
    if (!row) throw platformErrors.not_found();
    if (row.state === 'undone') return;
    requireState(row, 'suspended');
    const now = clock.now();
    await trx
      .updateTable('org.person')
      .set({ status: row.snapshot.status ?? 'joining', updated_at: now, version: sql`version + 1` })
      .where('id', '=', row.person_id)
      .execute();
    await undone(trx, row, by);
  }

  async function restoreClosed(
    trx: OrgTrx,
    id: string,
    by: string,
    door: Door | undefined,
    hasAccount: boolean,
  ): Promise<void> {
    const row = await repository.lock(trx, id);
    if (!row) throw platformErrors.not_found();
    if (row.state === 'undone') return;
    requireState(row, 'closed');
    const snapshot = row.snapshot as Snapshot;
    const now = clock.now();
    // Somebody else may have the address by now.
    await sql`update org.person p set status = 'joining', activated_at = null, keys_at = null,
        account = ${hasAccount ? 'created' : 'none'}, updated_at = ${now}, version = version + 1,
        ends_on = case when ends_on <= ${today()}::date then null else ends_on end,
        manager_id = (select m.id from org.person m where m.id = p.manager_id and m.status <> 'left'),
        email = case when exists (select 1 from org.person o where o.id <> p.id and lower(o.email) = lower(p.email)
          and o.status <> 'left') then null else email end
      where id = ${row.person_id}::uuid`.execute(trx);
    const on: ChangeContext = { actor: by, on: today() };
    await changes.applyChanges(trx, await placesBack(trx, row.person_id, snapshot), on);
    const reports = await reportsBack(trx, row.person_id, snapshot);
    if (reports.length > 0) await unlessImpossible(trx, () => changes.applyChanges(trx, reports, on));
    if (door) await grantsBack(trx, row.person_id, snapshot, door);
    await undone(trx, row, by);
  }

  async function placesBack(
    trx: OrgTrx,
    personId: string,
    snapshot: LeaverSnapshot & { effects?: ClosingEffects },
  ): Promise<DirectoryChange[]> {
    const set: DirectoryChange[] = [];
    const active = new Set(
      (await trx.selectFrom('org.department').select('id').where('state', '=', 'active').execute()).map(
        (row) => row.id,
      ),
    );
    const back = snapshot.placements.filter((place) => active.has(place.department_id));
    const [first] = back;
    if (first && !back.some((place) => place.is_primary)) first.is_primary = true;
    if (first) set.push({ kind: 'person_place', id: personId, placements: back });
    // Who was made head in the leaver's place is so no longer, unless that was settled anew since.
    for (const head of snapshot.effects?.heads ?? []) {
      const present = await placements(trx, head.person_id);
      const there = present.find((place) => place.department_id === head.department_id);
      if (!there?.is_head || !active.has(head.department_id)) continue;
      const only = present.length === 1;
      const wanted =
        head.placed && !there.is_primary && !only
          ? present.filter((place) => place !== there)
          : present.map((place) => (place === there ? { ...place, is_head: false } : place));
      set.push({ kind: 'person_place', id: head.person_id, placements: wanted });
    }
    return set;
  }

  async function reportsBack(
    trx: OrgTrx,
    personId: string,
    snapshot: { effects?: ClosingEffects },
  ): Promise<DirectoryChange[]> {
    const set: DirectoryChange[] = [];
    for (const { person_id: id, manager_id: given } of snapshot.effects?.reports ?? []) {
      const report = await peopleRepository.find(trx, id);
      if (!report || report.status === 'left' || report.manager_id !== given) continue;
      set.push({ kind: 'person_change', id, set: { manager_id: personId } });
    }
    return set;
  }

  /** Only what the actor could grant: undoing gives nobody more rights than its maker has. */
  async function grantsBack(
    trx: OrgTrx,
    personId: string,
    snapshot: LeaverSnapshot & { effects?: ClosingEffects },
    door: Door,
  ): Promise<void> {
    const now = clock.now();
    let skipped = false;
    for (const grant of snapshot.grants) {
      const ends_at = grant.ends_at === null ? null : new Date(grant.ends_at);
      const role = await rolesRepository.role(trx, grant.role_id);
      if (!role || (ends_at !== null && ends_at <= now)) continue;
      if (grant.department_id !== null && door.tree.get(grant.department_id)?.state !== 'active') continue;
      try {
        requireGrantable(door.held, door.tree, {
          permissions: role.permissions,
          department_id: grant.department_id,
          ends_at,
        });
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        skipped = true;
        continue;
      }
      const wanted = { person_id: personId, role_id: grant.role_id, department_id: grant.department_id };
      if (await rolesRepository.findGrant(trx, wanted)) continue;
      await rolesRepository.insertGrant(trx, {
        ...wanted,
        id: random.uuid(),
        granted_by: door.actor.userId,
        granted_at: now,
        ends_at,
      });
    }
    // Handed-over rights go back, where their receiver still has them from that hand-over. But never so that
    // nobody has them.
    if (skipped) return;
    for (const id of snapshot.effects?.grants ?? []) await rolesRepository.deleteGrant(trx, id);
  }

  async function undone(trx: OrgTrx, row: OffboardingRow, by: string): Promise<void> {
    const now = clock.now();
    await repository.setState(trx, row.id, { state: 'undone', undone_at: now });
    await repository.setCertificate(trx, row.id, null);
    await acts.record(outerTrx(trx), {
      actor: by,
      action: 'org.person.return',
      subject: `person:${row.person_id}`,
      details: { offboarding_id: row.id, from: row.state },
    });
    await events.publish(outerTrx(trx), 'org.person.returned', {
      person_id: row.person_id,
      user_id: userIdOf(row),
    });
    await queue.enqueue(outerTrx(trx), LOCK_JOB, { person_ids: [row.person_id] }, { queue: LOCK_JOB });
    await queue.enqueue(outerTrx(trx), 'org.provision', {}, { key: 'org.provision' });
    await sql`select nextval('org.directory_version')`.execute(trx);
  }

  /** A reporting line that would be a cycle by now is left as it is. */
  async function unlessImpossible(trx: OrgTrx, work: () => Promise<unknown>): Promise<void> {
    await sql`savepoint reports`.execute(trx);
    try {
      await work();
      await sql`release savepoint reports`.execute(trx);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      await sql`rollback to savepoint reports`.execute(trx);
    }
  }
}
