import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Logger,
  parseCronItems,
  run,
  runMigrations,
  type JobHelpers,
  type Runner,
  type Task,
  type WorkerEvents,
  type WorkerPool,
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

/** Each lane has workers of its own: what takes long holds nothing up that people wait for. Default: `prompt`. */
export type JobLane = 'prompt' | 'long';

/** One background job; the file is `jobs/<verb-noun>.job.ts`. */
export interface Job<S extends TSchema = TSchema> {
  /** `<domain>.<verb-noun>`, stable: it is stored in the queue. */
  readonly name: string;
  readonly payload: S;
  /** Cron pattern in UTC (five fields), where the job also runs by itself with an empty payload. */
  readonly cron?: string;
  /** `long` where a run may take longer than people wait (imports, whole directories): see `JobLane`. */
  readonly lane?: JobLane;
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
/** Waits between tries to go on after the database was away, milliseconds. */
const AGAIN_MS = { first: 250, most: 5_000 };
/** What should have been begun in this time before a start, while nobody could begin it, is begun once. */
const CRON_BACKFILL_MS = 60 * 60_000;

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
  await unlock(
    pool,
    schema,
    rows.map((row) => row.id),
  );
  return rows.length;
}

/**
 * Frees what these pools of workers hold. What ended with its worker has not failed, not even at its last try; and a
 * job that is asked for anew under its key while it runs counts as tried often enough: nobody would run it again, and
 * without its worker it would stand there as given up.
 */
async function unlock(pool: pg.Pool, schema: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await pool.query(
    `update "${schema}"._private_jobs set attempts = max_attempts - 1
     where locked_by = any($1::text[]) and attempts >= max_attempts`,
    [ids],
  );
  await pool.query(`select "${schema}".force_unlock_workers($1::text[])`, [ids]);
  await pool.query('delete from platform.worker where id = any($1::text[])', [ids]);
}

