import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { ConfigError, countryCode, readSecret, secretPath, type StackConfig } from './config.ts';
import { callsServiceUrl, paths, synapseModulePath } from './paths.ts';
import type { ProcessSpec } from './process.ts';

const run = promisify(execFile);

type Settings = Record<string, unknown>;

/** Which homeserver: the company's own or the second one of `--partner`. */
export type HomeserverKind = 'own' | 'partner';

/** What the homeserver's settings depend on. */
export interface SynapseOptions {
  varDir: string;
  config: StackConfig;
  kind: HomeserverKind;
  /** A partner runs beside it: federate over TLS on loopback with our own authority. */
  partner: boolean;
  /** Lay test.yaml over the settings (no limits, cheap passwords). */
  forTests: boolean;
}

/** Server name of the partner's homeserver. */
export function partnerServerName(config: StackConfig): string {
  return `localhost:${config.ports.partner_federation}`;
}

function folderOf(varDir: string, kind: HomeserverKind): string {
  return join(varDir, kind === 'own' ? 'synapse' : 'synapse-partner');
}

/** Folder of the generated registrations of the own homeserver. */
export function registrationsDir(varDir: string): string {
  return join(folderOf(varDir, 'own'), 'registrations');
}

/** Certificates that are being made, by folder: several parts may ask at once. */
const certificates = new Map<string, Promise<unknown>>();

/** Makes the authority and certificates for federation on loopback, once. */
export async function ensureCertificates(varDir: string): Promise<void> {
  const folder = join(varDir, 'tls');
  await certificates.get(folder);
  if (['ca.pem', 'own.pem', 'partner.pem'].every((name) => existsSync(join(folder, name)))) return;
  const made = run(paths.python, [paths.certificates, folder, 'own', 'partner']);
  certificates.set(folder, made);
  await made.finally(() => certificates.delete(folder));
}

/**
 * Writes `homeserver.yaml` and `log.yaml` for this start, and the signing key if there is none.
 * Order of the layers, later ones win: templates/homeserver.yaml, partner.yaml, test.yaml, what
 * depends on the installation, the operator's `var/config/synapse.d/*.yaml`.
 * @throws ConfigError when a file cannot be read.
 */
export function writeSynapseConfig(options: SynapseOptions): string {
  const { varDir, kind } = options;
  const folder = folderOf(varDir, kind);
  mkdirSync(join(folder, 'media'), { recursive: true, mode: 0o750 });
  mkdirSync(join(folder, 'registrations'), { recursive: true, mode: 0o700 });
  ensureSigningKey(join(folder, 'signing.key'));
  writeFileSync(join(folder, 'log.yaml'), readFileSync(join(paths.templates, 'log.yaml')));
  let settings = template('homeserver.yaml');
  if (kind === 'partner') settings = merge(settings, template('partner.yaml'));
  if (options.forTests) settings = merge(settings, template('test.yaml'));
  settings = merge(settings, generated(options, folder));
  if (kind === 'own') for (const path of overrides(varDir)) settings = merge(settings, readYaml(path));
  const path = join(folder, 'homeserver.yaml');
  const head =
    '# Written at each start; change var/config/qiao.json or var/config/synapse.d/*.yaml instead.\n';
  // Holds the database password.
  writeFileSync(`${path}.new`, head + stringify(settings), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return path;
}

/** What Synapse takes of a request that is no upload: 200 events of 64 KiB (`synapse.app._base`). */
const SYNAPSE_REQUEST = 200 * 65536;

/**
 * The longest body (bytes) of a request that the own homeserver takes; longer ones it cuts off without an answer.
 * Undefined for an outside one, whose settings are not ours.
 */
export function longestBody(varDir: string, config: StackConfig): number | undefined {
  if (!config.homeserver.managed) return undefined;
  let settings = template('homeserver.yaml');
  for (const path of overrides(varDir)) settings = merge(settings, readYaml(path));
  return Math.max(SYNAPSE_REQUEST, bytesOf(settings['max_upload_size']) ?? 0);
}

/** A size as Synapse writes it (`Config.parse_size`). */
function bytesOf(size: unknown): number | undefined {
  const [, number, unit = ''] = /^\s*(\d+)([KMGT]?)$/.exec(String(size)) ?? [];
  if (number === undefined) return undefined;
  return Number(number) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit);
}

