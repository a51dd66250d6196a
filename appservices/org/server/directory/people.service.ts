import { cutPage, makeErrors, platformErrors, readCursor, writeCursor, type Actor } from '@qiao/platform';
import type { Static } from 'typebox';
import type { CreatePerson, PatchPerson, PeoplePage, Person, PersonDetail } from '../../contract/api.ts';
import { orgErrorTable } from '../../contract/errors.ts';
import type { OrgPermission } from '../../contract/permissions.ts';
import type { DirectoryChange, PersonFacts, Placement } from '../changes.ts';
import { changesRepository } from '../changes.repository.ts';
import type { Changes } from '../changes.service.ts';
import { makeLocalpart } from '../imports/localpart.ts';
import { reaches } from '../roles/held.ts';
import type { Holder, Roles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import type { Visibility } from '../visibility/visibility.service.ts';
import { today } from './departments.service.ts';
import {
  holdsAllOf,
  mayReadPerson,
  movedPlaces,
  requireManagePerson,
  type PersonTarget,
} from './people.policy.ts';
import {
  peopleRepository as repository,
  type PeopleFilter,
  type PersonRow,
  type RefRow,
} from './people.repository.ts';
import { cleanForm, wishedPlaces, type PersonForm } from './people.ts';
import { presentPerson, presentPlace, presentRef } from './present.ts';
import { withoutOthers } from './refusals.ts';
import { searchWords } from './search.ts';
import { loadTree } from './tree.repository.ts';
import type { DepartmentTree } from './tree.ts';

const errors = makeErrors('org', orgErrorTable);

export type PeopleContext = Pick<OrgContext, 'clock' | 'db' | 'homeserver' | 'random'>;
interface PeopleQuery {
  q?: string;
  department_id?: string;
  subtree?: boolean;
  status?: Person['status'];
  activated?: boolean;
  after?: string;
  limit: number;
}

const EMPTY: PersonFacts = {
  external_id: null,
  display_name: '',
  given_name: null,
  family_name: null,
  email: null,
  phone: null,
  title: null,
  locale: null,
  manager_id: null,
  starts_on: null,
  ends_on: null,
};

/** People for the console, and the one answer to "may this actor manage that person". */
export function createPeople(
  context: PeopleContext,
  services: { changes: Changes; roles: Roles; visibility: Visibility },
) {
  const { clock, random, homeserver } = context;
  const { changes, roles, visibility } = services;
  const { serverName } = homeserver;
  const db = context.db as OrgDb;

  async function target(id: string, on: OrgDb | OrgTrx = db): Promise<PersonTarget | undefined> {
    return (await repository.targets(on, [id], clock.now())).get(id);
  }

  /** Names of people the actor may know: in reach in the console, or seen in the directory. */
  async function knownRefs(
    on: OrgDb | OrgTrx,
    { actor, held }: Holder,
    tree: DepartmentTree,
    ids: readonly string[],
  ): Promise<Map<string, RefRow>> {
    const refs = await repository.refs(on, ids);
    if (held.reach('org.person.read', tree) === 'all') return refs;
    const targets = await repository.targets(on, [...refs.keys()], clock.now());
    const seen = await visibility.seen(actor, [...refs.keys()], on);
    return new Map(
      [...refs].filter(([id]) => {
        const one = targets.get(id);
        return seen.has(id) || (one !== undefined && mayReadPerson(held, tree, one));
      }),
    );
  }

  async function present(
    on: OrgDb | OrgTrx,
    holder: Holder,
    tree: DepartmentTree,
    rows: readonly PersonRow[],
  ): Promise<Person[]> {
    const { held } = holder;
    const ids = rows.map((row) => row.id);
    const places = await repository.places(on, ids);
    const targets = await repository.targets(on, ids, clock.now());
    const managers = [...new Set(rows.flatMap((row) => row.manager_id ?? []))];
    const refs = await knownRefs(on, holder, tree, managers);
    const reach = held.reach('org.person.read', tree);
    return rows.map((row) =>
      presentPerson(row, {
        held,
        tree,
        reach,
        target: targets.get(row.id),
        places: places.get(row.id) ?? [],
        refs,
        serverName,
      }),
    );
  }

  async function one(on: OrgDb | OrgTrx, holder: Holder, id: string): Promise<Person> {
    const row = await repository.find(on, id);
    const [item] = row ? await present(on, holder, await loadTree(on), [row]) : [];
    if (!item) throw platformErrors.not_found();
    return item;
  }

  /** As in `createDepartments`: judged and changed under the directory's lock. */
  function locked<T>(actor: Actor, work: (trx: OrgTrx, holder: Holder) => Promise<T>): Promise<T> {
    return db.transaction().execute(async (trx) => {
      await changesRepository.lock(trx);
      const holder = await roles.holder(actor, trx);
      const seesAll = holder.held.grants('org.person.read').company;
      return withoutOthers(seesAll, () => work(trx, holder));
    });
  }

  /** A manager is somebody the actor may know, and who is here. */
  async function requireManager(
    trx: OrgTrx,
    holder: Holder,
    tree: DepartmentTree,
    id: string,
  ): Promise<void> {
    if (!(await knownRefs(trx, holder, tree, [id])).has(id)) throw platformErrors.not_found();
    const { status } = (await target(id, trx)) ?? { status: 'left' };
    if (status === 'left' || status === 'suspended') throw errors.person_ended();
  }

  /** Facts that imports and the leaver's life-cycle go by are not everybody's to set who may edit a person. */
  function requireFacts(
    { held }: Holder,
    tree: DepartmentTree,
    form: PersonForm,
    before: Pick<PersonFacts, 'external_id' | 'ends_on'>,
    homes: readonly string[],
  ): void {
    // An id taken in advance would make a coming import take this account for somebody else's.
    if (form.external_id !== undefined && form.external_id !== before.external_id) {
      if (!held.over('org.person.edit', null, tree)) throw platformErrors.not_allowed();
    }
    // On this day the person is let go.
    if (form.ends_on !== undefined && form.ends_on !== before.ends_on) {
      const all = homes.length === 0 ? [null] : homes;
      if (!all.every((home) => held.over('org.person.offboard', home, tree)))
        throw platformErrors.not_allowed();
    }
  }

  /** Where a person is after a mover, as far as the actor may decide it. */
  async function mover(
    trx: OrgTrx,
    { held }: Holder,
    tree: DepartmentTree,
    about: PersonTarget,
    wished: NonNullable<Static<typeof PatchPerson>['departments']>,
  ): Promise<Placement[]> {
    // Somebody with rights of their own is moved only by who holds these rights, too.
    if (!holdsAllOf(held, tree, about.grants)) throw platformErrors.not_allowed();
    const reach = {
      read: held.reach('org.person.read', tree),
      edit: held.reach('org.person.edit', tree),
    };
    const present = ((await repository.places(trx, [about.id])).get(about.id) ?? []).filter(
      (place) => place.until === null,
    );
    const named = new Set(wished.map((place) => place.department_id));
    const primaryElsewhere = present.some(
      (place) =>
        place.is_primary && !reaches(reach.edit, place.department_id) && !named.has(place.department_id),
    );
    const placements = movedPlaces(present, wishedPlaces(wished, primaryElsewhere), reach);
    if (placements.some((place) => !tree.get(place.department_id))) throw platformErrors.not_found();
    return placements.map(({ department_id, is_primary, is_head, title }) => ({
      department_id,
      is_primary,
      is_head,
      title,
    }));
  }

  return {
    async list(holder: Holder, query: PeopleQuery): Promise<Static<typeof PeoplePage>> {
      const { held } = holder;
      if (!held.somewhere('org.person.read')) throw platformErrors.not_allowed();
      const tree = await loadTree(db);
      const reach = held.reach('org.person.read', tree);
      let departments: Set<string> | undefined;
      if (query.department_id !== undefined) {
        const id = query.department_id;
        if (!tree.get(id) || !reaches(reach, id)) throw platformErrors.not_found();
        departments = query.subtree === false ? new Set([id]) : tree.subtree([id]);
      }
      const filter: PeopleFilter = {
        reach,
        words: searchWords(query.q),
        departments,
        status: query.status,
        activated: query.activated,
      };
      const cursor = readCursor(query.after);
      const after = cursor ? { name: cursor.value, id: cursor.id } : undefined;
      const [rows, total] = await Promise.all([
        repository.list(db, filter, { after, limit: query.limit + 1 }),
        repository.count(db, filter),
      ]);
      const { page, next } = cutPage(rows, query.limit, (row) => writeCursor(row.sort_name, row.id));
      return { items: await present(db, holder, tree, page), next, total };
    },

    async detail(holder: Holder, id: string): Promise<PersonDetail> {
      const { held } = holder;
      if (!held.somewhere('org.person.read')) throw platformErrors.not_allowed();
      const tree = await loadTree(db);
      const [about, row] = await Promise.all([target(id), repository.find(db, id)]);
      if (!about || !row || !mayReadPerson(held, tree, about)) throw platformErrors.not_found();
      const [person] = await present(db, holder, tree, [row]);
      if (!person) throw platformErrors.not_found();
      const [history, reports, line, offboarding] = await Promise.all([
        repository.history(db, id),
        repository.reports(db, id),
        repository.reportingLine(db, id),
        repository.openOffboarding(db, id),
      ]);
      const known = await knownRefs(
        db,
        holder,
        tree,
        [...reports, ...line].map((ref) => ref.id),
      );
      const reach = held.reach('org.person.read', tree);
      const refs = (rows: readonly RefRow[]) =>
        rows.filter((ref) => known.has(ref.id)).map((ref) => presentRef(ref, serverName));
      return {
        ...person,
        history: history.filter((place) => reaches(reach, place.department_id)).map(presentPlace),
        reports: refs(reports),
        reporting_line: refs(line),
        offboarding_id: offboarding,
      };
    },

    async create({ actor, held }: Holder, body: Static<typeof CreatePerson>): Promise<Person> {
      if (!held.somewhere('org.person.edit')) throw platformErrors.not_allowed();
      const { departments, localpart: given, ...facts } = body;
      const placements = wishedPlaces(departments, false);
      const form = cleanForm(facts);
      const id = random.uuid();
      return locked(actor, async (trx, holder) => {
        const tree = await loadTree(trx);
        movedPlaces([], placements, {
          read: holder.held.reach('org.person.read', tree),
          edit: holder.held.reach('org.person.edit', tree),
        });
        if (placements.some((place) => !tree.get(place.department_id))) throw platformErrors.not_found();
        const homes = placements.filter((place) => place.is_primary).map((place) => place.department_id);
        requireFacts(holder, tree, form, EMPTY, homes);
        if (form.manager_id) await requireManager(trx, holder, tree, form.manager_id);
        const localpart =
          given ??
          makeLocalpart(
            {
              email: form.email ?? null,
              display_name: form.display_name ?? null,
              given_name: form.given_name ?? null,
              family_name: form.family_name ?? null,
            },
            await repository.localparts(trx),
          );
        const person = { ...EMPTY, ...form, id, localpart, source_id: null };
        await changes.applyChanges(trx, [{ kind: 'person_add', person, placements }], {
          actor: actor.userId,
          on: today(clock.now()),
        });
        return one(trx, holder, id);
      });
    },

    async change({ actor, held }: Holder, id: string, body: Static<typeof PatchPerson>): Promise<Person> {
      if (!held.somewhere('org.person.edit')) throw platformErrors.not_allowed();
      const { version, departments, ...facts } = body;
      const form = cleanForm(facts);
      return locked(actor, async (trx, holder) => {
        const tree = await loadTree(trx);
        const about = await target(id, trx);
        const row = await repository.find(trx, id);
        if (!about || !row || !mayReadPerson(holder.held, tree, about)) throw platformErrors.not_found();
        const list: DirectoryChange[] = [];
        if (Object.keys(form).length > 0) {
          requireManagePerson(holder.held, tree, about, 'org.person.edit');
          const homes = about.places.filter((place) => place.is_primary).map((place) => place.department_id);
          requireFacts(holder, tree, form, row, homes);
          if (form.manager_id && form.manager_id !== row.manager_id) {
            if (form.manager_id === id) throw errors.would_make_cycle();
            await requireManager(trx, holder, tree, form.manager_id);
          }
          list.push({ kind: 'person_change', id, set: form });
        }
        if (departments) {
          const placements = await mover(trx, holder, tree, about, departments);
          list.push({ kind: 'person_place', id, placements });
        }
        if (row.status === 'left' || row.status === 'suspended') throw errors.person_ended();
        if (row.version !== version) throw platformErrors.changed_meanwhile();
        await changes.applyChanges(trx, list, { actor: actor.userId, on: today(clock.now()) });
        return one(trx, holder, id);
      });
    },

    /**
     * Whether the actor may act on a person's account or life-cycle; every area that resets a link, lets somebody
     * go or hands something over asks here. See `mayManagePerson`.
     * @throws DomainError `platform.not_found`, `platform.not_allowed`
     */
    async requireManage(actor: Actor, personId: string, permission: OrgPermission): Promise<PersonTarget> {
      const { held } = await roles.holder(actor);
      const tree = await loadTree(db);
      const about = await target(personId);
      requireManagePerson(held, tree, about, permission);
      return about;
    },
  };
}
export type People = ReturnType<typeof createPeople>;