interface LaneOptions {
  readonly pool: pg.Pool;
  readonly schema: string;
  readonly process: string;
  readonly jobs: readonly Job[];
  readonly concurrency: number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Starts working off the queue, each lane by itself. `process` has to be the `application_name` of `pool`;
 * `concurrency` is how many jobs of a lane are at work at once.
 */
export async function startJobs(
  options: Omit<LaneOptions, 'concurrency'> & { readonly concurrency: Readonly<Record<JobLane, number>> },
): Promise<JobRunner> {
  const { pool, schema, log } = options;
  await unlockDead(pool, schema);
  const lanes: { stop(): Promise<void> }[] = [];
  const stopLanes = async (): Promise<void> => {
    await Promise.all(lanes.map((lane) => lane.stop()));
  };
  try {
    for (const lane of ['prompt', 'long'] as const) {
      const jobs = options.jobs.filter((job) => (job.lane ?? 'prompt') === lane);
      const concurrency = options.concurrency[lane];
      if (jobs.length > 0)
        lanes.push(await startLane({ ...options, jobs, concurrency, log: log.child({ lane }) }));
    }
  } catch (error) {
    await stopLanes();
    throw error;
  }
  const timer = setInterval(() => {
    unlockDead(pool, schema).catch((error: unknown) => {
      log.warn({ err: error }, 'dead workers not looked for');
    });
  }, UNLOCK_EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await stopLanes();
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

/**
 * The workers of one lane: they take nothing but its jobs.
 *
 * When the database goes away, graphile-worker can neither note that a job is done nor know what it has locked. Then
 * its workers end; as soon as no job is at work and the database answers, others begin, and what the earlier ones
 * still hold is freed: a job whose end could not be noted runs again.
 */
async function startLane(options: LaneOptions): Promise<{ stop(): Promise<void> }> {
  const { pool, schema, log, metrics } = options;
  const stopping = new AbortController();
  /** Read anew after each wait. */
  const isStopping = (): boolean => stopping.signal.aborted;
  const taskList: Record<string, Task> = {};
  /** Jobs at work: the same one must not begin a second time beside itself. */
  const atWork = new Set<Promise<void>>();
  const track = async (work: Promise<void>): Promise<void> => {
    const settled = work.catch(() => undefined);
    atWork.add(settled);
    try {
      await work;
    } finally {
      atWork.delete(settled);
    }
  };
  for (const job of options.jobs) {
    const runOnce = async (raw: unknown, helpers: JobHelpers): Promise<void> => {
      const end = metrics.jobSeconds.startTimer({ job: job.name });
      const jobLog = log.child({ job: job.name, job_id: helpers.job.id });
      // Cron adds `_cron`; the schema knows nothing of it.
      const { _cron: _, ...payload } = (raw ?? {}) as Record<string, unknown>;
      const { abortSignal } = helpers;
      const signal = AbortSignal.any([stopping.signal, abortSignal]);
      try {
        if (!Value.Check(job.payload, payload)) throw new Error(`payload of ${job.name} is not valid`);
        await job.run(payload, {
          signal,
          attempt: helpers.job.attempts,
          log: jobLog,
        });
        // It was told to end because its workers did, and may have left work: it runs again with the next ones.
        if (abortSignal.aborted && !isStopping()) throw new Error(`${job.name} ended with its workers`);
        metrics.jobs.inc({ job: job.name, outcome: 'done' });
      } catch (error) {
        metrics.jobs.inc({ job: job.name, outcome: signal.aborted ? 'stopped' : 'failed' });
        jobLog.error({ err: error, attempt: helpers.job.attempts }, 'job failed');
        throw error;
      } finally {
        end();
      }
    };
    taskList[job.name] = (raw, helpers) => track(runOnce(raw, helpers));
  }
  const parsedCronItems = parseCronItems(
    options.jobs.flatMap((job) =>
      job.cron === undefined
        ? []
        : [
            {
              task: job.name,
              match: job.cron,
              identifier: job.name,
              // However many times were missed, one waits.
              options: { maxAttempts: 3, backfillPeriod: CRON_BACKFILL_MS, jobKey: `cron ${job.name}` },
            },
          ],
    ),
  );
  /** Pools of workers of this process that have ended, and may hold jobs. */
  const ended = new Set<string>();
  let current: { runner: Runner; workers: Promise<unknown> } | undefined;

  const begin = async (): Promise<void> => {
    const ids = [...ended];
    await unlock(pool, schema, ids);
    for (const id of ids) ended.delete(id);
    const events: WorkerEvents = new EventEmitter();
    const created: WorkerPool[] = [];
    const started: Runner[] = [];
    events.on('pool:create', ({ workerPool }) => created.push(workerPool));
    // What it has locked before its connection broke, nobody knows.
    let broken = false;
    /** Read anew after each wait. */
    const isBroken = (): boolean => broken;
    const breakOff = (): void => {
      broken = true;
      for (const one of started) one.stop('the database is away').catch(() => undefined);
    };
    events.on('worker:getJob:error', () => setImmediate(breakOff));
    const runner = await run({
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
      // Without these the end of a job is noted by a promise that nobody holds: its failure would end the process.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    });
    // The runner has two ends: its workers', and that of its clock, which may come a minute later.
    started.push(runner);
    runner.promise.catch(() => undefined);
    const [workerPool] = created;
    if (workerPool === undefined) throw new Error('the queue has no workers');
    const { id, promise } = workerPool;
    const workers = promise.then(
      () => undefined,
      (error: unknown) => error,
    );
    current = { runner, workers };
    let recorded = false;
    const began = Date.now();
    void workers.then((error) => {
      ended.add(id);
      if (!recorded) return;
      if (Date.now() - began > AGAIN_MS.most) wait = AGAIN_MS.first;
      going = goOn(error);
    });
    try {
      // A job is locked by the pool of workers that took it, not by the worker that runs it.
      await pool.query('insert into platform.worker (id, process) values ($1, $2) on conflict do nothing', [
        id,
        options.process,
      ]);
      recorded = true;
      if (isBroken()) breakOff();
    } catch (error) {
      runner.stop('not recorded').catch(() => undefined);
      await workers;
      throw error;
    }
  };
  let wait = AGAIN_MS.first;
  let going: Promise<void> | undefined;
  /** Begins again, as soon as that is possible. Never rejects. */
  const goOn = async (reason: unknown): Promise<void> => {
    if (isStopping()) return;
    log.warn({ err: reason }, 'the queue stands still: the database is away');
    for (;;) {
      await delay(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
      wait = Math.min(wait * 2, AGAIN_MS.most);
      await Promise.all(atWork);
      if (isStopping()) return;
      try {
        await begin();
        log.info('the queue goes on');
        return;
      } catch (error) {
        log.debug({ err: error, waitMs: wait }, 'the queue cannot go on yet');
      }
    }
  };
  await begin();
  return {
    async stop() {
      stopping.abort();
      await going;
      // Rejects when it has ended already.
      current?.runner.stop().catch(() => undefined);
      await current?.workers;
    },
  };
}
