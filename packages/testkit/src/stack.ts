import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  createStack,
  findOrphans,
  forgetSupervisor,
  freePorts,
  logTail,
  noteSupervisor,
  partNames,
  readSecret,
  root,
  runningSupervisor,
  secretPath,
  serverNames,
  stopOrphans,
  type PartName,
  type Ports,
  type Stack,
  type StackEvent,
} from '@qiao/scripts/stack';

/** A test appservice registered with the homeserver. */
export interface TestAppservice {
  id: string;
  asToken: string;
  hsToken: string;
  /** Local parts of its users begin with this; exclusive. */
  prefix: string;
  /** Where the homeserver pushes transactions to, or null: it pushes nothing. */
  url: string | null;
}

/** Where a test stack is. Plain data: goes from globalSetup to the tests. */
export interface TestStackInfo {
  varDir: string;
  serverName: string;
  /** Client API of the homeserver, without the gateway. */
  homeserverUrl: string;
  /** The partner's homeserver; runs after `stackControl().ensure('partner')`. */
  partner: { serverName: string; homeserverUrl: string };
  /** Addresses of parts that run after `stackControl().ensure(part)`. */
  hostUrl: string;
  auditUrl: string;
  gatewayUrl: string;
  /** The database `qiao` as role `qiao`, password included. */
  databaseUrl: string;
  /** The cluster's superuser on database `postgres`, for test databases. */
  superuserUrl: string;
  registrationSharedSecret: string;
  moduleToken: string;
  /** Two appservices for tests of the Matrix link: one that reads by /sync, one that is pushed to. */
  appservices: { sync: TestAppservice; push: TestAppservice };
  /** Port for a push service of a test's own: the one place on this machine that the host pushes to. */
  pushServicePort: number;
  control: { url: string; token: string };
}

/** How a test stack differs from the usual one. */
export interface TestStackOptions {
  /** Parts to start at once; default PostgreSQL and Synapse. */
  parts?: readonly PartName[];
  calls?: boolean;
  supervise?: boolean;
  /** See `StackOptions.keepsData`. */
  keepsData?: boolean;
  /** See `StackOptions.backoff`. */
  backoff?: number;
  onEvent?: (event: StackEvent) => void;
}

/** A test stack that runs in this process. */
export interface RunningTestStack {
  info: TestStackInfo;
  stack: Stack;
  /** Stops everything and removes its folder (kept with QIAO_KEEP_TEST_STACK=1). */
  stop: () => Promise<void>;
}

const testDir = join(root, 'var/test');

/**
 * Starts a real stack of its own on free ports in `var/test/<run>`: PostgreSQL and Synapse without
 * rate limits, and on demand host, audit host, gateway and a federating partner. Several may run
 * side by side. Takes 4 to 10 s.
 * @throws PartFailed with the end of the log when a part does not start.
 */
export async function startTestStack(options: TestStackOptions = {}): Promise<RunningTestStack> {
  await removeLeftovers();
  const varDir = join(testDir, `${process.pid}-${randomBytes(3).toString('hex')}`);
  mkdirSync(varDir, { recursive: true });
  noteSupervisor(varDir);
  const names: (keyof Ports)[] = [
    'gateway',
    'synapse',
    'database',
    'host',
    'audit',
    'livekit',
    'federation',
    'synapse_metrics',
    'livekit_tcp',
    'livekit_udp',
    'partner',
    'partner_federation',
  ];
  const free = await freePorts(names.length + 2);
  const ports = Object.fromEntries(names.map((name, at) => [name, free[at]])) as unknown as Ports;
  const push = `http://127.0.0.1:${free[names.length]}`;
  const pushServicePort = free[names.length + 1] ?? 0;
  const appservices = {
    sync: testAppservice('testkit-sync', 'tk_', null),
    push: testAppservice('testkit-push', 'tp_', push),
  };
  const stack = createStack({
    varDir,
    initial: {
      companyName: 'Qiao Test',
      ports,
      calls: options.calls ?? false,
      logLevel: 'info',
      domains: { push: { inside_endpoints: [`http://127.0.0.1:${pushServicePort}`] } },
    },
    parts: options.parts ?? ['postgres', 'synapse'],
    partner: true,
    forTests: true,
    supervise: options.supervise ?? false,
    keepsData: options.keepsData ?? false,
    ...(options.backoff !== undefined && { backoff: options.backoff }),
    ...(options.onEvent && { onEvent: options.onEvent }),
    addRegistrations: (folder) => {
      for (const one of Object.values(appservices))
        writeFileSync(join(folder, `${one.id}.yaml`), registration(one), { mode: 0o600 });
    },
  });
  const control = await startControl(stack);
  const stop = async (): Promise<void> => {
    control.server.close();
    control.server.closeAllConnections();
    await stack.stop();
    forgetSupervisor(varDir);
    if (process.env['QIAO_KEEP_TEST_STACK'] === undefined) rmSync(varDir, { recursive: true, force: true });
  };
  try {
    await stack.start();
  } catch (error) {
    await stop();
    throw error;
  }
  const { config } = stack;
  const database = (user: string, secret: string, name: string): string =>
    `postgresql://${user}:${readSecret(varDir, secret)}@127.0.0.1:${config.ports.database}/${name}`;
  const info: TestStackInfo = {
    varDir,
    serverName: config.server_name,
    homeserverUrl: config.homeserver.url,
    partner: {
      serverName: serverNames(config).partner,
      homeserverUrl: `http://127.0.0.1:${config.ports.partner}`,
    },
    hostUrl: `http://127.0.0.1:${config.ports.host}`,
    auditUrl: `http://127.0.0.1:${config.ports.audit}`,
    gatewayUrl: config.public_url,
    databaseUrl: database('qiao', 'database_password', 'qiao'),
    superuserUrl: database('postgres', 'database_superuser_password', 'postgres'),
    registrationSharedSecret: readSecret(varDir, 'registration_shared_secret'),
    moduleToken: readSecret(varDir, 'synapse_module_token'),
    appservices,
    pushServicePort,
    control: { url: control.url, token: control.token },
  };
  return { info, stack, stop };
}

