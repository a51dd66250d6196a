import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { openSecrets, type Site, type SiteSettings } from '../config/site.ts';
import type { OpenIdVerifier } from '../http/session.routes.ts';
import { CSRF_HEADER, SESSION_COOKIE } from '../http/http.ts';
import type { DomainModule } from '../manifest.ts';
import { createHost, type Host } from '../process.ts';

export interface TestHostOptions {
  readonly domains: readonly DomainModule[];
  /** A database of the test's own, with the password in it. */
  readonly databaseUrl: string;
  readonly serverName?: string;
  readonly homeserverUrl?: string;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly settings?: Partial<SiteSettings>;
  /** Work off jobs and start bots; default false. */
  readonly serve?: boolean;
  readonly clock?: Clock;
  readonly verifyOpenId?: OpenIdVerifier;
}

/** An answer as a test reads it. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  /** Parsed body, or undefined where there is none. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of every shape
  readonly body: any;
}

export type TestCall = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<TestAnswer>;

export interface TestHost extends Host {
  readonly site: Site;
  /** Lines the host logged, as JSON text. */
  readonly logLines: readonly string[];
  /** Calls without a session. */
  readonly call: TestCall;
  /** Calls as a user, by a session made directly in the database. */
  as(userId: string): Promise<TestCall>;
}

/** A whole host process inside a test: the same assembly as the product's, on the test's own database and folder. */
export async function startTestHost(options: TestHostOptions): Promise<TestHost> {
  const varDir = mkdtempSync(join(tmpdir(), 'qiao-host-'));
  const secrets = openSecrets(join(varDir, 'secrets'));
  for (const [name, value] of Object.entries(options.secrets ?? {})) secrets.getOrCreate(name, () => value);
  secrets.getOrCreate('database_url', () => options.databaseUrl);
  secrets.getOrCreate('synapse_module_token', () => 'test-module-token');
  for (const { id } of options.domains) {
    secrets.getOrCreate(`as_token_${id}`, () => `as-${id}`);
    secrets.getOrCreate(`hs_token_${id}`, () => `hs-${id}`);
  }
  const serverName = options.serverName ?? 'qiao.test';
  const site: Site = {
    varDir,
    secrets,
    settings: {
      company_name: '测试公司',
      server_name: serverName,
      public_url: 'http://localhost:8480',
      homeserver: { url: options.homeserverUrl ?? 'http://127.0.0.1:9', managed: false },
      database: { url: 'postgresql://in-the-secret', managed: false },
      ports: {},
      log: { level: 'debug' },
      domains: {},
      ...options.settings,
    },
  };
  const logLines: string[] = [];
  const host = await createHost({
    site,
    domains: options.domains,
    verifyOpenId: options.verifyOpenId ?? (() => Promise.resolve(undefined)),
    name: 'test',
    serve: options.serve ?? false,
    logTo: { write: (line) => logLines.push(line) },
    ...(options.clock ? { clock: options.clock } : {}),
  });
  await host.http.ready();
  const callWith =
    (extra: Readonly<Record<string, string>>): TestCall =>
    async (method, url, body, headers = {}) => {
      const raw = typeof body === 'string' || Buffer.isBuffer(body);
      const answer = await host.http.inject({
        method,
        url,
        headers: {
          'accept-language': 'en',
          ...(body !== undefined && !raw ? { 'content-type': 'application/json' } : {}),
          ...extra,
          ...headers,
        },
        ...(body === undefined ? {} : { payload: raw ? body : JSON.stringify(body) }),
      });
      let parsed: unknown;
      try {
        parsed = answer.body === '' ? undefined : JSON.parse(answer.body);
      } catch {
        parsed = undefined;
      }
      return { status: answer.statusCode, headers: answer.headers, text: answer.body, body: parsed };
    };
  return {
    ...host,
    site,
    logLines,
    call: callWith({}),
    async as(userId) {
      const { token } = await host.sessions.create(userId, 'test');
      return callWith({ cookie: `${SESSION_COOKIE}=${token}`, [CSRF_HEADER]: '1' });
    },
    async stop() {
      await host.stop();
      rmSync(varDir, { recursive: true, force: true });
    },
  };
}
