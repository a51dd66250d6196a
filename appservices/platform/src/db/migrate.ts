import { sql, type Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';

/** A domain's migrations by name; names sort by time (`001_…`), and a released one never changes. */
export type Migrations = Readonly<Record<string, Migration>>;

/**
 * Brings one domain's schema up to date, in its own schema with its own migration tables. Safe to run twice
 * and from several processes at once (kysely takes an advisory lock).
 */
export async function migrateDomain(
  db: Kysely<unknown>,
  schema: string,
  migrations: Migrations,
): Promise<readonly string[]> {
  await sql`create schema if not exists ${sql.ref(schema)}`.execute(db);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
    migrationTableSchema: schema,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error) throw error instanceof Error ? error : new Error('migration failed', { cause: error });
  return (results ?? []).filter((r) => r.status === 'Success').map((r) => r.migrationName);
}
