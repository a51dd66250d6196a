import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { testStack } from './context.ts';
import type { TestStackInfo } from './stack.ts';

/** A database of one test file. */
export interface TestDatabase {
  name: string;
  /** As role `qiao`, which owns the database; password included. */
  url: string;
  /** Removes it, ending connections that are still open; returns how many those were. */
  drop(): Promise<number>;
}

/** How to fill a test database. */
export interface TestDatabaseOptions {
  /**
   * Fills the template (runs migrations). Called once per stack and `template` name, then each test
   * file gets a copy, which takes some 50 ms.
   */
  migrate?: (url: string) => Promise<void>;
  /** Name of the template; files that give the same name must migrate alike. Needed with `migrate`. */
  template?: string;
  stack?: TestStackInfo;
}

/**
 * An own database for a test file, cloned from a template: same encoding and collation as the real
 * one (`builtin` `C.UTF-8`).
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const stack = options.stack ?? testStack();
  const at = (name: string): string => {
    const url = new URL(stack.databaseUrl);
    url.pathname = `/${name}`;
    return url.href;
  };
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withClient(stack.superuserUrl, async (client) => {
    let template = 'template0';
    if (options.migrate !== undefined) {
      if (options.template === undefined)
        throw new Error('createTestDatabase: migrate needs a template name');
      template = `template_${options.template.replaceAll(/[^a-z0-9_]/g, '_')}`;
      const lock = createHash('sha256').update(template).digest().readInt32BE(0);
      await client.query('SELECT pg_advisory_lock($1)', [lock]);
      try {
        const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
        if (found.rowCount === 0) {
          // Filled under another name: a half filled one is never taken for the template.
          const draft = `${template}_${randomBytes(3).toString('hex')}`;
          await create(client, draft, 'template0');
          try {
            await options.migrate(at(draft));
          } catch (error) {
            await client.query(`DROP DATABASE IF EXISTS "${draft}" WITH (FORCE)`);
            throw error;
          }
          await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, [
            draft,
          ]);
          await client.query(`ALTER DATABASE "${draft}" RENAME TO "${template}"`);
        }
      } finally {
        await client.query('SELECT pg_advisory_unlock($1)', [lock]);
      }
    }
    await create(client, name, template);
  });
  return {
    name,
    url: at(name),
    drop: () =>
      withClient(stack.superuserUrl, async (client) => {
        const open = await client.query('SELECT 1 FROM pg_stat_activity WHERE datname = $1', [name]);
        await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
        return open.rowCount ?? 0;
      }),
  };
}

/** Runs SQL in the homeserver's database, for states that no interface makes. Synapse caches: know what it reads. */
export function synapseSql(sql: string, values: readonly unknown[] = []): Promise<void> {
  const url = new URL(testStack().superuserUrl);
  url.pathname = '/synapse';
  return withClient(url.href, async (client) => {
    await client.query(sql, [...values]);
  });
}

async function create(client: pg.Client, name: string, template: string): Promise<void> {
  const collation =
    template === 'template0' ? ` ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'` : '';
  await client.query(`CREATE DATABASE "${name}" OWNER qiao TEMPLATE "${template}"${collation}`);
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
