import { EventEmitter } from 'node:events';
import {
  Logger,
  parseCronItems,
  run,
  runMigrations,
  type Runner,
  type Task,
  type WorkerEvents,
} from 'graphile-worker';
import { sql, type Kysely, type Transaction } from 'kysely';
import type pg from 'pg';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';

/** Context of one run of a job. A job is safe to run twice and ends soon after `signal` fires. */
export interface JobContext {
  readonly signal: AbortSignal;
  /** 1 on the first try. */
  readonly attempt: number;
  readonly log: Log;
}

/** One background job; the file is `jobs/<verb-noun>.job.ts`. */
export interface Job<S extends TSchema = TSchema> {
  /** `<domain>.<verb-noun>`, stable: it is stored in the queue. */
  readonly name: string;
  readonly payload: S;
  /** Cron pattern in UTC (five fields), where the job also runs by itself with an empty payload. */
  readonly cron?: string;
  run(payload: Static<S>, context: JobContext): Promise<void>;
}

export function defineJob<S extends TSchema>(job: Job<S>): Job {
  return job;
}

export interface EnqueueOptions {
  /** Only one waiting job with this key; a later one replaces it. */
  key?: string;
  /** Jobs of one queue run one after the other. */
  queue?: string;
  runAt?: Date;
  /** Default 25, with exponential back-off (graphile-worker). */
  maxAttempts?: number;
}

/** Adds jobs inside the caller's transaction: they exist if and only if it commits (transactional outbox). */
export interface JobQueue {
  enqueue(
    trx: Kysely<never> | Transaction<never>,
    name: string,
    payload: unknown,
    options?: EnqueueOptions,
  ): Promise<void>;
}

export interface JobRunner {
  stop(): Promise<void>;
  /** Jobs waiting, and those that failed their last attempt. */
  stats(): Promise<{ waiting: number; failed: number; oldestSeconds: number }>;
}

const UNLOCK_EVERY_MS = 60_000;

export function createJobQueue(schema: string): JobQueue {
  return {
    async enqueue(trx, name, payload, options = {}) {
      await sql`select ${sql.ref(schema)}.add_job(
        ${name}, ${JSON.stringify(payload ?? {})}::json,
        queue_name => ${options.queue ?? null}::text,
        run_at => ${options.runAt ?? null}::timestamptz,
        max_attempts => ${options.maxAttempts ?? null}::int,
        job_key => ${options.key ?? null}::text)`.execute(trx);
    },
  };
}

export async function migrateJobs(pool: pg.Pool, schema: string): Promise<void> {
  await runMigrations({ pgPool: pool, schema });
}

/**
 * Frees jobs locked by workers that died. Every worker is recorded with its process, which is the
 * `application_name` of its pool: a lock whose process has no connection in `pg_stat_activity` belongs to
 * nobody. (graphile-worker itself waits four hours.)
 */
async function unlockDead(pool: pg.Pool, schema: string): Promise<number> {
  const { rows } = await pool.query<{ id: string }>(
    `select w.id from platform.worker w
     where not exists (select 1 from pg_stat_activity a where a.application_name = w.process)`,
  );
  if (rows.length === 0) return 0;
  const ids = rows.map((row) => row.id);
  await pool.query(`select "${schema}".force_unlock_workers($1::text[])`, [ids]);
  await pool.query('delete from platform.worker where id = any($1::text[])', [ids]);
  return ids.length;
}

/** Starts working off the queue. `process` has to be the `application_name` of `pool`. */
export async function startJobs(options: {
  pool: pg.Pool;
  schema: string;
  process: string;
  jobs: readonly Job[];
  concurrency: number;
  log: Log;
  metrics: Metrics;
}): Promise<JobRunner> {
  const { pool, schema, log, metrics } = options;
  await unlockDead(pool, schema);
  const stopping = new AbortController();
  const taskList: Record<string, Task> = {};
  for (const job of options.jobs) {
    taskList[job.name] = async (raw, helpers) => {
      const end = metrics.jobSeconds.startTimer({ job: job.name });
      const jobLog = log.child({ job: job.name, job_id: helpers.job.id });
      // Cron adds `_cron`; the schema knows nothing of it.
      const { _cron: _, ...payload } = (raw ?? {}) as Record<string, unknown>;
      try {
        if (!Value.Check(job.payload, payload)) throw new Error(`payload of ${job.name} is not valid`);
        await job.run(payload, {
          signal: stopping.signal,
          attempt: helpers.job.attempts,
          log: jobLog,
        });
        metrics.jobs.inc({ job: job.name, outcome: 'done' });
      } catch (error) {
        metrics.jobs.inc({ job: job.name, outcome: stopping.signal.aborted ? 'stopped' : 'failed' });
        jobLog.error({ err: error, attempt: helpers.job.attempts }, 'job failed');
        throw error;
      } finally {
        end();
      }
    };
  }
  const parsedCronItems = parseCronItems(
    options.jobs.flatMap((job) =>
      job.cron === undefined
        ? []
        : [{ task: job.name, match: job.cron, identifier: job.name, options: { maxAttempts: 3 } }],
    ),
  );
  const events: WorkerEvents = new EventEmitter();
  const recorded: Promise<unknown>[] = [];
  // A job is locked by the pool of workers that took it, not by the worker that runs it.
  events.on('pool:create', ({ workerPool }) => {
    recorded.push(
      pool.query('insert into platform.worker (id, process) values ($1, $2) on conflict do nothing', [
        workerPool.id,
        options.process,
      ]),
    );
  });
  const runner: Runner = await run({
    pgPool: pool,
    schema,
    taskList,
    parsedCronItems,
    concurrency: options.concurrency,
    noHandleSignals: true,
    pollInterval: 2000,
    events,
    logger: new Logger(() => (level, message) => {
      if (level === 'error') log.error(message);
      else if (level === 'warning') log.warn(message);
    }),
  });
  await Promise.all(recorded);
  const timer = setInterval(() => {
    unlockDead(pool, schema).catch((error: unknown) => {
      log.warn({ err: error }, 'dead workers not looked for');
    });
  }, UNLOCK_EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await runner.stop();
    },
    async stats() {
      const { rows } = await pool.query<{ waiting: number; failed: number; oldest: number }>(
        `select count(*) filter (where attempts < max_attempts)::int as waiting,
           count(*) filter (where attempts >= max_attempts)::int as failed,
           coalesce(extract(epoch from now() - min(run_at) filter (where attempts < max_attempts and run_at < now())), 0)::float as oldest
         from "${schema}"._private_jobs`,
      );
      const row = rows[0];
      return {
        waiting: row?.waiting ?? 0,
        failed: row?.failed ?? 0,
        oldestSeconds: Math.max(0, row?.oldest ?? 0),
      };
    },
  };
}
