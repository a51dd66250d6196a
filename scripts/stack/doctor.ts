import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, statfsSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { parse } from 'yaml';
import { brandFolder, BrandError, readBrand } from './brand/brand.ts';
import { livekitVersion } from './build-livekit.ts';
import type { ConfigError } from './config.ts';
import { configPath, readConfig, readSecret, secretPath, type StackConfig } from './config.ts';
import { databaseAddress, ourDatabases, type OurDatabase } from './outside.ts';
import { paths, root, synapseModulePath } from './paths.ts';
import { describePort, portHolder } from './ports.ts';
import { findOrphans, runningSupervisor } from './process.ts';
import { portsOf } from './stack.ts';
import { registrationsDir } from './synapse.ts';

const run = promisify(execFile);

/** How a check ended. `skip`: it cannot be told while the stack is down. */
export type Level = 'ok' | 'warn' | 'fail' | 'skip';

/** One line of the doctor. */
export interface Finding {
  level: Level;
  /** What was checked. */
  check: string;
  /** What is the case. */
  text: string;
  /** What to do; with `warn` and `fail`. */
  todo?: string;
}

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;
/** Below these a start is in danger, or just works. */
const disk = { fail: 1 * GiB, warn: 5 * GiB };
const memory = { fail: 512 * MiB, warn: 1.5 * GiB };
const synapseVersion = '1.163.2';
/** Oldest PostgreSQL that knows what we use (builtin C.UTF-8 collation, MERGE … RETURNING). */
const oldestPostgres = 17;
/** Longest time (ms) any one question may take. */
const patience = 5_000;
/** Clocks further apart (s) break signed requests and tokens. */
const clockDrift = 5;

class Findings {
  readonly list: Finding[] = [];
  ok(check: string, text: string): void {
    this.list.push({ level: 'ok', check, text });
  }
  warn(check: string, text: string, todo: string): void {
    this.list.push({ level: 'warn', check, text, todo });
  }
  fail(check: string, text: string, todo: string): void {
    this.list.push({ level: 'fail', check, text, todo });
  }
  skip(check: string, text: string): void {
    this.list.push({ level: 'skip', check, text });
  }
}

async function get(
  url: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body?: string,
): Promise<{ status: number; text: string; date: string | null }> {
  const answer = await fetch(url, {
    method,
    headers,
    signal: AbortSignal.timeout(patience),
    ...(body !== undefined && { body }),
  });
  return { status: answer.status, text: await answer.text(), date: answer.headers.get('date') };
}

function why(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** Checks an installation. Works while it is stopped, too; then what needs it running is skipped. */
export async function examine(varDir: string): Promise<Finding[]> {
  const found = new Findings();
  await versions(found);
  machine(found, varDir);
  if (!existsSync(configPath(varDir))) {
    found.skip('configuration', 'none yet: it is written by the first ./scripts/up');
    return found.list;
  }
  let config: StackConfig;
  try {
    config = readConfig(varDir);
    found.ok('configuration', relative(root, configPath(varDir)));
  } catch (error) {
    found.fail('configuration', (error as ConfigError).message, 'Correct the file.');
    return found.list;
  }
  brand(found, varDir);
  secrets(found, varDir);
  const supervisor = runningSupervisor(varDir);
  const up = supervisor !== undefined;
  if (up) found.ok('stack', `runs (pid ${supervisor.pid})`);
  else {
    const orphans = findOrphans(varDir);
    if (orphans.length > 0)
      found.warn(
        'stack',
        `is stopped, but parts were left running: ${orphans.map((one) => one.name).join(', ')}`,
        'Run ./scripts/down, or ./scripts/up, which stops them first.',
      );
    else found.skip('stack', 'is stopped; start it with ./scripts/up');
    ports(found, config);
  }
  await database(found, varDir, config, up);
  await homeserver(found, varDir, config, up);
  await services(found, config, up);
  await appservices(found, varDir, config, up);
  await gatewayAndCalls(found, varDir, config, up);
  return found.list;
}

async function versions(found: Findings): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major === 24 && minor >= 11) found.ok('Node', process.versions.node);
  else found.fail('Node', `${process.versions.node} runs this`, 'Run ./scripts/up: it brings Node 24.');
  try {
    const { stdout } = await run(paths.python, [
      '-c',
      'import sys, synapse; print("%d.%d.%d" % sys.version_info[:3], synapse.__version__)',
    ]);
    const [python = '', synapse = ''] = stdout.trim().split(' ');
    found.ok('Python', python);
    if (synapse === synapseVersion) found.ok('Synapse', synapse);
    else
      found.fail(
        'Synapse',
        `${synapse} is installed, ${synapseVersion} is wanted`,
        'Remove .venv/.synapse and run ./scripts/up.',
      );
  } catch {
    found.fail('Synapse', 'is not installed', 'Run ./scripts/up.');
  }
  try {
    await run(process.execPath, [join(root, 'scripts/lib/npm-current.ts')], { cwd: root });
    found.ok('packages', 'are those of package-lock.json');
  } catch {
    found.warn('packages', 'differ from package-lock.json', 'Run ./scripts/up.');
  }
}

