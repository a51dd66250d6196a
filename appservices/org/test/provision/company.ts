import { randomUUID } from 'node:crypto';
import {
  createActs,
  createDomainEvents,
  createJobQueue,
  openDatabase,
  systemClock,
  systemRandom,
  type SiteSettings,
} from '@qiao/platform';
import { startTestHost, type TestHost } from '@qiao/platform/testing';
import {
  activatePeople,
  createTestDatabase,
  PASSWORD,
  startTestStack,
  type RunningTestStack,
  waitFor,
  type TestDatabase,
  type TestUser,
} from '@qiao/testkit';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { orgEvents } from '../../contract/index.ts';
import org from '../../module.ts';
import type { DirectoryChange, Placement } from '../../server/changes.ts';
import { createChanges } from '../../server/changes.service.ts';
import type { OrgDb } from '../../server/tables.ts';
import { startFaultProxy, type FaultProxy } from './proxy.ts';

/** A company on a homeserver of its own, with the org domain's host in this process. */
export interface Company {
  readonly stack: RunningTestStack;
  readonly proxy: FaultProxy;
  readonly db: OrgDb;
  readonly serverName: string;
  readonly database: TestDatabase;
  host: TestHost;
  /** Applies changes as the import does. */
  readonly apply: (changes: readonly DirectoryChange[]) => Promise<void>;
  readonly department: (
    name: string,
    parent?: string | null,
    more?: object,
  ) => DirectoryChange & { id: string };
  readonly person: (name: string, department: string, more?: object) => DirectoryChange & { id: string };
  /** Waits until nothing is left to do, or to a condition on the progress. */
  settled(): Promise<void>;
  /** Client API as the bot. */
  asBot<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T>;
  members(roomId: string): Promise<string[]>;
  state<T = Record<string, unknown>>(roomId: string, type: string, key?: string): Promise<T | undefined>;
  rooms(departmentId: string): Promise<{ space: string; room: string }>;
  companySpace(): Promise<string>;
  userId(personId: string): Promise<string>;
  secret(name: string): string;
  /**
   * What people do with their links: they are active, and have a password and a first device with keys; without
   * `personIds` all who have an account. Waits until it is known, and not until they are joined.
   */
  activate(personIds?: readonly string[]): Promise<TestUser[]>;
  /** Waits until the keys of these people are known. */
  untilReady(personIds: readonly string[]): Promise<void>;
  /** Of everybody whom `activate` or `setPassword` gave one. */
  readonly password: string;
  setPassword(userId: string): Promise<void>;
  /** Asks the Synapse module. @throws where it refuses */
  request(path: string, body: object): Promise<unknown>;
  /** `meanwhile`: what happens while it is away. */
  restartHost(meanwhile?: () => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

/** Longest wait for a company to settle, milliseconds. */
const settleMs = Number(process.env['SETTLE_MS'] ?? 100_000);

const at = (is_head = false): Omit<Placement, 'department_id'> => ({
  is_primary: true,
  is_head,
  title: null,
});

/** Placements of somebody in one department. */
export const placed = (department_id: string, is_head = false): Placement[] => [
  { department_id, ...at(is_head) },
];

export async function startCompany(
  options: { greet?: boolean; mail?: SiteSettings['mail'] } = {},
): Promise<Company> {
  const stack = await startTestStack();
  const { info } = stack;
  const proxy = await startFaultProxy(info.homeserverUrl);
  const database = await createTestDatabase({ stack: info });
  const secret = (name: string): string => readFileSync(join(info.varDir, 'secrets', name), 'utf8').trim();
  const startHost = async (): Promise<TestHost> => {
    const host = await startTestHost({
      domains: [org],
      databaseUrl: database.url,
      serverName: info.serverName,
      homeserverUrl: proxy.url,
      secrets: {
        as_token_org: secret('as_token_org'),
        hs_token_org: secret('hs_token_org'),
        synapse_module_token: secret('synapse_module_token'),
      },
      settings: {
        company_name: '测试公司',
        domains: { org: { greet: options.greet ?? false } },
        ...(options.mail ? { mail: options.mail } : {}),
      },
      serve: true,
    });
    await host.listen(Number(new URL(info.hostUrl).port));
    return host;
  };
  let host: TestHost;
  try {
    host = await startHost();
  } catch (error) {
    await proxy.close();
    await stack.stop();
    throw error;
  }
  const handle = openDatabase({
    url: database.url,
    applicationName: 'test',
    max: 3,
    onError: () => undefined,
  });
  const db = handle.db as unknown as OrgDb;
  const queue = createJobQueue('jobs');
  const changes = createChanges({
    acts: createActs(handle.db, 'org', systemClock),
    clock: systemClock,
    events: createDomainEvents(queue, () => [], new Set(Object.keys(orgEvents))),
    homeserver: { serverName: info.serverName } as never,
    queue,
    random: systemRandom,
  });
  const asToken = secret('as_token_org');
  const botId = `@_qiao_org_bot:${info.serverName}`;
  const asBot = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const url = new URL(`${info.homeserverUrl}/_matrix/client/v3${path}`);
    url.searchParams.set('user_id', botId);
    const answer = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${asToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const value = (await answer.json()) as T;
    if (!answer.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`);
    return value;
  };
  let number = 0;
  const company: Company = {
    stack,
    proxy,
    db,
    database,
    serverName: info.serverName,
    host,
    secret,
    apply: async (list) => {
      await db.transaction().execute(async (trx) => {
        await changes.applyChanges(trx, list, {
          actor: 'system:test',
          on: new Date().toISOString().slice(0, 10),
        });
      });
    },
    department: (name, parent = null, more = {}) => {
      const id = randomUUID();
      return {
        id,
        kind: 'department_add',
        department: {
          id,
          external_id: null,
          name,
          parent_id: parent,
          hidden: false,
          include_sub: false,
          position: number++,
          ...more,
        },
      };
    },
    person: (name, department, more = {}) => {
      const id = randomUUID();
      const { is_head = false, ...facts } = more as { is_head?: boolean };
      return {
        id,
        kind: 'person_add',
        person: {
          id,
          localpart: `p${String(number++)}`,
          external_id: null,
          display_name: name,
          given_name: null,
          family_name: null,
          email: null,
          phone: null,
          title: null,
          locale: null,
          manager_id: null,
          starts_on: null,
          ends_on: null,
          source_id: null,
          ...facts,
        },
        placements: placed(department, is_head),
      };
    },
    settled: async () => {
      let last: unknown;
      await waitFor(
        async () => {
          const report = await company.host.parts.get('org')?.health?.['provisioning']?.();
          const open = Number(/^(\d+) to do/.exec(report?.detail ?? '')?.[1] ?? NaN);
          const { rows } = await sql<{ identifier: string; key: string | null }>`
            select t.identifier, j.key, j.attempts, j.run_at, j.locked_at, j.last_error
            from jobs._private_jobs j join jobs._private_tasks t on t.id = j.task_id
            where t.identifier in ('org.provision', 'org.reconcile') and j.attempts < j.max_attempts
              and j.key is distinct from 'org.provision.retry' and j.key is distinct from 'org.provision.ready'`.execute(
            db,
          );
          last = { report, rows };
          return open === 0 && rows.length === 0;
        },
        { what: 'the homeserver to hold what the directory says', timeout: settleMs },
      ).catch((error: unknown) => {
        const log = company.host.logLines.slice(-20).join('');
        throw new Error(`${String(error)}\n${JSON.stringify(last)}\n${log}`, { cause: error });
      });
    },
    asBot,
    members: async (roomId) => {
      const answer = await asBot<{ joined: object }>(
        'GET',
        `/rooms/${encodeURIComponent(roomId)}/joined_members`,
      );
      return Object.keys(answer.joined).filter((id) => id !== botId);
    },
    state: async (roomId, type, key = '') => {
      try {
        return await asBot(
          'GET',
          `/rooms/${encodeURIComponent(roomId)}/state/${type}/${encodeURIComponent(key)}`,
        );
      } catch (error) {
        if (String(error).includes('M_NOT_FOUND')) return undefined;
        throw error;
      }
    },
    rooms: async (id) => {
      const row = await db
        .selectFrom('org.department')
        .select(['space_id', 'room_id'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return { space: row.space_id ?? '', room: row.room_id ?? '' };
    },
    companySpace: async () => {
      const row = await db.selectFrom('org.workspace').select('company_space_id').executeTakeFirstOrThrow();
      return row.company_space_id ?? '';
    },
    userId: async (id) => {
      const row = await db
        .selectFrom('org.person')
        .select('localpart')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return `@${row.localpart}:${info.serverName}`;
    },
    activate: async (personIds) => {
      const of = personIds === undefined ? sql`true` : sql`id = any(${[...personIds]}::uuid[])`;
      const { rows } = await sql<{ id: string; localpart: string }>`update org.person set status = 'active',
          activated_at = coalesce(activated_at, now())
        where ${of} and account = 'created' and status in ('joining', 'active') returning id, localpart`.execute(
        db,
      );
      if (personIds !== undefined) rows.sort((a, b) => personIds.indexOf(a.id) - personIds.indexOf(b.id));
      const localparts = rows.map((row) => row.localpart);
      if (personIds !== undefined && localparts.length < personIds.length)
        throw new Error('somebody to be activated has no account yet');
      const users = await activatePeople(
        info,
        localparts.map((localpart) => `@${localpart}:${info.serverName}`),
      );
      await company.untilReady(rows.map((row) => row.id));
      return users;
    },
    untilReady: async (personIds) => {
      await waitFor(
        async () => {
          const left = await db
            .selectFrom('org.person')
            .select('id')
            .where('id', 'in', personIds)
            .where('keys_at', 'is', null)
            .execute();
          return left.length === 0;
        },
        { what: 'their keys to be known' },
      );
    },
    password: PASSWORD,
    setPassword: async (user_id) => {
      await company.request('/accounts/password', { user_id, password: PASSWORD, logout_devices: false });
    },
    request: async (path, body) => {
      const answer = await fetch(`${info.homeserverUrl}/_synapse/client/qiao/v1${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${info.moduleToken}` },
        body: JSON.stringify(body),
      });
      const value: unknown = await answer.json();
      if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(value)}`);
      return value;
    },
    restartHost: async (meanwhile) => {
      await company.host.stop();
      await meanwhile?.();
      company.host = await startHost();
    },
    close: async () => {
      await company.host.stop().catch(() => undefined);
      await handle.close();
      await proxy.close();
      await stack.stop();
    },
  };
  return company;
}
