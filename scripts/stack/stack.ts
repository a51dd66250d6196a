import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  ConfigError,
  ensureSecrets,
  loadOrCreateConfig,
  readSecret,
  type InitialConfig,
  type StackConfig,
} from './config.ts';
import { requireOutsideDatabases } from './outside.ts';
import { paths, root } from './paths.ts';
import { describePort, isPortFree, portHolder } from './ports.ts';
import { initialiseCluster, postgresSpec, provision } from './postgres.ts';
import { PartFailed, PartProcess, type ProcessSpec } from './process.ts';
import { supervise, type SuperviseEvent } from './supervise.ts';
import {
  ensureCertificates,
  partnerServerName,
  registrationsDir,
  synapseSpec,
  writeSynapseConfig,
} from './synapse.ts';

const run = promisify(execFile);

/** The stack's parts, in the order in which they start. */
export const partNames = ['postgres', 'synapse', 'partner', 'host', 'audit', 'livekit', 'gateway'] as const;

/** A part of the stack. */
export type PartName = (typeof partNames)[number];

/** What happens to the parts, for whoever shows it. Times in ms. */
export type StackEvent =
  | { kind: 'starting'; part: PartName }
  | { kind: 'ready'; part: PartName; ms: number }
  | { kind: 'absent'; part: PartName; reason: string }
  | { kind: 'stopping'; part: PartName }
  | SuperviseEvent<PartName>;

/** Without what a part does not start, or ends. The host and audit wait by themselves, too, but would in vain. */
const needs: Readonly<Record<PartName, readonly PartName[]>> = {
  postgres: [],
  synapse: ['postgres'],
  partner: ['postgres'],
  host: ['postgres'],
  audit: ['postgres'],
  livekit: [],
  gateway: [],
};

/** How to make a stack. */
export interface StackOptions {
  /** Folder of the installation's data; made when missing. */
  varDir: string;
  /** Choices of a first start; an existing configuration file wins. */
  initial?: InitialConfig;
  /** Parts `start()` starts; all but `partner` when left out. */
  parts?: readonly PartName[];
  /** Parts to leave out. */
  without?: readonly PartName[];
  /** Run the partner's homeserver, or be able to start it later. */
  partner?: boolean;
  /** No limits, cheap passwords, no care for the data on a crash of the machine. */
  forTests?: boolean;
  /** In tests: what was committed outlives a crash of the database, as it does in production. */
  keepsData?: boolean;
  /** Start a part again when it ended (`supervise`). */
  supervise?: boolean;
  /** Wait (ms) before the first new start after a crash; the longer ones follow from it. Default 500. */
  backoff?: number;
  /** Called before the homeserver's configuration is written: may add registrations to the folder. */
  addRegistrations?: (folder: string) => void | Promise<void>;
  onEvent?: (event: StackEvent) => void;
}

/** Ports that are taken; the message has one sentence for each. */
export class PortsTaken extends Error {}

/** A stack: its configuration and its parts. */
export interface Stack {
  readonly varDir: string;
  readonly config: StackConfig;
  /** The configuration file was written by this call. */
  readonly firstStart: boolean;
  /** Starts the chosen parts in order. On a failure everything is stopped again and the error thrown. */
  start(): Promise<void>;
  /** Stops everything, last part first. */
  stop(): Promise<void>;
  /** Starts one part if it does not run; its needs must run. False when this machine lacks it. */
  startPart(part: PartName): Promise<boolean>;
  stopPart(part: PartName): Promise<void>;
  /** Kills it as a crash would; a supervised one comes back after `awayMs`. */
  killPart(part: PartName, awayMs?: number): Promise<void>;
  restartPart(part: PartName): Promise<void>;
  /** Process id of a part that runs. */
  pid(part: PartName): number | undefined;
  /** File with what the part printed. */
  logFile(part: PartName): string;
}

/** A service that answers "unhealthy" for this time (ms) at its start counts as started. */
const patience = 30_000;
/** How long the host may take to write its registrations: it starts once for that, on a machine that may be busy. */
const REGISTRATIONS_MS = 180_000;

