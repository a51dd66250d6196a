import { makeErrors, platformErrors, type Actor, type GrantSource } from '@qiao/platform';
import { orgErrorTable } from '../../contract/errors.ts';
import { builtinRoles } from '../../contract/permissions.ts';
import { changesRepository } from '../changes.repository.ts';
import type { DepartmentTree } from '../directory/tree.ts';
import { loadTree } from '../directory/tree.repository.ts';
import { peopleRepository } from '../directory/people.repository.ts';
import { endLinksOfOthers } from '../lifecycle/links.ts';
import { cleanName } from '../names.ts';
import type { OrgContext } from '../context.ts';
import { outerTrx, type OrgDb, type OrgTrx } from '../tables.ts';
import { Held } from './held.ts';
import { requireMainAdminStays } from './main-admins.ts';
import { maySeeRole, requireGrantable, requireRevocable, requireRoleEdit } from './roles.policy.ts';
import { rolesRepository as repository, type GrantRow, type RoleRow } from './roles.repository.ts';

const errors = makeErrors('org', orgErrorTable);

/** What roles need of the domain's context. */
export type RolesContext = Pick<
  OrgContext,
  'access' | 'acts' | 'clock' | 'db' | 'homeserver' | 'random' | 'texts'
>;

/** A person who acts, with what they hold; `person_id` undefined for somebody without a person of ours. */
export interface Holder {
  readonly actor: Actor;
  readonly person_id: string | undefined;
  readonly held: Held;
}

export interface RoleWithCount extends RoleRow {
  grant_count: number;
}

const MAX_ROLE_NAME = 200;

/** `@localpart:server` → localpart. */
export const localpartOf = (userId: string): string => userId.slice(1, userId.indexOf(':'));

