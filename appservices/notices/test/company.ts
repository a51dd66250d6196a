import type { HandoverRegistry, HandoverSource } from '@qiao/org/contract';
import org from '@qiao/org/module';
import {
  buildDepartment,
  buildGrant,
  buildPerson,
  buildRole,
  openTestOrg,
  type TestOrg,
} from '@qiao/org/testing';
import { defineModule, type DomainModule } from '@qiao/platform';
import type { TestCall } from '@qiao/platform/testing';
import push from '@qiao/push/module';
import { PushService } from '@qiao/push/testing';
import { makeUser, testStack, type TestUser } from '@qiao/testkit';
import { sql } from 'kysely';
import notices from '../module.ts';
import { SEND_NOTICE } from '../contract/index.ts';
import type { NoticesDb } from '../server/tables.ts';

/** Stands in every name of subtree B: wherever an answer to A's people holds it, something leaks. */
export const SECRET = 'Bsecret';

export interface KnownRoute {
  readonly method: string;
  readonly url: string;
}

/** The domain with a note of every route it registers, also those a colleague adds tomorrow, and of its hand-overs. */
function noting(routes: KnownRoute[], sources: HandoverSource[]): DomainModule {
  return defineModule({
    ...notices,
    setup: async (context) => {
      const noted: HandoverRegistry = { register: (source) => void sources.push(source) };
      const parts = await notices.setup({
        ...context,
        use: (contract) => (contract === 'org.handover' ? noted : context.use(contract)),
      });
      return {
        ...parts,
        routes: async (http) => {
          http.addHook('onRoute', (route: { method: string | string[]; url: string }) => {
            for (const method of [route.method].flat())
              if (method !== 'HEAD' && method !== 'OPTIONS') routes.push({ method, url: route.url });
          });
          await parts.routes?.(http);
        },
      };
    },
  });
}

/** People of the company by what they are here for. */
const PEOPLE = ['main', 'adminA', 'ann', 'adminB', 'bob', 'bea', 'ben'] as const;
export type Who = (typeof PEOPLE)[number];

/**
 * A company with two subtrees on the shared homeserver, without bots and jobs: tests run jobs themselves, and move the
 * clock. A's people are told not to see B's. Bob and Bea of B, and Ann of A, share a room.
 */
export interface Company {
  readonly org: TestOrg;
  readonly db: NoticesDb;
  readonly routes: readonly KnownRoute[];
  readonly handovers: readonly HandoverSource[];
  readonly user: Readonly<Record<Who, TestUser>>;
  readonly person: Readonly<Record<Who, string>>;
  readonly department: Readonly<Record<'root' | 'a' | 'a1' | 'b' | 'b1', string>>;
  readonly role: Readonly<Record<'sender' | 'empty', string>>;
  /** A room of Bob, Bea, Ben and Ann. */
  readonly room: string;
  /** Calls as somebody, with a session of now. */
  as(who: Who | 'partner' | 'stranger'): Promise<TestCall>;
  /** Sends a message into the room. */
  say(who: Who, room?: string): Promise<string>;
  /** Runs a job of the domain, or of push, once, as the queue would. */
  job(name: string, payload?: object): Promise<void>;
  /** Where people's browsers get their pushes from. */
  readonly pushService: PushService;
  now(): Date;
  /** Sets the clock. */
  setNow(at: string | Date): void;
  fingerprint(): Promise<string>;
  close(): Promise<void>;
}

/** A Monday noon in Shanghai. */
export const NOON = '2026-11-23T04:00:00.000Z';

