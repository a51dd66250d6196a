import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

/** Loopback TCP ports, by what listens there. */
export interface Ports {
  gateway: number;
  synapse: number;
  database: number;
  host: number;
  audit: number;
  livekit: number;
  /** The gateway's TLS listener for servers on this machine; open only with a partner. */
  federation: number;
  /** Synapse's Prometheus metrics. */
  synapse_metrics: number;
  /** WebRTC media over TCP and UDP. */
  livekit_tcp: number;
  livekit_udp: number;
  /** The partner's homeserver: client listener, federation listener. */
  partner: number;
  partner_federation: number;
}

/** `var/config/qiao.json`: written on first start, then the operator's. */
export interface StackConfig {
  company_name: string;
  /** Matrix server name (the part after the colon of every user id); fixed after the first start. */
  server_name: string;
  /** The one origin people's browsers see; no slash at the end. */
  public_url: string;
  homeserver: { url: string; managed: boolean };
  database: { url: string; managed: boolean };
  ports: Ports;
  /** Address the gateway listens on, and addresses of reverse proxies before it that are believed. */
  gateway: { listen: string; trusted_proxies: string[] };
  calls: { enabled: boolean };
  log: { level: string };
  domains: Record<string, Record<string, unknown>>;
}

/** A configuration that cannot be used. The message names the file and what to change. */
export class ConfigError extends Error {}

/** Ports of an installation that does not say otherwise. */
export const defaultPorts: Ports = {
  gateway: 8480,
  synapse: 8481,
  database: 8482,
  host: 8483,
  audit: 8484,
  livekit: 7880,
  federation: 8448,
  synapse_metrics: 8485,
  livekit_tcp: 7881,
  livekit_udp: 7882,
  partner: 8486,
  partner_federation: 8449,
};

/** What a first start may choose; later starts read the file. */
export interface InitialConfig {
  companyName?: string | undefined;
  serverName?: string | undefined;
  publicUrl?: string | undefined;
  ports?: Partial<Ports> | undefined;
  calls?: boolean | undefined;
  logLevel?: string | undefined;
  domains?: StackConfig['domains'] | undefined;
}

/** Path of the configuration file of an installation. */
export function configPath(varDir: string): string {
  return join(varDir, 'config/qiao.json');
}

/** The configuration a first start writes. */
export function initialConfig(initial: InitialConfig = {}): StackConfig {
  const ports = { ...defaultPorts, ...initial.ports };
  return {
    company_name: initial.companyName ?? 'Qiao',
    server_name: initial.serverName ?? `localhost:${ports.federation}`,
    public_url: (initial.publicUrl ?? `http://localhost:${ports.gateway}`).replace(/\/+$/, ''),
    homeserver: { url: `http://127.0.0.1:${ports.synapse}`, managed: true },
    database: { url: `postgresql://qiao@127.0.0.1:${ports.database}/qiao`, managed: true },
    ports,
    gateway: { listen: '127.0.0.1', trusted_proxies: [] },
    calls: { enabled: initial.calls ?? true },
    log: { level: initial.logLevel ?? 'info' },
    domains: initial.domains ?? {},
  };
}

/**
 * Reads the configuration, or writes it when there is none. Values the file leaves out get their
 * defaults in memory only: the operator's file is never rewritten.
 * @throws ConfigError when the file is not JSON or a value is of the wrong kind.
 */
export function loadOrCreateConfig(
  varDir: string,
  initial: InitialConfig = {},
): { config: StackConfig; created: boolean } {
  const path = configPath(varDir);
  if (existsSync(path)) return { config: readConfig(varDir), created: false };
  const config = initialConfig(initial);
  check(config, 'the first start');
  mkdirSync(join(varDir, 'config'), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o640 });
  renameSync(temporary, path);
  return { config, created: true };
}

/**
 * Reads the configuration of an installation.
 * @throws ConfigError when it is missing or cannot be used.
 */
