import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MailSettings } from '../mail/settings.ts';
import { ConfigError } from './error.ts';

const Port = Type.Integer({ minimum: 1, maximum: 65535 });

/** The installation's settings, `var/config/qiao.json`; secrets are not here but one file each in `var/secrets`. */
export const SiteSettings = Type.Object({
  company_name: Type.String({
    minLength: 1,
    maxLength: 200,
    description: 'Shown as the name of the workspace',
  }),
  server_name: Type.String({
    minLength: 1,
    maxLength: 255,
    description: 'Matrix server name; cannot be changed after the first start',
  }),
  public_url: Type.String({ pattern: '^https?://', description: 'The one origin people open in a browser' }),
  homeserver: Type.Object({
    url: Type.String({ pattern: '^https?://', description: 'Client-server API of the homeserver' }),
    managed: Type.Boolean({ description: 'true: started by scripts/up; false: an outside homeserver' }),
  }),
  database: Type.Object({
    url: Type.String({
      pattern: '^postgres(ql)?://',
      description: 'PostgreSQL address without password; the password is the secret database_password',
    }),
    managed: Type.Boolean({ description: 'true: the embedded database; false: an outside one' }),
  }),
  ports: Type.Record(Type.String(), Port, {
    description: 'Port of each part, on loopback but for federation',
  }),
  federation: Type.Optional(
    Type.Object({
      allow_inside: Type.Boolean({
        default: false,
        description: 'Ask homeservers on private addresses who their users are; for closed networks',
      }),
    }),
  ),
  calls: Type.Optional(
    Type.Object({ enabled: Type.Boolean({ description: 'Whether scripts/up starts LiveKit' }) }),
  ),
  log: Type.Optional(
    Type.Object({ level: Type.Enum(['trace', 'debug', 'info', 'warn', 'error'], { default: 'info' }) }),
  ),
  mail: Type.Optional(MailSettings),
  domains: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()), {
    description: 'Settings of each domain, below its id',
  }),
});
export type SiteSettings = Static<typeof SiteSettings>;

export { ConfigError };

/** Reads secrets by name from a folder of one file each; makes missing ones only when told so. */
export interface Secrets {
  /** @throws ConfigError when the secret does not exist. */
  get(name: string): string;
  find(name: string): string | undefined;
  getOrCreate(name: string, make: () => string): string;
  /** Path of the secret's file, for programs that read it themselves. */
  path(name: string): string;
}

export interface Site {
  readonly settings: SiteSettings;
  readonly secrets: Secrets;
  /** Absolute path of the data folder; all that a domain keeps on disk lies below `data/<domain>` in it. */
  readonly varDir: string;
}

const SECRET_NAME = /^[a-z][a-z0-9_]{0,63}$/;

export function openSecrets(folder: string): Secrets {
  const path = (name: string): string => {
    if (!SECRET_NAME.test(name)) throw new ConfigError(`Not a secret's name: ${name}`);
    return join(folder, name);
  };
  const find = (name: string): string | undefined => {
    try {
      return readFileSync(path(name), 'utf8').trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  };
  return {
    path,
    find,
    get(name) {
      const value = find(name);
      if (value === undefined || value === '') throw new ConfigError(`Secret missing: ${path(name)}`);
      return value;
    },
    getOrCreate(name, make) {
      const known = find(name);
      if (known !== undefined && known !== '') return known;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const value = make();
      writeFileSync(path(name), `${value}\n`, { mode: 0o600, flag: known === '' ? 'w' : 'wx' });
      return value;
    },
  };
}

/** Parses a value by a schema, with defaults filled in, and says in one sentence what is wrong. */
export function parseConfig<S extends TSchema>(schema: S, value: unknown, where: string): Static<S> {
  const filled = Value.Default(schema, Value.Clone(value));
  if (!Value.Check(schema, filled)) {
    const first = Value.Errors(schema, filled)[0];
    throw new ConfigError(`${where}${first?.instancePath ?? ''}: ${first?.message ?? 'not valid'}`);
  }
  return filled;
}

/** Opens the installation below `varDir` (default: `$QIAO_VAR`, or `var`). */
export function openSite(varDir = process.env['QIAO_VAR'] ?? 'var'): Site {
  const root = resolve(varDir);
  const file = join(root, 'config', 'qiao.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new ConfigError(`No configuration at ${file}: run scripts/up first`);
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${file} is not JSON: ${(error as Error).message}`);
  }
  return {
    settings: parseConfig(SiteSettings, raw, file),
    secrets: openSecrets(join(root, 'secrets')),
    varDir: root,
  };
}

/**
 * The database address with its password: the secret `database_url`, else the setting plus the secret
 * `database_password`. A domain that runs apart has a database and a role of its own, `qiao_<domain>`, with the
 * secrets `database_<domain>_url` or `database_<domain>_password`: the other processes cannot connect to it.
 */
export function databaseUrl(site: Site, apart?: string): string {
  const prefix = apart === undefined ? 'database' : `database_${apart}`;
  const whole = site.secrets.find(`${prefix}_url`);
  if (whole) return whole;
  const url = new URL(site.settings.database.url);
  if (apart !== undefined) {
    url.username = `qiao_${apart}`;
    url.pathname = `/qiao_${apart}`;
  }
  const password = site.secrets.find(`${prefix}_password`);
  if (password) url.password = password;
  return url.toString();
}