function machine(found: Findings, varDir: string): void {
  const space = statfsSync(existsSync(varDir) ? varDir : root);
  const free = space.bavail * space.bsize;
  const freeText = `${(free / GiB).toFixed(1)} GB free`;
  if (free < disk.fail) found.fail('disk', freeText, 'Make room: the database stops when the disk is full.');
  else if (free < disk.warn) found.warn('disk', freeText, 'Make room soon.');
  else found.ok('disk', freeText);
  const available =
    Number(/MemAvailable:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? freemem() / 1024) *
    1024;
  const memoryText = `${(available / GiB).toFixed(1)} GB of ${(totalmem() / GiB).toFixed(1)} GB available`;
  if (available < memory.fail) found.fail('memory', memoryText, 'End other programs or add memory.');
  else if (available < memory.warn)
    found.warn('memory', memoryText, 'A small company needs about 1.5 GB; end other programs.');
  else found.ok('memory', memoryText);
}

function brand(found: Findings, varDir: string): void {
  const folder = brandFolder(varDir);
  try {
    readBrand(folder);
    if (existsSync(join(folder, 'brand.json'))) found.ok('brand', relative(root, folder));
    else found.ok('brand', 'is the one that comes with Qiao');
  } catch (error) {
    if (!(error instanceof BrandError)) throw error;
    for (const problem of error.problems)
      found.fail('brand', problem, 'Correct it; until then the last brand that was whole is shown.');
  }
}

function secrets(found: Findings, varDir: string): void {
  const folder = join(varDir, 'secrets');
  if (!existsSync(folder)) {
    found.fail('secrets', 'are missing', 'Run ./scripts/up, or put back var/secrets from a backup.');
    return;
  }
  const open: string[] = [];
  if ((statSync(folder).mode & 0o077) !== 0) open.push(folder);
  for (const name of readdirSync(folder)) {
    const path = secretPath(varDir, name);
    if ((statSync(path).mode & 0o077) !== 0) open.push(path);
  }
  const key = join(varDir, 'synapse/signing.key');
  if (existsSync(key) && (statSync(key).mode & 0o077) !== 0) open.push(key);
  if (open.length === 0) found.ok('secrets', 'only their owner can read them');
  else
    found.fail(
      'secrets',
      `others can read ${open.map((path) => relative(root, path)).join(', ')}`,
      `chmod go-rwx ${open.map((path) => relative(root, path)).join(' ')}`,
    );
}

function ports(found: Findings, config: StackConfig): void {
  const parts = ['postgres', 'synapse', 'host', 'audit', 'gateway', 'livekit'] as const;
  const taken = portsOf(config, parts, false).flatMap((port) => {
    const holder = portHolder(port);
    return holder === undefined ? [] : [describePort(port, holder)];
  });
  if (taken.length === 0) found.ok('ports', 'are free');
  else
    found.fail(
      'ports',
      taken.join(' '),
      'Stop what holds them, or choose others under "ports" in var/config/qiao.json.',
    );
}

async function database(found: Findings, varDir: string, config: StackConfig, up: boolean): Promise<void> {
  if (config.database.managed && !up) {
    found.skip('database', 'runs with the stack');
    return;
  }
  for (const one of ourDatabases) await ourDatabase(found, varDir, config, one);
  if (config.homeserver.managed) await synapseDatabase(found, varDir, config);
}