export function readConfig(varDir: string): StackConfig {
  const path = configPath(varDir);
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${path} cannot be read as JSON: ${(error as Error).message}`);
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new ConfigError(`${path} must hold one JSON object.`);
  const given = raw as Partial<StackConfig>;
  const base = initialConfig({ ports: given.ports });
  const config: StackConfig = {
    ...base,
    ...given,
    homeserver: { ...base.homeserver, ...given.homeserver },
    database: { ...base.database, ...given.database },
    ports: { ...base.ports, ...given.ports },
    gateway: { ...base.gateway, ...given.gateway },
    calls: { ...base.calls, ...given.calls },
    log: { ...base.log, ...given.log },
    domains: given.domains ?? {},
  };
  check(config, path);
  config.public_url = config.public_url.replace(/\/+$/, '');
  return config;
}

/** A country's code in ISO 3166-1 (UK, as it is often written, is GB); undefined for what is none. */
export function countryCode(text: unknown): string | undefined {
  if (typeof text !== 'string' || !/^[A-Z]{2}$/.test(text)) return undefined;
  const { region } = new Intl.Locale(`und-${text}`);
  const name = region && new Intl.DisplayNames('en', { type: 'region', fallback: 'none' }).of(region);
  return name && region !== 'ZZ' ? region : undefined;
}

function check(config: StackConfig, where: string): void {
  const fail = (message: string): never => {
    throw new ConfigError(`${where}: ${message}`);
  };
  if (typeof config.company_name !== 'string' || config.company_name.trim() === '')
    fail('"company_name" must be text.');
  if (typeof config.server_name !== 'string' || !/^[A-Za-z0-9.-]+(:\d{1,5})?$/.test(config.server_name))
    fail(`"server_name" must be a host name, with a port if needed, like example.org or localhost:8448.`);
  if (
    typeof config.public_url !== 'string' ||
    !URL.canParse(config.public_url) ||
    !/^https?:$/.test(new URL(config.public_url).protocol)
  )
    fail('"public_url" must be an http or https address.');
  for (const part of ['homeserver', 'database'] as const) {
    if (typeof config[part].managed !== 'boolean') fail(`"${part}.managed" must be true or false.`);
    if (!URL.canParse(config[part].url)) fail(`"${part}.url" must be an address.`);
  }
  const country = config.domains['org']?.['phone_country'];
  if (country !== undefined && countryCode(country) === undefined)
    fail(
      `"domains.org.phone_country" is ${JSON.stringify(country)}, which is no country: use two letters (ISO 3166-1), such as CN or GB.`,
    );
  const seen = new Map<number, string>();
  for (const [name, port] of Object.entries(config.ports) as [string, number][]) {
    if (!Number.isInteger(port) || port < 1 || port > 65535) fail(`"ports.${name}" must be a port number.`);
    const other = seen.get(port);
    if (other !== undefined) fail(`"ports.${name}" and "ports.${other}" are both ${port}.`);
    seen.set(port, name);
  }
  if (isIP(config.gateway.listen) === 0)
    fail('"gateway.listen" must be an IP address, like 127.0.0.1 or 0.0.0.0.');
  const proxies: unknown = config.gateway.trusted_proxies;
  if (!Array.isArray(proxies) || proxies.some((one) => typeof one !== 'string' || isIP(one) === 0))
    fail('"gateway.trusted_proxies" must be a list of IP addresses.');
  if (typeof config.calls.enabled !== 'boolean') fail('"calls.enabled" must be true or false.');
}

/** Secrets every installation has; domains add their own (`as_token_<domain>`, `hs_token_<domain>`). */
export const secretNames = [
  'database_superuser_password',
  'database_password',
  'database_audit_password',
  'synapse_database_password',
  'registration_shared_secret',
  'synapse_macaroon_secret',
  'synapse_form_secret',
  'synapse_module_token',
  'livekit_key',
  'livekit_secret',
] as const;

/** Name of a secret's file in `var/secrets`. */
export type SecretName = (typeof secretNames)[number];

/** Path of a secret's file. */
export function secretPath(varDir: string, name: string): string {
  return join(varDir, 'secrets', name);
}

/** Makes the secrets that are missing (32 random bytes each, base64url); never changes one. */
export function ensureSecrets(varDir: string): void {
  const folder = join(varDir, 'secrets');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  for (const name of secretNames) ensureSecret(varDir, name);
}

/** Makes one secret if it is missing and returns it. */
export function ensureSecret(varDir: string, name: string, make = randomSecret): string {
  const path = secretPath(varDir, name);
  try {
    writeFileSync(path, make(), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readSecret(varDir, name);
}

/**
 * Reads a secret.
 * @throws ConfigError when its file is missing.
 */
export function readSecret(varDir: string, name: string): string {
  try {
    return readFileSync(secretPath(varDir, name), 'utf8').trim();
  } catch {
    throw new ConfigError(`The secret ${secretPath(varDir, name)} is missing.`);
  }
}

function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}
