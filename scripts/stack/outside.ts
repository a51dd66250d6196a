import { existsSync } from 'node:fs';
import pg from 'pg';
import { readSecret, secretPath, type StackConfig } from './config.ts';
import { DatabaseError } from './postgres.ts';

/** Our two databases: the workspace's, and the audit process's, which is out of reach of the others. */
export const ourDatabases = [
  { check: 'database', secret: 'database', role: 'qiao' },
  { check: "audit's database", secret: 'database_audit', role: 'qiao_audit' },
] as const;

export type OurDatabase = (typeof ourDatabases)[number];

/**
 * Address of one of our databases with its password: the secret `<name>_url`, or the configured address with the
 * secret `<name>_password`.
 * @throws ConfigError when the secret is missing.
 */
export function databaseAddress(varDir: string, config: StackConfig, { secret, role }: OurDatabase): string {
  if (existsSync(secretPath(varDir, `${secret}_url`))) return readSecret(varDir, `${secret}_url`);
  const built = new URL(config.database.url);
  if (secret !== 'database') {
    built.username = role;
    built.pathname = `/${role}`;
  }
  built.password = readSecret(varDir, `${secret}_password`);
  return built.href;
}

/** Longest wait (ms) for a connection. */
const patience = 10_000;

/**
 * That the outside databases let us in, before parts are started that would end without them.
 * @throws DatabaseError in one sentence, without the password; ConfigError when a secret is missing.
 */
export async function requireOutsideDatabases(varDir: string, config: StackConfig): Promise<void> {
  for (const one of ourDatabases) {
    const address = databaseAddress(varDir, config, one);
    const client = new pg.Client({ connectionString: address, connectionTimeoutMillis: patience });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      const { host, pathname, username } = new URL(address);
      const cause = error instanceof AggregateError ? (error.errors[0] as Error) : (error as Error);
      throw new DatabaseError(
        `The outside ${one.check} (${username} at ${host}${pathname}) cannot be used: ${cause.message}. ` +
          `Check "database.url" in var/config/qiao.json and the secret ${secretPath(varDir, `${one.secret}_url`)}.`,
      );
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