/** Roles, grants, and what everybody holds. */
export function createRoles(context: RolesContext) {
  const { access, acts, clock, homeserver, random, texts } = context;
  const db = context.db as OrgDb;
  const definitions = () => access.permissions();

  /** What the actor holds now; read anew for every request, so a role taken away ends at the next one. */
  async function holder(actor: Actor, on: OrgDb | OrgTrx = db): Promise<Holder> {
    const found = actor.local ? await repository.held(on, localpartOf(actor.userId), clock.now()) : undefined;
    const grants = found
      ? [...found.grants, { permissions: builtinRoles.member, department_id: null, ends_at: null }]
      : [];
    return { actor, person_id: found?.person_id, held: new Held(grants, definitions()) };
  }

  const grantSource: GrantSource = {
    async grants(userId, permission) {
      const { held } = await holder({ userId, local: true });
      return held.grants(permission);
    },
    within: (departmentId, roots) => repository.within(db, departmentId, roots),
  };

  /** Makes the built-in roles, or brings them up to this release. Safe to repeat and to run at once. */
  async function seed(on: OrgDb | OrgTrx = db): Promise<void> {
    await repository.seedBuiltins(on, [
      {
        id: random.uuid(),
        builtin: 'main_admin',
        permissions: definitions()
          .map(({ name }) => name)
          .sort(),
      },
      {
        id: random.uuid(),
        builtin: 'department_admin',
        permissions: [
          ...builtinRoles.department_admin,
          ...definitions().flatMap(({ name, roles }) =>
            roles?.includes('department_admin') === true ? [name] : [],
          ),
        ],
      },
      { id: random.uuid(), builtin: 'member', permissions: builtinRoles.member },
    ]);
  }

  async function uniqueName(trx: OrgTrx, name: string, except: string | null): Promise<string> {
    const clean = cleanName(name, MAX_ROLE_NAME);
    if (clean === undefined) throw errors.name_not_valid();
    // A role that calls itself like a built-in one would mislead whoever grants it.
    const reserved = ['main_admin', 'department_admin', 'member'].flatMap((builtin) => [
      builtin,
      texts.t('en', `org:roles.${builtin}`),
      texts.t('zh-Hans', `org:roles.${builtin}`),
    ]);
    const lower = clean.toLowerCase();
    if (
      reserved.some((one) => one.toLowerCase() === lower) ||
      (await repository.roleNameTaken(trx, clean, except))
    ) {
      throw errors.role_name_taken({ name: clean });
    }
    return clean;
  }

  function known(permissions: readonly string[]): string[] {
    const names = new Set(definitions().map(({ name }) => name));
    const wanted = [...new Set(permissions)].sort();
    if (wanted.some((permission) => !names.has(permission))) throw errors.permission_unknown();
    return wanted;
  }

  /**
   * Opens a transaction with the directory's lock, and judges the actor anew under it (ADR 48): roles and grants
   * change one after the other, as the directory does that they speak of.
   */
  async function locked<T>(
    actor: Actor,
    work: (trx: OrgTrx, held: Held, tree: DepartmentTree) => Promise<T>,
  ): Promise<T> {
    return db.transaction().execute(async (trx) => {
      await changesRepository.lock(trx);
      const { held } = await holder(actor, trx);
      return work(trx, held, await loadTree(trx));
    });
  }

  return {
    holder,
    grantSource,
    seed,

    /** @throws DomainError `platform.not_allowed` */
    async listRoles({ held }: Holder): Promise<RoleWithCount[]> {
      if (!held.somewhere('org.role.read')) throw platformErrors.not_allowed();
      const now = clock.now();
      const roles = await repository.roles(db, now);
      const reach = held.reach('org.role.read', await loadTree(db));
      if (reach === 'all') return roles;
      const counts = await repository.grantCounts(db, reach, now);
      return roles
        .map((role) => ({ ...role, grant_count: counts.get(role.id) ?? 0 }))
        .filter((role) => maySeeRole(held, { ...role, usedInReach: role.grant_count > 0 }));
    },

    async createRole(
      { actor, held: ahead }: Holder,
      role: { name: string; permissions: readonly string[] },
    ): Promise<RoleWithCount> {
      if (!ahead.somewhere('org.role.edit')) throw platformErrors.not_allowed();
      const permissions = known(role.permissions);
      return locked(actor, async (trx, held, tree) => {
        requireRoleEdit(held, tree, permissions);
        const id = random.uuid();
        const name = await uniqueName(trx, role.name, null);
        await repository.insertRole(trx, { id, name, permissions });
        await acts.record(outerTrx(trx), {
          actor: actor.userId,
          action: 'org.role.add',
          subject: `role:${id}`,
          scope: 'company',
          details: { name, permissions },
        });
        return { id, name, builtin: null, permissions, version: 1, grant_count: 0 };
      });
    },

    async changeRole(
      { actor, held: ahead }: Holder,
      id: string,
      change: { version: number; name?: string; permissions?: readonly string[] },
    ): Promise<RoleWithCount> {
      if (!ahead.somewhere('org.role.edit')) throw platformErrors.not_allowed();
      return locked(actor, async (trx, held, tree) => {
        if (!held.over('org.role.edit', null, tree)) throw platformErrors.not_allowed();
        const before = await repository.role(trx, id, true);
        if (!before) throw platformErrors.not_found();
        if (before.builtin !== null) throw errors.role_builtin();
        const permissions = change.permissions ? known(change.permissions) : before.permissions;
        requireRoleEdit(held, tree, [...new Set([...before.permissions, ...permissions])]);
        if (before.version !== change.version) throw platformErrors.changed_meanwhile();
        const name = change.name === undefined ? before.name : await uniqueName(trx, change.name, id);
        await repository.updateRole(trx, { id, name, permissions });
        await acts.record(outerTrx(trx), {
          actor: actor.userId,
          action: 'org.role.change',
          subject: `role:${id}`,
          scope: 'company',
          details: {
            before: { name: before.name, permissions: before.permissions },
            after: { name, permissions },
          },
        });
        const grant_count = await repository.countGrants(trx, id);
        return { ...before, name, permissions, version: before.version + 1, grant_count };
      });
    },

    async removeRole({ actor, held: ahead }: Holder, id: string): Promise<void> {
      if (!ahead.somewhere('org.role.edit')) throw platformErrors.not_allowed();
      await locked(actor, async (trx, held, tree) => {
        if (!held.over('org.role.edit', null, tree)) throw platformErrors.not_allowed();
        const before = await repository.role(trx, id, true);
        if (!before) throw platformErrors.not_found();
        if (before.builtin !== null) throw errors.role_builtin();
        requireRoleEdit(held, tree, before.permissions);
        await repository.deleteEndedGrants(trx, id, clock.now());
        const count = await repository.countGrants(trx, id);
        if (count > 0) throw errors.role_in_use({ count });
        await repository.deleteRole(trx, id);
        await acts.record(outerTrx(trx), {
          actor: actor.userId,
          action: 'org.role.remove',
          subject: `role:${id}`,
          scope: 'company',
          details: { name: before.name },
        });
      });
    },

    async listGrants(
      { held }: Holder,
      filter: { person_id?: string; role_id?: string; limit: number; after?: { at: string; id: string } },
    ): Promise<GrantRow[]> {
      if (!held.somewhere('org.role.read')) throw platformErrors.not_allowed();
      const within = held.reach('org.role.read', await loadTree(db));
      return repository.grants(db, { ...filter, within, now: clock.now() });
    },

    async createGrant(
      { actor, held: ahead }: Holder,
      grant: { person_id: string; role_id: string; department_id: string | null; ends_at: Date | null },
    ): Promise<GrantRow> {
      if (!ahead.somewhere('org.role.grant')) throw platformErrors.not_allowed();
      const now = clock.now();
      const { department_id: departmentId } = grant;
      return locked(actor, async (trx, held, tree) => {
        if (!held.over('org.role.grant', departmentId, tree)) throw platformErrors.not_found();
        const department = departmentId === null ? undefined : tree.get(departmentId);
        if (departmentId !== null) {
          if (!department) throw platformErrors.not_found();
          if (department.state !== 'active') throw errors.department_ended();
        }
        const role = await repository.role(trx, grant.role_id, true);
        if (!role) throw platformErrors.not_found();
        // Somebody who may not see the role learns nothing of it.
        const terms = { permissions: role.permissions, department_id: departmentId, ends_at: grant.ends_at };
        requireGrantable(held, tree, terms);
        const person = (await peopleRepository.targets(trx, [grant.person_id], now)).get(grant.person_id);
        const reach = held.reach('org.role.grant', tree);
        if (!person || !(reach === 'all' || person.places.some((place) => reach.has(place.department_id)))) {
          throw platformErrors.not_found();
        }
        if (person.status === 'left' || person.status === 'suspended') throw errors.person_ended();
        if (role.builtin === 'member' || (role.builtin === 'main_admin' && departmentId !== null)) {
          throw errors.grant_not_valid();
        }
        if (grant.ends_at !== null && grant.ends_at <= now) throw errors.grant_not_valid();
        const existing = await repository.findGrant(trx, grant);
        if (existing) {
          if (existing.ends_at === null || existing.ends_at > now) throw platformErrors.conflict();
          await repository.deleteGrant(trx, existing.id);
        }
        const id = random.uuid();
        await repository.insertGrant(trx, { ...grant, id, granted_by: actor.userId, granted_at: now });
        await endLinksOfOthers(trx, grant.person_id, actor.userId, homeserver.serverName);
        await acts.record(outerTrx(trx), {
          actor: actor.userId,
          action: 'org.role.grant',
          subject: `person:${grant.person_id}`,
          scope: departmentId === null ? 'company' : `department:${departmentId}`,
          details: {
            grant_id: id,
            role_id: role.id,
            role: role.name,
            department_id: departmentId,
            ends_at: grant.ends_at?.toISOString() ?? null,
          },
        });
        const [row] = await repository.grants(trx, { id, within: 'all', limit: 1, now });
        if (!row) throw platformErrors.internal();
        return row;
      });
    },

    async removeGrant({ actor, held: ahead }: Holder, id: string): Promise<void> {
      if (!ahead.somewhere('org.role.grant')) throw platformErrors.not_allowed();
      const now = clock.now();
      await locked(actor, async (trx, held, tree) => {
        const [row] = await repository.grants(trx, { id, within: 'all', limit: 1, now });
        if (!row) throw platformErrors.not_found();
        requireRevocable(held, tree, row);
        if (row.builtin === 'main_admin' && row.department_id === null) {
          await requireMainAdminStays(trx, { grants: [id] });
        }
        if (!(await repository.deleteGrant(trx, id))) throw platformErrors.not_found();
        await acts.record(outerTrx(trx), {
          actor: actor.userId,
          action: 'org.role.revoke',
          subject: `person:${row.person_id}`,
          scope: row.department_id === null ? 'company' : `department:${row.department_id}`,
          details: {
            grant_id: id,
            role_id: row.role_id,
            role: row.role_name,
            department_id: row.department_id,
          },
        });
      });
    },

    /** Makes a person a main administrator over the company, without an end. Changes nothing when repeated. */
    async grantMainAdmin(trx: OrgTrx, personId: string, by: string): Promise<void> {
      await seed(trx);
      const now = clock.now();
      const role = (await repository.roles(trx, now)).find((one) => one.builtin === 'main_admin');
      if (!role) throw platformErrors.internal();
      const grant = { person_id: personId, role_id: role.id, department_id: null };
      const existing = await repository.findGrant(trx, grant);
      if (existing?.ends_at === null) return;
      if (existing) await repository.deleteGrant(trx, existing.id);
      const id = random.uuid();
      await repository.insertGrant(trx, { ...grant, id, granted_by: by, granted_at: now, ends_at: null });
      await acts.record(outerTrx(trx), {
        actor: by,
        action: 'org.role.grant',
        subject: `person:${personId}`,
        scope: 'company',
        details: { grant_id: id, role_id: role.id, role: role.name, department_id: null, ends_at: null },
      });
    },
  };
}
export type Roles = ReturnType<typeof createRoles>;
