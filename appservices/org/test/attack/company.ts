import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineModule, type DomainModule } from '@qiao/platform';
import type { TestAnswer, TestCall } from '@qiao/platform/testing';
import { sql } from 'kysely';
import org from '../../module.ts';
import {
  buildDepartment,
  buildGrant,
  buildPerson,
  buildRole,
  openTestOrg,
  type BuildPerson,
  type TestOrg,
} from '../../testing/index.ts';

/** Stands in every name, mail and title of subtree B: wherever an answer to A's admin holds it, something leaks. */
export const SECRET = 'Bsecret';

/** A route as fastify was told of it. */
export interface KnownRoute {
  readonly method: string;
  readonly url: string;
}

/** The org domain with a note of every route it registers, also those a colleague adds tomorrow. */
function noting(routes: KnownRoute[]): DomainModule {
  return defineModule({
    ...org,
    setup: async (context) => {
      const parts = await org.setup(context);
      const note = (route: { method: string | string[]; url: string }): void => {
        for (const method of [route.method].flat()) {
          if (method !== 'HEAD' && method !== 'OPTIONS') routes.push({ method, url: route.url });
        }
      };
      return {
        ...parts,
        routes: async (http) => {
          http.addHook('onRoute', note);
          await parts.routes?.(http);
        },
        protocols: (parts.protocols ?? []).map((protocol) => ({
          ...protocol,
          routes: async (app) => {
            app.addHook('onRoute', note);
            await protocol.routes(app);
          },
        })),
      };
    },
  });
}

/**
 * A company with two subtrees. A's admin attacks B, which is hidden, and whose people A's are told not to see: so
 * nothing of B may ever reach them. In A's own subtree sits a main administrator, and somebody lent from B.
 */
export interface AttackedCompany {
  readonly org: TestOrg;
  readonly routes: readonly KnownRoute[];
  readonly as: Readonly<Record<'main' | 'admin' | 'member' | 'nobody' | 'partner', TestCall>>;
  /** Ids by name. */
  readonly id: Readonly<Record<string, string>>;
  /** The Matrix id of a person by the name of their id. */
  readonly userId: (key: string) => string;
  /** One hash over all tables of org and its acts: what must be the same after an attack. */
  fingerprint(): Promise<string>;
  /** A fresh department at the top with a person in it, for what the main administrator does. */
  fresh(): Promise<{ department: string; other: string; person: string; source: string }>;
  close(): Promise<void>;
}

const nothing: TestCall = () =>
  Promise.resolve({ status: 0, headers: {}, text: '', body: undefined } as TestAnswer);