function testAppservice(id: string, prefix: string, url: string | null): TestAppservice {
  return {
    id,
    prefix,
    url,
    asToken: randomBytes(24).toString('base64url'),
    hsToken: randomBytes(24).toString('base64url'),
  };
}

/** YAML is a superset of JSON, which is what Synapse gets here. */
function registration(one: TestAppservice): string {
  return JSON.stringify({
    id: one.id,
    url: one.url,
    as_token: one.asToken,
    hs_token: one.hsToken,
    sender_localpart: `${one.prefix}sender`,
    rate_limited: false,
    receive_ephemeral: true,
    'org.matrix.msc3202': true,
    namespaces: { users: [{ regex: `@${one.prefix}.*`, exclusive: true }], aliases: [], rooms: [] },
  });
}

/** Stops and removes what runs that were killed have left. */
async function removeLeftovers(): Promise<void> {
  if (!existsSync(testDir)) return;
  for (const name of readdirSync(testDir)) {
    const varDir = join(testDir, name);
    if (!/^\d+-[0-9a-f]{6}$/.test(name) || runningSupervisor(varDir) !== undefined) continue;
    // A stack that is being made at this moment has its folder before it is noted.
    if (existsSync(`/proc/${name.split('-')[0]}`)) continue;
    if (findOrphans(varDir).length > 0) await stopOrphans(varDir);
    rmSync(varDir, { recursive: true, force: true });
  }
}

interface Control {
  server: Server;
  url: string;
  token: string;
}

/** Lets tests, which run in other processes, act on the parts. See `stackControl`. */
function startControl(stack: Stack): Promise<Control> {
  const token = randomBytes(16).toString('hex');
  const actions: Record<string, (part: PartName) => Promise<unknown>> = {
    ensure: async (part) => {
      // Other servers reach ours through it.
      if (part === 'partner') await stack.startPart('gateway');
      const there = await stack.startPart(part);
      if (!there) throw new Error(`${part} cannot run in this checkout`);
    },
    stop: (part) => stack.stopPart(part),
    kill: (part) => stack.killPart(part),
    restart: (part) => stack.restartPart(part),
    log: (part) => Promise.resolve(logTail(stack.logFile(part), 60)),
  };
  // One action on a part at a time: two test files may ask for the same part at once.
  let last: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    const [, action = '', part = ''] = (request.url ?? '').split('/');
    const run = actions[action];
    const known = partNames.find((name) => name === part);
    if (request.headers.authorization !== `Bearer ${token}` || run === undefined || known === undefined) {
      response.writeHead(404).end();
      return;
    }
    last = last
      .catch(() => undefined)
      .then(() => run(known))
      .then(
        (result) => response.writeHead(200).end(typeof result === 'string' ? result : ''),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ server, token, url: `http://127.0.0.1:${port}` });
    });
  });
}

/** Path of a secret's file of a test stack. */
export function testSecretPath(info: TestStackInfo, name: string): string {
  return secretPath(info.varDir, name);
}