async function ourDatabase(
  found: Findings,
  varDir: string,
  config: StackConfig,
  one: OurDatabase,
): Promise<void> {
  const { check } = one;
  let url: string;
  try {
    url = databaseAddress(varDir, config, one);
  } catch (error) {
    found.fail(check, why(error), 'Put the secret there (docs/operate/configuration.md).');
    return;
  }
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: patience });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ number: number; version: string; encoding: string; now: Date }>(
      `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
              pg_encoding_to_char(encoding) AS encoding, now() AS now
         FROM pg_database WHERE datname = current_database()`,
    );
    const row = rows[0];
    if (row === undefined) throw new Error('no answer');
    if (row.number < oldestPostgres * 10_000)
      found.fail(check, `PostgreSQL ${row.version}`, `PostgreSQL ${oldestPostgres} or later is needed.`);
    else if (row.encoding !== 'UTF8')
      found.fail(check, `is in ${row.encoding}`, 'Make the database anew with ENCODING UTF8.');
    else found.ok(check, `PostgreSQL ${row.version} answers`);
    const drift = Math.abs(row.now.getTime() - Date.now()) / 1000;
    if (drift > clockDrift)
      found.fail('clock', `differs from the database's by ${drift.toFixed(0)} s`, 'Set the clocks by NTP.');
  } catch (error) {
    found.fail(
      check,
      `does not answer: ${why(error)}`,
      config.database.managed
        ? 'See var/log/postgres.log, then run ./scripts/up.'
        : 'Check "database.url" and the network.',
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Synapse refuses a database of another collation than C. */
async function synapseDatabase(found: Findings, varDir: string, config: StackConfig): Promise<void> {
  let url: string;
  try {
    url = config.database.managed
      ? `postgresql://synapse:${readSecret(varDir, 'synapse_database_password')}@127.0.0.1:${config.ports.database}/synapse`
      : readSecret(varDir, 'synapse_database_url');
  } catch (error) {
    found.fail("homeserver's database", why(error), 'Put the secret there (docs/operate/configuration.md).');
    return;
  }
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: patience });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ collation: string; ctype: string }>(
      'SELECT datcollate AS collation, datctype AS ctype FROM pg_database WHERE datname = current_database()',
    );
    const { collation, ctype } = rows[0] ?? { collation: '?', ctype: '?' };
    if (collation === 'C' && ctype === 'C') found.ok("homeserver's database", 'collation C');
    else
      found.fail(
        "homeserver's database",
        `collation ${collation}, ctype ${ctype}`,
        `CREATE DATABASE synapse LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
      );
  } catch (error) {
    found.fail(
      "homeserver's database",
      `does not answer: ${why(error)}`,
      'Check its address and the network.',
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function homeserver(found: Findings, varDir: string, config: StackConfig, up: boolean): Promise<void> {
  if (config.homeserver.managed && !up) {
    found.skip('homeserver', 'runs with the stack');
    return;
  }
  const { url } = config.homeserver;
  try {
    const { status, text, date } = await get(`${url}/_matrix/client/versions`);
    if (status !== 200) throw new Error(`it answers ${status}`);
    const versions = (JSON.parse(text) as { versions: string[] }).versions;
    found.ok('homeserver', `answers, Matrix ${versions.at(-1)}`);
    const drift = date === null ? 0 : Math.abs(Date.parse(date) - Date.now()) / 1000;
    if (drift > clockDrift)
      found.fail('clock', `differs from the homeserver's by ${drift.toFixed(0)} s`, 'Set the clocks by NTP.');
    else found.ok('clock', 'agrees with the homeserver');
  } catch (error) {
    found.fail(
      'homeserver',
      `does not answer: ${why(error)}`,
      config.homeserver.managed
        ? 'See var/log/synapse.log, then run ./scripts/up.'
        : 'Check "homeserver.url" and the network.',
    );
    return;
  }
  if (config.homeserver.managed && synapseModulePath() === undefined) return;
  try {
    const { status } = await get(`${url}/_synapse/client/qiao/v1/ping`, {
      authorization: `Bearer ${readSecret(varDir, 'synapse_module_token')}`,
    });
    if (status === 200) found.ok("homeserver's module", 'is loaded');
    else if (status === 401 || status === 403)
      found.fail(
        "homeserver's module",
        'refuses our token',
        'Its token_path must hold the same secret as var/secrets/synapse_module_token.',
      );
    else
      found.fail(
        "homeserver's module",
        'is not loaded',
        config.homeserver.managed
          ? 'See the first lines of var/log/synapse.log.'
          : 'Load synapse-config/module in the homeserver (its README says how).',
      );
  } catch (error) {
    found.fail("homeserver's module", why(error), 'See var/log/synapse.log.');
  }
}