export async function openCompany(): Promise<Company> {
  const info = testStack();
  const routes: KnownRoute[] = [];
  const handovers: HandoverSource[] = [];
  let now = new Date(NOON);
  const pushService = await PushService.start();
  const test = await openTestOrg({
    domains: [org, push, noting(routes, handovers)],
    serverName: info.serverName,
    homeserverUrl: info.homeserverUrl,
    secrets: { synapse_module_token: info.moduleToken },
    clock: { now: () => now },
    settings: { domains: { push: { inside_endpoints: [pushService.origin] } } },
  });
  const { host } = test;
  const db = test.db as unknown as NoticesDb;
  const root = await buildDepartment(test.db, '公司');
  const a = await buildDepartment(test.db, 'A', { parent_id: root });
  const a1 = await buildDepartment(test.db, 'A1', { parent_id: a });
  const b = await buildDepartment(test.db, SECRET, { parent_id: root, hidden: true });
  const b1 = await buildDepartment(test.db, `${SECRET} one`, { parent_id: b });
  const department = { root, a, a1, b, b1 };
  const homes: Record<Who, string> = { main: root, adminA: a, ann: a1, adminB: b, bob: b1, bea: b1, ben: b1 };
  const user = {} as Record<Who, TestUser>;
  const person = {} as Record<Who, string>;
  for (const who of PEOPLE) {
    user[who] = await makeUser({ name: who });
    const built = await buildPerson(
      test.db,
      homes[who] === b || homes[who] === b1 ? `${SECRET} ${who}` : who,
      {
        localpart: user[who].userId.slice(1, user[who].userId.indexOf(':')),
        departments: [homes[who]],
      },
    );
    person[who] = built.id;
  }
  const sender = await buildRole(test.db, 'Sender', [SEND_NOTICE]);
  const empty = await buildRole(test.db, 'Nobody', []);
  await buildGrant(test.db, { person_id: person.main, role: 'Sender' });
  await buildGrant(test.db, { person_id: person.adminA, role: 'Sender', department_id: a });
  await buildGrant(test.db, { person_id: person.adminB, role: 'Sender', department_id: b });
  await sql`insert into org.visibility_rule (id, position, viewer, target, can_see, can_contact)
    values (gen_random_uuid(), 0, ${JSON.stringify({ departments: [a] })}::jsonb,
      ${JSON.stringify({ departments: [b] })}::jsonb, false, false)`.execute(db);
  const room = await user.bob.createRoom({ invite: [user.bea.userId, user.ben.userId, user.ann.userId] });
  for (const who of ['bea', 'ben', 'ann'] as const) await user[who].join(room);

  const tables = await sql<{ name: string }>`select table_name as name from information_schema.tables
    where table_schema = 'notices' and table_name not like 'kysely%' order by 1`.execute(db);
  return {
    org: test,
    db,
    routes,
    handovers,
    user,
    person,
    department,
    role: { sender, empty },
    room,
    pushService,
    as: (who) =>
      host.as(
        who === 'partner'
          ? '@someone:partner.test'
          : who === 'stranger'
            ? `@stranger:${info.serverName}`
            : user[who].userId,
      ),
    say: (who, roomId = room) => user[who].sendText(roomId, `${SECRET} text`),
    async job(name, payload = {}) {
      const job = ['notices', 'push']
        .flatMap((id) => host.parts.get(id)?.jobs ?? [])
        .find((one) => one.name === name);
      if (job === undefined) throw new Error(`no job ${name}`);
      const log = { info: () => undefined } as never;
      await job.run(payload, { signal: new AbortController().signal, attempt: 1, log });
    },
    now: () => now,
    setNow: (at) => {
      now = new Date(at);
    },
    async fingerprint() {
      const parts = [];
      for (const { name } of tables.rows) {
        const { rows } = await sql<{
          hash: string;
        }>`select coalesce(md5(string_agg(t::text, '|' order by t::text)), '')
          as hash from ${sql.table(`notices.${name}`)} t`.execute(db);
        parts.push(`${name} ${rows[0]?.hash ?? ''}`);
      }
      const acts = await sql<{ count: string }>`select count(*) as count from platform.act`.execute(db);
      return [...parts, `acts ${String(acts.rows[0]?.count)}`].join('\n');
    },
    close: async () => {
      pushService.close();
      await test.close();
    },
  };
}
