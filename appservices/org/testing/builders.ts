import { randomUUID } from 'node:crypto';
import type { Placement } from '../server/changes.ts';
import type { OrgDb } from '../server/tables.ts';
import { nameColumns } from '../server/directory/name-columns.ts';

/*
 * Builders of rows for tests that need a company and not the way it came about. They write tables directly, so
 * that a test of another domain needs no change engine; a test of org itself goes through `applyChanges`.
 */

/** A department to be built; only the name matters. */
export interface BuildDepartment {
  id?: string;
  parent_id?: string | null;
  hidden?: boolean;
  include_sub?: boolean;
  position?: number;
  external_id?: string | null;
  state?: 'active' | 'dissolved' | 'converted';
}

/** A person to be built; `departments`: the first is the primary one. */
export interface BuildPerson {
  id?: string;
  localpart?: string;
  departments?: (string | Partial<Placement>)[];
  given_name?: string | null;
  family_name?: string | null;
  email?: string | null;
  phone?: string | null;
  title?: string | null;
  locale?: 'zh-Hans' | 'en' | null;
  manager_id?: string | null;
  external_id?: string | null;
  status?: 'joining' | 'active' | 'suspended' | 'left';
  account?: 'none' | 'created' | 'locked' | 'deactivated';
  source_id?: string | null;
  /** Has a device with keys; without: as far as the person is active and has an account. */
  keys?: boolean;
}

export interface BuiltPerson {
  readonly id: string;
  readonly localpart: string;
}

let number = 0;

/** Makes a department; answers its id. */
export async function buildDepartment(db: OrgDb, name: string, more: BuildDepartment = {}): Promise<string> {
  const id = more.id ?? randomUUID();
  await db
    .insertInto('org.department')
    .values({
      id,
      name,
      parent_id: more.parent_id ?? null,
      hidden: more.hidden ?? false,
      include_sub: more.include_sub ?? false,
      position: more.position ?? number++,
      external_id: more.external_id ?? null,
      state: more.state ?? 'active',
      space_id: null,
      room_id: null,
      ended_at: more.state === undefined || more.state === 'active' ? null : new Date(),
    })
    .execute();
  return id;
}

/** Makes an active person; the localpart is unique by itself. */
export async function buildPerson(
  db: OrgDb,
  displayName: string,
  more: BuildPerson = {},
): Promise<BuiltPerson> {
  const id = more.id ?? randomUUID();
  const localpart = more.localpart ?? `person${String(number++)}`;
  const facts = {
    display_name: displayName,
    given_name: more.given_name ?? null,
    family_name: more.family_name ?? null,
    email: more.email ?? null,
    phone: more.phone ?? null,
    title: more.title ?? null,
    locale: more.locale ?? null,
    manager_id: more.manager_id ?? null,
    external_id: more.external_id ?? null,
  };
  const status = more.status ?? 'active';
  const account = more.account ?? 'created';
  await db
    .insertInto('org.person')
    .values({
      ...facts,
      id,
      localpart,
      status,
      account,
      activated_at: status === 'joining' ? null : new Date(),
      keys_at: (more.keys ?? (status === 'active' && account === 'created')) ? new Date() : null,
      starts_on: null,
      ends_on: null,
      source_id: more.source_id ?? null,
      ...nameColumns(facts),
    })
    .execute();
  const places = (more.departments ?? []).map((one) =>
    typeof one === 'string' ? { department_id: one } : one,
  );
  const marked = places.some((place) => place.is_primary);
  for (const [at, place] of places.entries()) {
    if (place.department_id === undefined) throw new Error('buildPerson: a placement needs its department');
    await db
      .insertInto('org.membership')
      .values({
        id: randomUUID(),
        person_id: id,
        department_id: place.department_id,
        is_primary: place.is_primary ?? (!marked && at === 0),
        is_head: place.is_head ?? false,
        title: place.title ?? null,
        since: '2020-01-01',
        until: null,
      })
      .execute();
  }
  return { id, localpart };
}

/** Makes a role of one's own; answers its id. */
export async function buildRole(db: OrgDb, name: string, permissions: readonly string[]): Promise<string> {
  const id = randomUUID();
  await db
    .insertInto('org.role')
    .values({ id, name, permissions: [...permissions], builtin: null })
    .execute();
  return id;
}

/** Gives a role over a department's subtree, or (null) the company; a built-in role by its name. */
export async function buildGrant(
  db: OrgDb,
  grant: {
    person_id: string;
    role: string;
    department_id?: string | null;
    ends_at?: Date | null;
  },
): Promise<string> {
  const id = randomUUID();
  const role = await db
    .selectFrom('org.role')
    .select('id')
    .where((where) => where.or([where('builtin', '=', grant.role), where('name', '=', grant.role)]))
    .executeTakeFirstOrThrow();
  await db
    .insertInto('org.role_grant')
    .values({
      id,
      person_id: grant.person_id,
      role_id: role.id,
      department_id: grant.department_id ?? null,
      granted_by: 'system:test',
      ends_at: grant.ends_at ?? null,
    })
    .execute();
  return id;
}