export async function openAttackedCompany(): Promise<AttackedCompany> {
  const routes: KnownRoute[] = [];
  const test = await openTestOrg({ domains: [noting(routes)] });
  const { db, host } = test;
  const id: Record<string, string> = {};
  const known = (key: string): string => {
    const found = id[key];
    if (found === undefined) throw new Error(`no id for ${key}`);
    return found;
  };
  const people: Record<string, { id: string; localpart: string }> = {};
  const person = async (key: string, name: string, more: BuildPerson): Promise<string> => {
    const built = await buildPerson(db, name, more);
    people[key] = built;
    id[key] = built.id;
    return built.id;
  };

  const root = (id.root = await buildDepartment(db, '公司'));
  const a = (id.a = await buildDepartment(db, 'A', { parent_id: root }));
  const a1 = (id.a1 = await buildDepartment(db, 'A1', { parent_id: a }));
  id.a2 = await buildDepartment(db, 'A2', { parent_id: a });
  const b = (id.b = await buildDepartment(db, SECRET, { parent_id: root, hidden: true }));
  const b1 = (id.b1 = await buildDepartment(db, `${SECRET} one`, { parent_id: b }));
  id.b2 = await buildDepartment(db, `${SECRET} two`, { parent_id: b });
  id.bEnded = await buildDepartment(db, `${SECRET} ended`, { parent_id: b, state: 'dissolved' });

  const main = await person('main', 'Main', { departments: [root], email: 'main@example.com' });
  await person('main2', 'Second main', { departments: [a1] });
  await person('admin', 'Admin A', { departments: [a], manager_id: main });
  await person('member', 'Member A', { departments: [a1], manager_id: known('admin') });
  await person('ann', 'Ann', { departments: [a1], manager_id: known('admin') });
  await person('adminB', `${SECRET} Admin`, {
    departments: [{ department_id: b, is_head: true }],
    email: `${SECRET}.admin@example.com`,
    title: `${SECRET} title`,
  });
  await person('bob', `${SECRET} Bob`, {
    departments: [b1],
    manager_id: known('adminB'),
    email: `${SECRET}.bob@example.com`,
    phone: '+1 555 0100',
    external_id: `${SECRET}-7`,
  });
  await person('bea', `${SECRET} Bea`, { departments: [b1], manager_id: known('bob') });
  await person('newB', `${SECRET} New`, { departments: [b1], status: 'joining', manager_id: known('bea') });
  await person('lent', 'Lent', { departments: [b1, a1], manager_id: known('adminB') });
  await person('leaverA', 'Leaver A', { departments: [{ department_id: a1, is_head: true }] });
  await person('headA', 'Head A', { departments: [{ department_id: a1, is_head: true }] });

  await buildRole(db, 'Reader', ['org.person.read']);
  id.roleB = await buildRole(db, `${SECRET} role`, ['org.import.run']);
  id.unusedRole = await buildRole(db, 'Unused', ['org.visibility.edit']);
  await buildGrant(db, { person_id: main, role: 'main_admin' });
  await buildGrant(db, { person_id: known('main2'), role: 'main_admin' });
  await buildGrant(db, { person_id: known('admin'), role: 'department_admin', department_id: a });
  id.grantB = await buildGrant(db, {
    person_id: known('adminB'),
    role: 'department_admin',
    department_id: b,
  });
  for (const builtin of ['main_admin', 'department_admin', 'member']) {
    const row = await db
      .selectFrom('org.role')
      .select('id')
      .where('builtin', '=', builtin)
      .executeTakeFirstOrThrow();
    id[builtin] = row.id;
  }
  await db
    .insertInto('org.visibility_rule')
    .values({
      id: randomUUID(),
      position: 0,
      viewer: JSON.stringify({ departments: [a] }),
      target: JSON.stringify({ departments: [b] }),
      can_see: false,
      can_contact: false,
      note: null,
    })
    .execute();

  id.source = randomUUID();
  await db
    .insertInto('org.source')
    .values({
      id: id.source,
      kind: 'scim',
      name: `${SECRET} source`,
      schedule: null,
      last_run_at: null,
      next_run_at: null,
    })
    .execute();
  id.scimToken = randomUUID();
  await db
    .insertInto('org.scim_token')
    .values({
      id: id.scimToken,
      name: `${SECRET} token`,
      token_hash: Buffer.from(randomUUID()),
      source_id: id.source,
      created_by: '@main:qiao.test',
      last_used_at: null,
      expires_at: null,
    })
    .execute();
  id.run = randomUUID();
  await db
    .insertInto('org.import_run')
    .values({
      id: id.run,
      source_id: id.source,
      kind: 'csv',
      state: 'checked',
      file_name: `${SECRET}.csv`,
      file_path: null,
      encoding: 'utf-8',
      base_version: null,
      started_by: '@main:qiao.test',
      checked_at: new Date(),
      applied_at: null,
      ended_at: null,
    })
    .execute();

  await db
    .insertInto('org.provision_problem')
    .values({ subject: `person:${known('bob')}`, kind: 'account', code: `${SECRET} taken`, detail: null })
    .execute();

  // Of B: a request for a new password, mails that failed and that were kept, a round of activation mails.
  id.requestB = randomUUID();
  id.mailB = randomUUID();
  id.keptB = randomUUID();
  id.mailing = randomUUID();
  await db
    .insertInto('org.password_request')
    .values({
      id: id.requestB,
      person_id: known('bob'),
      first_at: new Date(),
      last_at: new Date(),
      state: 'open',
      mail_id: null,
      mailed_at: null,
      told_at: null,
    })
    .execute();
  await db
    .insertInto('org.activation_mailing')
    .values({ id: id.mailing, started_by: '@main:qiao.test', started_at: new Date(), without_email: [] })
    .execute();
  for (const [mail, state] of [
    [id.mailB, 'failed'],
    [id.keptB, 'kept'],
  ] as const) {
    await sql`insert into platform.mail (id, domain, kind, to_address, person, requested_by, batch, state, created_at,
        give_up_at)
      values (${mail}, 'org', 'activation', ${`${SECRET}.bob@example.com`}, ${known('bob')}, '@main:qiao.test',
        ${id.mailing}, ${state}, now(), now())`.execute(db);
  }
  mkdirSync(join(host.site.varDir, 'mail'), { recursive: true });
  writeFileSync(join(host.site.varDir, 'mail', `${id.keptB}.eml`), `Subject: ${SECRET}\r\n\r\n${SECRET}\r\n`);

  const as = async (key: string): Promise<TestCall> =>
    host.as(test.userId(people[key] ?? { localpart: key }));
  const calls = {
    main: await as('main'),
    admin: await as('admin'),
    member: await as('member'),
    nobody: nothing,
    partner: await host.as('@someone:partner.test'),
  };
  // The leavers, begun by the main administrator.
  for (const key of ['bea', 'leaverA'] as const) {
    const started = await calls.main('POST', `/api/org/people/${id[key]}/offboarding`, {});
    if (started.status !== 201) throw new Error(`offboarding: ${started.text}`);
    const body = started.body as { id: string; items: { id: string }[] };
    id[`${key}Offboarding`] = body.id;
    id[`${key}Item`] = body.items[0]?.id ?? randomUUID();
  }

  const tables = await sql<{ name: string }>`select table_name as name from information_schema.tables
    where table_schema = 'org' and table_type = 'BASE TABLE' order by 1`.execute(db);
  let number = 0;
  return {
    org: test,
    routes,
    as: calls,
    id,
    userId: (key) => {
      const built = people[key];
      if (!built) throw new Error(`nobody is ${key}`);
      return test.userId(built);
    },
    async fingerprint() {
      const parts = [];
      for (const { name } of tables.rows) {
        if (name.startsWith('kysely_')) continue;
        const { rows } = await sql<{
          hash: string;
        }>`select coalesce(md5(string_agg(t::text, '|' order by t::text)), '')
          as hash from ${sql.table(`org.${name}`)} t`.execute(db);
        parts.push(`${name} ${rows[0]?.hash ?? ''}`);
      }
      const mails = await sql<{
        hash: string;
      }>`select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as hash
        from platform.mail t`.execute(db);
      parts.push(`mails ${mails.rows[0]?.hash ?? ''}`);
      const acts = await sql<{ count: number }>`select count(*) as count from platform.act`.execute(db);
      parts.push(`acts ${String(acts.rows[0]?.count)}`);
      return parts.join('\n');
    },
    async fresh() {
      number++;
      const department = await buildDepartment(db, `Fresh ${String(number)}`);
      const other = await buildDepartment(db, `Other ${String(number)}`);
      const built = await buildPerson(db, `Fresh person ${String(number)}`, { departments: [department] });
      const source = randomUUID();
      await db
        .insertInto('org.source')
        .values({
          id: source,
          kind: 'csv',
          name: `Fresh ${String(number)}`,
          settings: JSON.stringify({ path: 'people.csv' }),
          schedule: null,
          last_run_at: null,
          next_run_at: null,
        })
        .execute();
      return { department, other, person: built.id, source };
    },
    close: () => test.close(),
  };
}