async function services(found: Findings, config: StackConfig, up: boolean): Promise<void> {
  for (const [name, port] of [
    ['workspace', config.ports.host],
    ['audit', config.ports.audit],
  ] as const) {
    const log = name === 'audit' ? 'var/log/audit.log' : 'var/log/host.log';
    if (!existsSync(paths.host)) {
      found.skip(name, 'this checkout has none');
      continue;
    }
    if (!up) {
      found.skip(name, 'runs with the stack');
      continue;
    }
    try {
      const { status, text } = await get(`http://127.0.0.1:${port}/health`);
      if (status === 200) found.ok(name, 'is healthy');
      else {
        const { parts = {} } = JSON.parse(text) as {
          parts?: Record<string, { ok: boolean; detail?: string }>;
        };
        const bad = Object.entries(parts).filter(([, report]) => !report.ok);
        const said = bad.map(
          ([part, report]) => `${part}${report.detail === undefined ? '' : ` (${report.detail})`}`,
        );
        found.fail(name, `is not healthy: ${said.join(', ')}`, `See ${log}.`);
      }
    } catch (error) {
      found.fail(name, `does not answer: ${why(error)}`, `See ${log}, then run ./scripts/up.`);
    }
  }
}

/** Asks the homeserver to reach each appservice, with that one's own token (Matrix 1.7, AS ping). */
async function appservices(found: Findings, varDir: string, config: StackConfig, up: boolean): Promise<void> {
  const folder = registrationsDir(varDir);
  if (!existsSync(folder) || (config.homeserver.managed && !up)) return;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const { id, as_token, url } = parse(readFileSync(join(folder, file), 'utf8')) as {
      id: string;
      as_token: string;
      url: string | null;
    };
    const check = `appservice ${id}`;
    if (url === null) continue;
    try {
      const { status, text } = await get(
        `${config.homeserver.url}/_matrix/client/v1/appservice/${encodeURIComponent(id)}/ping`,
        { authorization: `Bearer ${as_token}`, 'content-type': 'application/json' },
        'POST',
        '{}',
      );
      const { errcode, error } = JSON.parse(text) as { errcode?: string; error?: string };
      if (status === 200) found.ok(check, 'is reached by the homeserver');
      else if (errcode === 'M_UNKNOWN_TOKEN')
        found.fail(
          check,
          'is not known to the homeserver',
          config.homeserver.managed
            ? 'Restart: ./scripts/down and ./scripts/up.'
            : `Give the homeserver ${relative(root, join(folder, file))} and restart it.`,
        );
      else
        found.fail(
          check,
          `is not reached by the homeserver (${errcode ?? status}: ${error ?? ''})`,
          `The homeserver must reach ${url}.`,
        );
    } catch (error) {
      found.fail(check, why(error), 'See var/log/synapse.log.');
    }
  }
}

async function gatewayAndCalls(
  found: Findings,
  varDir: string,
  config: StackConfig,
  up: boolean,
): Promise<void> {
  if (!up) found.skip('gateway', 'runs with the stack');
  else
    try {
      const { status } = await get(`http://127.0.0.1:${config.ports.gateway}/gateway/health`);
      if (status !== 200) throw new Error(`it answers ${status}`);
      const through = await get(`http://127.0.0.1:${config.ports.gateway}/_matrix/client/versions`);
      if (through.status === 200) found.ok('gateway', `passes requests on; people open ${config.public_url}`);
      else found.fail('gateway', `answers ${through.status} for the homeserver`, 'See the homeserver above.');
    } catch (error) {
      found.fail(
        'gateway',
        `does not answer: ${why(error)}`,
        'See var/log/gateway.log, then run ./scripts/up.',
      );
    }
  for (const [name, folder] of [
    ['client', paths.clientDist],
    ['console', paths.adminDist],
  ] as const)
    if (existsSync(join(folder, '../index.html')) && !existsSync(join(folder, 'index.html')))
      found.warn('pages', `of the ${name} are not built`, 'Run npm run build, or ./scripts/up.');
  if (!config.calls.enabled) found.skip('calls', 'are switched off in var/config/qiao.json');
  else if (!existsSync(paths.livekit))
    found.warn(
      'calls',
      `are off: the calls server (LiveKit ${livekitVersion}) is not built`,
      '`./scripts/up` builds it in the background; if that failed, see var/log/setup-livekit.log.',
    );
  else if (!up) found.skip('calls', 'run with the stack');
  else if (!existsSync(join(varDir, 'run/livekit.json')))
    found.warn('calls', 'are off in this run', 'Started with --no-calls, or see var/log/livekit.log.');
  else
    try {
      await get(`http://127.0.0.1:${config.ports.livekit}/`);
      found.ok('calls', 'are on');
    } catch (error) {
      found.fail('calls', `server does not answer: ${why(error)}`, 'See var/log/livekit.log.');
    }
}