/**
 * The host needs far less, also for imports of 100,000 people; without a limit V8 takes a quarter of the machine's
 * memory for one, and lets garbage grow accordingly (docs/benchmarks.md). `NODE_OPTIONS` can say otherwise.
 */
const heapFlags =
  process.env['NODE_OPTIONS']?.includes('--max-old-space-size') === true
    ? []
    : ['--max-old-space-size=1024', '--max-semi-space-size=8'];

/**
 * Prepares a stack: configuration and secrets are made or read, nothing is started.
 * @throws ConfigError when the configuration cannot be used.
 */
export function createStack(options: StackOptions): Stack {
  const { varDir } = options;
  mkdirSync(varDir, { recursive: true });
  const { config, created } = loadOrCreateConfig(varDir, options.initial);
  ensureSecrets(varDir);
  const partner = options.partner === true;
  const forTests = options.forTests === true;
  const loopbackName = `localhost:${config.ports.federation}`;
  if (partner && config.server_name !== loopbackName)
    throw new ConfigError(
      `A partner on this machine reaches only a server named ${loopbackName}; this one is ${config.server_name}.`,
    );
  const wanted = (options.parts ?? partNames.filter((part) => part !== 'partner' || partner)).filter(
    (part) => options.without?.includes(part) !== true,
  );
  const running = new Map<PartName, PartProcess>();
  /** Since when a part serves; absent while it does not. */
  const since = new Map<PartName, number>();
  /** Parts that were stopped by a call. */
  const off = new Set<PartName>();
  const held = new Map<PartName, number>();
  /** Starts on their way; a stop waits for them. */
  const starting = new Set<Promise<boolean>>();
  const logFile = (part: PartName): string => join(varDir, 'log', `${part}.log`);
  const emit = (event: StackEvent): void => options.onEvent?.(event);
  let stopping = false;
  let ending = new AbortController();
  /** Read anew after each wait. */
  const isStopping = (): boolean => stopping;

  const http = (port: number, path: string) => async (): Promise<boolean> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(2_000) });
    await answer.body?.cancel();
    return answer.ok;
  };

  const node = (name: PartName, args: string[], port: number, health: string): ProcessSpec => {
    const begin = Date.now();
    const healthy = http(port, health);
    return {
      name,
      command: process.execPath,
      args,
      cwd: root,
      env: {
        QIAO_VAR: varDir,
        NODE_ENV: process.env['NODE_ENV'] ?? 'production',
        // The partner stands on loopback with a certificate of our own authority.
        ...(partner && { QIAO_FEDERATION_INSIDE: '1', NODE_EXTRA_CA_CERTS: join(varDir, 'tls/ca.pem') }),
      },
      readyTimeout: 120_000,
      // A part that answers but stays unhealthy (503) serves what it can; doctor says what is wrong.
      isReady: async () => (await healthy()) || Date.now() - begin > patience,
    };
  };

  /** Begun while the database starts: the host's code takes a second or two to load. */
  let registrations: Promise<void> | undefined;

  /** How to run a part, after everything its start needs is written; a reason when it is not there. */
  const prepare: Record<PartName, () => Promise<ProcessSpec | string>> = {
    postgres: async () => {
      if (!config.database.managed) {
        await requireOutsideDatabases(varDir, config);
        return 'an outside database is configured';
      }
      await initialiseCluster(varDir);
      return postgresSpec(
        varDir,
        config,
        !forTests ? 'production' : options.keepsData === true ? 'machine' : 'none',
      );
    },
    synapse: async () => {
      if (!config.homeserver.managed) {
        await writeRegistrations(varDir);
        return `an outside homeserver is configured; it needs the registrations in ${registrationsDir(varDir)}`;
      }
      await (registrations ?? writeRegistrations(varDir));
      registrations = undefined;
      await options.addRegistrations?.(registrationsDir(varDir));
      if (partner) await ensureCertificates(varDir);
      const own = { varDir, config, kind: 'own', partner, forTests } as const;
      writeSynapseConfig(own);
      return synapseSpec(own);
    },
    partner: async () => {
      if (!partner) return 'no partner was asked for';
      await ensureCertificates(varDir);
      const other = { varDir, config, kind: 'partner', partner, forTests } as const;
      writeSynapseConfig(other);
      return synapseSpec(other);
    },
    host: () =>
      Promise.resolve(
        existsSync(paths.host)
          ? node(
              'host',
              [...heapFlags, paths.host, 'run', '--except', 'audit', '--port', String(config.ports.host)],
              config.ports.host,
              '/health',
            )
          : 'appservices/host/main.ts is missing',
      ),
    audit: () =>
      Promise.resolve(
        existsSync(paths.host)
          ? node(
              'audit',
              [paths.host, 'run', '--only', 'audit', '--port', String(config.ports.audit)],
              config.ports.audit,
              '/health',
            )
          : 'appservices/host/main.ts is missing',
      ),
    livekit: () => Promise.resolve(livekitSpec(varDir, config, http(config.ports.livekit, '/'))),
    gateway: async () => {
      if (partner) await ensureCertificates(varDir);
      const args = [paths.gateway, ...(partner ? ['--federation'] : [])];
      return node('gateway', args, config.ports.gateway, '/gateway/health');
    },
  };

  const startNow = async (part: PartName): Promise<boolean> => {
    if (running.get(part)?.pid !== undefined) return true;
    const begin = Date.now();
    emit({ kind: 'starting', part });
    const spec = await prepare[part]();
    if (typeof spec === 'string') {
      emit({ kind: 'absent', part, reason: spec });
      return false;
    }
    if (isStopping()) throw new PartFailed(part, `${part} was not started: the stack is stopping.`);
    const partProcess = new PartProcess(spec, varDir);
    running.set(part, partProcess);
    partProcess.onCrash = (code, signal) => {
      // Before it serves, the start below fails.
      if (stopping || running.get(part) !== partProcess || !since.has(part)) return;
      running.delete(part);
      since.delete(part);
      const crash = { reason: signal ?? `exit code ${code}`, started: begin };
      if (options.supervise === true) void recover(part, crash);
      else emit({ kind: 'gave-up', part, log: partProcess.logFile, again: undefined });
    };
    try {
      await partProcess.start();
      if (part === 'postgres') await provision(varDir, config, partner);
      if (partProcess.pid === undefined)
        throw new PartFailed(part, `${part} ended as soon as it had started.`);
    } catch (error) {
      await partProcess.stop();
      if (running.get(part) === partProcess) running.delete(part);
      throw error;
    }
    since.set(part, Date.now());
    emit({ kind: 'ready', part, ms: Date.now() - begin });
    return true;
  };

  const startPart = async (part: PartName): Promise<boolean> => {
    off.delete(part);
    const begun = startNow(part);
    starting.add(begun);
    try {
      return await begun;
    } finally {
      starting.delete(begun);
    }
  };

  const recover = supervise<PartName>({
    needs,
    isThere: async (part) => {
      if (part === 'postgres' && !config.database.managed)
        return requireOutsideDatabases(varDir, config).then(
          () => true,
          () => false,
        );
      return since.has(part);
    },
    thereSince: (part) => since.get(part),
    isSettled: (part) => running.has(part) || off.has(part),
    start: startPart,
    heldUntil: (part) => held.get(part) ?? 0,
    log: logFile,
    emit,
    signal: () => ending.signal,
    backoff: options.backoff,
  });

  const stopPart = async (part: PartName): Promise<void> => {
    off.add(part);
    since.delete(part);
    const partProcess = running.get(part);
    if (partProcess === undefined) return;
    emit({ kind: 'stopping', part });
    await partProcess.stop();
    running.delete(part);
  };

  const stopAll = async (): Promise<void> => {
    // Everything but the database may end at the same time; the database last.
    await stopPart('gateway');
    await Promise.all(partNames.filter((part) => part !== 'postgres').map(stopPart));
    await stopPart('postgres');
  };

  const stop = async (): Promise<void> => {
    stopping = true;
    ending.abort();
    await stopAll();
    // A part whose start was being prepared may have been started in between.
    await Promise.allSettled(starting);
    await stopAll();
  };

  return {
    varDir,
    config,
    firstStart: created,
    startPart,
    stopPart,
    stop,
    start: async () => {
      stopping = false;
      ending = new AbortController();
      const mine = wanted.filter((part) => running.get(part)?.pid === undefined);
      await checkPorts(config, mine, partner);
      const has = (part: PartName): boolean => mine.includes(part);
      const step = async (part: PartName): Promise<void> => {
        if (has(part) && !stopping) await startPart(part);
      };
      if (has('synapse') && config.homeserver.managed) {
        registrations = writeRegistrations(varDir);
        // Its failure is told where it is awaited.
        registrations.catch(() => undefined);
      }
      try {
        // The gateway answers from the start, so that a browser sees what is going on.
        await Promise.all([
          step('gateway'),
          step('livekit'),
          (async () => {
            await step('postgres');
            await Promise.all([step('synapse'), step('partner')]);
            await Promise.all([step('host'), step('audit')]);
          })(),
        ]);
      } catch (error) {
        await stop();
        throw error;
      }
    },
    killPart: async (part, awayMs = 0) => {
      if (awayMs > 0) held.set(part, Date.now() + awayMs);
      await running.get(part)?.kill();
    },
    restartPart: async (part) => {
      await stopPart(part);
      await startPart(part);
    },
    pid: (part) => running.get(part)?.pid,
    logFile,
  };
}

