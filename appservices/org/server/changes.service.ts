import { platformErrors, type Act } from '@qiao/platform';
import type { OrgAct } from '../contract/acts.ts';
import { applyDepartments, finishDepartmentEnds, followMergers } from './changes.departments.ts';
import {
  applyPeople,
  applyPlacements,
  checkReportingLines,
  collectClaims,
  freeClaims,
  type Freed,
} from './changes.people.ts';
import { changesRepository as repository, chunks, type DepartmentRow } from './changes.repository.ts';
import { sort, type Sorted, type WriteAct } from './changes.sort.ts';
import type { ChangeContext, DirectoryChange, StoredChanges } from './changes.ts';
import { startLeaving as startLeavingNow } from './lifecycle/leaving.ts';
import type { OrgContext } from './context.ts';
import type { OrgTrx } from './tables.ts';

/** What a set has done; all zero when everything was as asked already. */
export interface AppliedChanges {
  /** Change elements that were more than what was there already. */
  changed: number;
  /** The directory's version after it; undefined where nothing changed. */
  version: number | undefined;
}

/** Applies sets of changes to the directory; see `createChanges`. */
export interface Changes {
  /**
   * Applies a set in the caller's transaction: all or nothing, in any order inside the set. Holds the
   * directory's lock until commit, checks that the end state holds, keeps the history of placements, writes an act
   * for every change, publishes domain events and asks for provisioning. Changes that change nothing are skipped.
   *
   * @throws DomainError `org.would_make_cycle`, `org.name_taken`, `org.email_taken`, `org.localpart_taken`,
   * `org.localpart_not_valid`, `org.department_ended`, `org.department_not_empty`, `org.person_ended`,
   * `platform.not_found` for an unknown id, `platform.conflict` for an external id of somebody else,
   * `platform.bad_request` for placements without exactly one primary.
   */
  applyChanges(
    trx: OrgTrx,
    changes: readonly DirectoryChange[] | StoredChanges,
    context: ChangeContext,
  ): Promise<AppliedChanges>;
}

/** What the change engine needs of the domain's context. */
export type ChangeServices = Pick<
  OrgContext,
  'acts' | 'clock' | 'events' | 'homeserver' | 'queue' | 'random'
>;
/** The leaver's part, see `lifecycle/leaving.ts`. */
export type StartLeaving = typeof startLeavingNow;