function registrationFiles(varDir: string): string[] {
  const folder = registrationsDir(varDir);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => join(folder, name));
}

interface ServiceUsers {
  readonly all: readonly string[];
  readonly internal: readonly string[];
}
const NO_USERS: ServiceUsers = { all: [], internal: [] };

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * The users of a registration as which our module may act, from the domain's manifest (`registrationYaml`). The folder
 * may hold others' files, too: believed is one of ours, about users of its own alone.
 */
function readServiceUsers(file: string, serverName: string): ServiceUsers {
  let registration: unknown;
  try {
    registration = parse(readFileSync(file, 'utf8'));
  } catch {
    // The homeserver says what is wrong with it.
    return NO_USERS;
  }
  if (!isObject(registration)) return NO_USERS;
  const { id, sender_localpart: sender, namespaces, 'im.qiao.service_users': users } = registration;
  if (typeof id !== 'string' || !id.startsWith('qiao-') || !isObject(users)) return NO_USERS;
  const spaces = isObject(namespaces) ? listOf(namespaces['users']) : [];
  const own = (user: unknown): user is string =>
    typeof user === 'string' &&
    ((typeof sender === 'string' && user === `@${sender}:${serverName}`) ||
      spaces.some(
        (space) => isObject(space) && space['exclusive'] === true && matches(space['regex'], user),
      ));
  const all = listOf(users['all']).filter(own);
  return {
    all,
    internal: listOf(users['internal'])
      .filter(own)
      .filter((user) => all.includes(user)),
  };
}

/** Whether the whole text is of a namespace; false for what is no regular expression. */
function matches(regex: unknown, text: string): boolean {
  if (typeof regex !== 'string') return false;
  try {
    return new RegExp(`^(?:${regex})$`).test(text);
  } catch {
    return false;
  }
}

function overrides(varDir: string): string[] {
  const folder = join(varDir, 'config/synapse.d');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => join(folder, name));
}

function generated(options: SynapseOptions, folder: string): Settings {
  const { varDir, config, kind, partner, forTests } = options;
  const { ports } = config;
  const own = kind === 'own';
  const listeners: Settings[] = [
    {
      port: own ? ports.synapse : ports.partner,
      type: 'http',
      bind_addresses: ['127.0.0.1'],
      x_forwarded: true,
      resources: [{ names: ['client', 'federation'] }],
    },
  ];
  if (own && !forTests)
    listeners.push({
      port: ports.synapse_metrics,
      type: 'metrics',
      bind_addresses: ['127.0.0.1'],
    });
  // Ours is behind the gateway, which speaks TLS for it (`--federation`).
  if (partner && !own)
    listeners.push({
      port: ports.partner_federation,
      type: 'http',
      tls: true,
      bind_addresses: ['127.0.0.1'],
      resources: [{ names: ['federation'] }],
    });
  const module = own ? synapseModulePath() : undefined;
  const calls = own && config.calls.enabled ? callsServiceUrl(config.public_url) : undefined;
  const registrations = own ? registrationFiles(varDir) : [];
  const serviceUsers = registrations.map((file) => readServiceUsers(file, config.server_name));
  const publicUrl = own ? config.public_url : `http://127.0.0.1:${ports.partner}`;
  return {
    server_name: own ? config.server_name : partnerServerName(config),
    public_baseurl: `${publicUrl}/`,
    pid_file: join(folder, 'homeserver.pid'),
    signing_key_path: join(folder, 'signing.key'),
    log_config: join(folder, 'log.yaml'),
    media_store_path: join(folder, 'media'),
    listeners,
    database: { name: 'psycopg2', args: { ...databaseArgs(varDir, config, kind), cp_min: 3, cp_max: 10 } },
    registration_shared_secret_path: secretPath(varDir, 'registration_shared_secret'),
    macaroon_secret_key_path: secretPath(varDir, 'synapse_macaroon_secret'),
    form_secret_path: secretPath(varDir, 'synapse_form_secret'),
    app_service_config_files: registrations,
    modules:
      module === undefined
        ? []
        : [
            {
              module: 'qiao_synapse.QiaoModule',
              config: {
                token_path: secretPath(varDir, 'synapse_module_token'),
                // The only ones the token may act as, and whose rooms must not federate.
                service_users: serviceUsers.flatMap(({ all }) => all),
                internal_rooms: serviceUsers.flatMap(({ internal }) => internal),
                // As `OrgConfig` has it: of phones that are written without a country.
                default_country: countryCode(config.domains['org']?.['phone_country'] ?? 'CN'),
                conversations: {
                  user: `@_qiao_org_rooms:${config.server_name}`,
                  appservice: 'qiao-org',
                },
              },
            },
          ],
    // Pushers of people lead to our own push gateway on this machine (`appservices/push`). The path of a pusher is
    // fixed, so that nothing else here understands what it gets.
    ...(own && { ip_range_whitelist: ['127.0.0.1/32'] }),
    // The count at an app's icon is one of messages, as the client itself shows it.
    push: { group_unread_count_by_room: false },
    // Without partners nothing federates; each trusted partner is added here by its server name.
    send_federation: partner,
    federation_domain_whitelist: partner ? [config.server_name, partnerServerName(config)] : [],
    ...(partner &&
      !own && {
        tls_certificate_path: join(varDir, 'tls/partner.pem'),
        tls_private_key_path: join(varDir, 'tls/partner.key'),
      }),
    ...(partner && {
      federation_custom_ca_list: [join(varDir, 'tls/ca.pem')],
      federation_ip_range_blacklist: [],
    }),
    ...(calls !== undefined && {
      matrix_rtc: { transports: [{ type: 'livekit', livekit_service_url: calls }] },
    }),
  };
}