/** The server names a stack answers to. */
export function serverNames(config: StackConfig): { own: string; partner: string } {
  return { own: config.server_name, partner: partnerServerName(config) };
}

/** Ports the given parts listen on. */
export function portsOf(config: StackConfig, parts: readonly PartName[], partner: boolean): number[] {
  const { ports } = config;
  const all: Record<PartName, number[]> = {
    postgres: config.database.managed ? [ports.database] : [],
    synapse: config.homeserver.managed ? [ports.synapse, ports.synapse_metrics] : [],
    partner: partner ? [ports.partner, ports.partner_federation] : [],
    host: [ports.host],
    audit: [ports.audit],
    livekit: config.calls.enabled ? [ports.livekit, ports.livekit_tcp] : [],
    gateway: [ports.gateway, ...(partner ? [ports.federation] : [])],
  };
  return parts.flatMap((part) => all[part]);
}

async function checkPorts(config: StackConfig, parts: readonly PartName[], partner: boolean): Promise<void> {
  const taken: number[] = [];
  for (const port of portsOf(config, parts, partner)) if (!(await isPortFree(port))) taken.push(port);
  if (taken.length > 0)
    throw new PortsTaken(taken.map((port) => describePort(port, portHolder(port))).join('\n'));
}

/** Lets the host write the registrations of its domains; without a host there are none. */
async function writeRegistrations(varDir: string): Promise<void> {
  const folder = registrationsDir(varDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(paths.host)) return;
  try {
    await run(process.execPath, [paths.host, 'registrations', '--out', folder], {
      cwd: root,
      env: { ...process.env, QIAO_VAR: varDir },
      timeout: REGISTRATIONS_MS,
    });
  } catch (error) {
    const { stderr, message, killed } = error as Error & { stderr?: string; killed?: boolean };
    // What took too long may have said nothing.
    const said =
      killed === true ? `ended after ${REGISTRATIONS_MS / 1000} s\n${stderr ?? ''}` : (stderr ?? message);
    throw new PartFailed('host', `host could not write the registrations:\n${said.trim()}`);
  }
}

function livekitSpec(
  varDir: string,
  config: StackConfig,
  isReady: () => Promise<boolean>,
): ProcessSpec | string {
  if (!config.calls.enabled) return 'calls are switched off';
  if (!existsSync(paths.livekit)) return 'the calls server is not built yet';
  const { ports } = config;
  const settings = {
    port: ports.livekit,
    bind_addresses: ['127.0.0.1'],
    rtc: { tcp_port: ports.livekit_tcp, udp_port: ports.livekit_udp, use_external_ip: false },
    keys: { [readSecret(varDir, 'livekit_key')]: readSecret(varDir, 'livekit_secret') },
    room: { auto_create: false },
    logging: { level: 'info', json: false },
  };
  return {
    name: 'livekit',
    command: paths.livekit,
    args: [],
    cwd: root,
    // In the environment, so that the secret is neither on the command line nor in a second file.
    env: { QIAO_VAR: varDir, LIVEKIT_CONFIG: JSON.stringify(settings) },
    readyTimeout: 20_000,
    isReady,
  };
}
