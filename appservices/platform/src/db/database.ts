import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';

export type Database<T = unknown> = Kysely<T>;

/** A pool and the query layer over it; both end with `close`. */
export interface DatabaseHandle {
  readonly pool: pg.Pool;
  readonly db: Kysely<unknown>;
  close(): Promise<void>;
}

// int8 counts and ids of ours stay below 2^53: numbers, not strings.
pg.types.setTypeParser(pg.types.builtins.INT8, (value) => Number(value));
// A date without time stays the text it is (ISO 8601): no time zone may move it.
pg.types.setTypeParser(pg.types.builtins.DATE, (value) => value);

/** Opens a pool; `applicationName` is how the process is known in `pg_stat_activity` and to the job queue. */
export function openDatabase(options: {
  url: string;
  applicationName: string;
  max?: number;
  onError?: (error: Error) => void;
}): DatabaseHandle {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.max ?? 10,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
  });
  // An idle connection that breaks (database restarted) must not end the process.
  pool.on('error', (error) => options.onError?.(error));
  // Nor one that breaks while in use: its query fails, and that is where it is handled.
  pool.on('connect', (client) => {
    client.on('error', (error) => options.onError?.(error));
  });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  return {
    pool,
    db,
    async close() {
      await db.destroy();
      // kysely ends the pool only when a query went through it; jobs use the pool alone.
      if (!pool.ending) await pool.end();
    },
  };
}

/** Runs `work` while holding a session-wide advisory lock named by `key`; waits for it. */
export async function withAdvisoryLock<R>(pool: pg.Pool, key: string, work: () => Promise<R>): Promise<R> {
  const client = await pool.connect();
  try {
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [key]);
    return await work();
  } finally {
    await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [key]).catch(() => undefined);
    client.release();
  }
}

/** True when the database answers. */
export async function pingDatabase(db: Kysely<unknown>): Promise<boolean> {
  try {
    await sql`select 1`.execute(db);
    return true;
  } catch {
    return false;
  }
}