function databaseArgs(varDir: string, config: StackConfig, kind: HomeserverKind): Settings {
  const database = kind === 'own' ? 'synapse' : 'synapse_partner';
  if (config.database.managed)
    return {
      host: '127.0.0.1',
      port: config.ports.database,
      user: 'synapse',
      password: readSecret(varDir, 'synapse_database_password'),
      dbname: database,
    };
  const path = secretPath(varDir, `${database}_database_url`);
  if (!existsSync(path))
    throw new ConfigError(
      `The database is an outside one, so the homeserver needs its own database address in ${path} ` +
        '(postgresql://user:password@host:port/name; collation and ctype C).',
    );
  const url = new URL(readFileSync(path, 'utf8').trim());
  return {
    host: decodeURIComponent(url.hostname),
    port: Number(url.port === '' ? 5432 : url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    dbname: url.pathname.slice(1),
    ...Object.fromEntries(url.searchParams),
  };
}

/** Makes the key that signs the server's events, once: losing it means losing the server's name. */
function ensureSigningKey(path: string): void {
  const seed = randomBytes(32).toString('base64').replace(/=+$/, '');
  const id = `a_${randomBytes(3).toString('hex')}`;
  try {
    writeFileSync(path, `ed25519 ${id} ${seed}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function template(name: string): Settings {
  return readYaml(join(paths.templates, name));
}

function readYaml(path: string): Settings {
  let value: unknown;
  try {
    value = parse(readFileSync(path, 'utf8')) as unknown;
  } catch (error) {
    throw new ConfigError(`${path} cannot be read as YAML: ${(error as Error).message}`);
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new ConfigError(`${path} must hold settings.`);
  return value as Settings;
}

/** Lays settings over others; objects are merged, everything else is replaced. */
export function merge(base: Settings, over: Settings): Settings {
  const result: Settings = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    result[key] = isObject(below) && isObject(value) ? merge(below, value) : value;
  }
  return result;
}

function isObject(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How to run a homeserver whose configuration was written. */
export function synapseSpec(options: SynapseOptions): ProcessSpec {
  const { varDir, config, kind } = options;
  const port = kind === 'own' ? config.ports.synapse : config.ports.partner;
  const module = synapseModulePath();
  return {
    name: kind === 'own' ? 'synapse' : 'partner',
    command: paths.python,
    args: ['-m', 'synapse.app.homeserver', '-c', join(folderOf(varDir, kind), 'homeserver.yaml')],
    cwd: folderOf(varDir, kind),
    env: {
      QIAO_VAR: varDir,
      PYTHONUNBUFFERED: '1',
      // Else Synapse takes the checkout's commit for its own and says so in its version.
      GIT_CEILING_DIRECTORIES: paths.venv,
      ...(kind === 'own' && module !== undefined && { PYTHONPATH: module }),
    },
    stopTimeout: 20_000,
    // The first start makes the tables; an upgrade may take long to change them.
    readyTimeout: 180_000,
    isReady: async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(2_000) });
      await answer.body?.cancel();
      return answer.ok;
    },
  };
}