/** Makes the engine; `startLeaving` can be replaced in tests. */
export function createChanges(
  services: ChangeServices,
  startLeaving: StartLeaving = startLeavingNow,
): Changes {
  return {
    async applyChanges(trx, changes, context) {
      const stored = 'parts' in changes;
      if (!stored && changes.length === 0) return { changed: 0, version: undefined };
      const now = services.clock.now();
      let changed = 0;
      let acts: Act<OrgAct>[] = [];
      const act: WriteAct = (action, subject, details) => {
        acts.push({ actor: context.actor, action, subject, details });
      };
      const writeActs = async (): Promise<void> => {
        changed += acts.length;
        for (const part of chunks(acts)) await services.acts.recordMany(trx as never, part);
        acts = [];
      };
      await repository.lock(trx);
      const { sorted, freed, departments, changedDepartments } = stored
        ? await begin(trx, changes, now, act)
        : await beginWith(trx, sort(changes), now, act);
      await admit(trx, sorted, now, act);
      const touchedManagers: string[] = [];
      let people = 0;
      const writePart = async (part: Sorted): Promise<void> => {
        const before = people;
        const written = await applyPeople(trx, part, freed, now, act, (count) => {
          people = before + count;
          return context.progress?.(people) ?? Promise.resolve();
        });
        const moved = await applyPlacements(trx, part, departments, context, act, services.random);
        const touched = [...moved].filter((id) => !written.written.has(id));
        await repository.touchPeople(trx, touched, now);
        await publishPeople(trx, part, moved, written.localparts);
        for (const id of written.touchedManagers) touchedManagers.push(id);
      };
      if (stored) {
        await repository.checkManagers(trx, 'deferred');
        for await (const part of changes.parts()) {
          await writePart(sort(part));
          await writeActs();
        }
        await repository.checkManagers(trx, 'immediate');
      } else await writePart(sorted);
      const leaving = await applyLeavers(trx, sorted, context, act);
      await finishDepartmentEnds(trx, sorted, departments, context);
      await followMergers(trx, sorted, departments, act);
      await checkReportingLines(trx, touchedManagers);
      await writeActs();
      changed += leaving;
      if (changed === 0) return { changed: 0, version: undefined };

      for (const id of changedDepartments) {
        await services.events.publish(trx as never, 'org.department.changed', { department_id: id });
      }
      const version = await repository.bumpDirectoryVersion(trx);
      await services.queue.enqueue(trx as never, 'org.provision', {}, { key: 'org.provision' });
      return { changed, version };
    },
  };

  async function admit(trx: OrgTrx, sorted: Sorted, now: Date, act: WriteAct): Promise<void> {
    for (const person of await repository.admitPeople(trx, [...sorted.admits], now)) {
      act('org.person.admit', `person:${person.id}`, {});
      await services.events.publish(trx as never, 'org.person.joined', {
        person_id: person.id,
        user_id: `@${person.localpart}:${services.homeserver.serverName}`,
      });
    }
  }

  async function publishPeople(
    trx: OrgTrx,
    part: Sorted,
    moved: ReadonlySet<string>,
    localparts: ReadonlyMap<string, string>,
  ): Promise<void> {
    const userId = (localpart: string): string => `@${localpart}:${services.homeserver.serverName}`;
    for (const person of part.personAdds.values()) {
      if (person.inactive) continue;
      await services.events.publish(trx as never, 'org.person.joined', {
        person_id: person.id,
        user_id: userId(person.localpart),
      });
    }
    for (const id of moved) {
      const localpart = localparts.get(id);
      if (localpart === undefined || part.personAdds.has(id)) continue;
      await services.events.publish(trx as never, 'org.person.moved', {
        person_id: id,
        user_id: userId(localpart),
      });
    }
  }

  async function applyLeavers(
    trx: OrgTrx,
    sorted: Sorted,
    context: ChangeContext,
    act: WriteAct,
  ): Promise<number> {
    if (sorted.leaves.size === 0) return 0;
    const rows = await repository.people(trx, [...sorted.leaves.keys()]);
    if (rows.length < sorted.leaves.size) throw platformErrors.not_found();
    const byReason = new Map<string | null, string[]>();
    let leaving = 0;
    const absent = rows.filter((row) => row.status === 'suspended').map((row) => row.id);
    for (const id of await repository.retirePeople(trx, absent, services.clock.now())) {
      act('org.person.closed', `person:${id}`, {});
    }
    for (const row of rows) {
      if (row.status === 'suspended' || row.status === 'left') continue;
      const reason = sorted.leaves.get(row.id) ?? null;
      const ids = byReason.get(reason);
      if (ids) ids.push(row.id);
      else byReason.set(reason, [row.id]);
      leaving++;
    }
    for (const [reason, ids] of byReason) await startLeaving(services, trx, ids, reason, context);
    return leaving;
  }
}

interface Begun {
  /** The whole of what is not of people who stay; of a set at hand, all of it. */
  sorted: Sorted;
  freed: Freed;
  departments: Map<string, DepartmentRow>;
  changedDepartments: Set<string>;
}

async function beginWith(trx: OrgTrx, sorted: Sorted, now: Date, act: WriteAct): Promise<Begun> {
  return { sorted, freed: new Map(), ...(await applyDepartments(trx, sorted, now, act)) };
}

/** Reads a large set for the first time: departments and leavers are taken as a whole, people part by part later. */
async function begin(trx: OrgTrx, changes: StoredChanges, now: Date, act: WriteAct): Promise<Begun> {
  const whole = sort([]);
  const claims: Parameters<typeof collectClaims>[1] = new Map();
  for await (const part of changes.parts()) {
    const sorted = sort(part);
    collectClaims(sorted, claims);
    for (const key of ['departmentAdds', 'departmentMoves', 'departmentEnds', 'mergers', 'leaves'] as const) {
      const all = whole[key] as Map<string, unknown>;
      for (const [id, value] of sorted[key]) all.set(id, value);
    }
    for (const id of sorted.admits) whole.admits.add(id);
    for (const [id, set] of sorted.departmentSets) {
      whole.departmentSets.set(id, { ...whole.departmentSets.get(id), ...set });
    }
  }
  const begun = await beginWith(trx, whole, now, act);
  return { ...begun, freed: await freeClaims(trx, claims) };
}
