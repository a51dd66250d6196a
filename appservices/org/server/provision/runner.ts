import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase, databaseUrl, type Log } from '@qiao/platform';
import type { OrgContext } from '../context.ts';
import { isDatabaseTrouble, isTrouble } from './trouble.ts';

/** Waits while the homeserver or the database is away, milliseconds: doubling from the first to the longest. */
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 15_000;
/** Failures of another kind in a row after which a run gives up and the job's own retries take over. */
const MAX_STRANGE = 3;
/** How often a run looks whether it may go on (stopped by a person, lock lost), milliseconds. */
const CHECK_EVERY_MS = 1000;
const LOCK = 'qiao-org-provision';

/** The run has to end now: a person stopped it, the host stops, or the lock is gone. */
export class RunEnds extends Error {
  override readonly name = 'RunEnds';
  readonly reason: 'stopped' | 'aborted' | 'lock_lost';
  constructor(reason: 'stopped' | 'aborted' | 'lock_lost') {
    super(reason);
    this.reason = reason;
  }
}

export interface RunState {
  running: boolean;
  /** False after a call found the homeserver away, until one succeeds. */
  homeserverOk: boolean;
  /** Why the run waits, for operators; without ids or names. */
  waiting: string | undefined;
}

export interface RunControl {
  readonly signal: AbortSignal;
  /** Throws `RunEnds` where the run has to end; cheap enough for every request. */
  check(): Promise<void>;
}

/** Runs work as the only provisioner of the installation, and waits out trouble. */
export interface Runner {
  readonly state: RunState;
  /**
   * Calls `pass` again and again until it returns 0. Returns false when another process is at it: come again.
   * A call while this process is at it makes the present run look once more, and returns true at once.
   */
  run(signal: AbortSignal, pass: (control: RunControl) => Promise<number>): Promise<boolean>;
  /** Ends the present run at its next step. */
  interrupt(): void;
}

export function createRunner(
  org: Pick<OrgContext, 'site' | 'log'>,
  options: { enabled: () => Promise<boolean>; ping: () => Promise<void>; random: () => number },
): Runner {
  const { log } = org;
  const state: RunState = { running: false, homeserverOk: true, waiting: undefined };
  let again = false;
  let stop: AbortController | undefined;

  const control = (signal: AbortSignal, lock: Lock): RunControl => {
    let looked = 0;
    let looking: Promise<void> | undefined;
    const look = async (): Promise<void> => {
      if (!(await options.enabled())) throw new RunEnds('stopped');
      await lock.verify();
      looked = Date.now();
    };
    return {
      signal,
      async check() {
        if (signal.aborted) throw new RunEnds('aborted');
        if (Date.now() - looked < CHECK_EVERY_MS) return;
        looking ??= look().finally(() => {
          looking = undefined;
        });
        await looking;
      },
    };
  };

  /** Waits until the homeserver answers again, or long enough for the database. */
  const waitOut = async (error: unknown, tries: number, signal: AbortSignal): Promise<void> => {
    const ceiling = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 10));
    state.waiting = isTrouble(error) ? 'homeserver' : 'database';
    if (isTrouble(error)) state.homeserverOk = false;
    await delay(ceiling * (0.5 + options.random() / 2), undefined, { signal });
    if (!isTrouble(error)) return;
    try {
      await options.ping();
      state.homeserverOk = true;
    } catch {
      // The next pass finds out again and waits longer.
    }
  };

  const loop = async (
    signal: AbortSignal,
    lock: Lock,
    pass: (control: RunControl) => Promise<number>,
  ): Promise<void> => {
    let trouble = 0;
    let strange = 0;
    for (;;) {
      try {
        again = false;
        const step = control(signal, lock);
        await step.check();
        const done = await pass(step);
        state.homeserverOk = true;
        state.waiting = undefined;
        trouble = 0;
        strange = 0;
        // `again` is set by others while the pass runs.
        // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition
        if (done === 0 && !again) return;
      } catch (error) {
        if (error instanceof RunEnds) throw error;
        if (signal.aborted) throw new RunEnds('aborted');
        const known = isTrouble(error) || isDatabaseTrouble(error);
        if (!known && (strange += 1) >= MAX_STRANGE) throw error;
        trouble += 1;
        log.warn({ err: error, tries: trouble }, 'provisioning waits and goes on');
        try {
          await waitOut(error, trouble, signal);
        } catch {
          throw new RunEnds('aborted');
        }
        // A lock that went with its connection is taken again before anything is sent.
        if (!(await lock.retake())) throw new RunEnds('lock_lost');
      }
    }
  };

  return {
    state,
    interrupt() {
      stop?.abort();
    },
    async run(signal, pass) {
      if (state.running) {
        again = true;
        return true;
      }
      state.running = true;
      stop = new AbortController();
      const lock = new Lock(databaseUrl(org.site), log);
      try {
        if (!(await lock.take())) return false;
        await loop(AbortSignal.any([signal, stop.signal]), lock, pass);
        return true;
      } catch (error) {
        // Stopped by a person, or the process ends: the next start asks for a run. A lost lock means another one runs.
        if (error instanceof RunEnds) return error.reason !== 'lock_lost';
        throw error;
      } finally {
        state.running = false;
        state.waiting = undefined;
        stop = undefined;
        await lock.release();
      }
    },
  };
}

const connect = (handle: ReturnType<typeof openDatabase>) => handle.pool.connect();

/** A session-wide advisory lock on a connection of its own, which may break at any time without harm. */
class Lock {
  readonly #url: string;
  readonly #log: Log;
  #handle: ReturnType<typeof openDatabase> | undefined;
  #client: Awaited<ReturnType<typeof connect>> | undefined;

  constructor(url: string, log: Log) {
    this.#url = url;
    this.#log = log;
  }

  async take(): Promise<boolean> {
    this.#handle ??= openDatabase({
      url: this.#url,
      applicationName: 'qiao-org-provision',
      max: 1,
      onError: () => undefined,
    });
    const client = await connect(this.#handle);
    // Without a listener, a connection that breaks while nothing is asked would end the process.
    client.on('error', (error) => {
      this.#log.warn({ err: error }, 'connection of the provisioning lock lost');
      if (this.#client === client) this.#drop();
    });
    const { rows } = await client.query<{ taken: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken',
      [LOCK],
    );
    if (rows[0]?.taken !== true) {
      client.release();
      return false;
    }
    this.#client = client;
    return true;
  }

  /** @throws RunEnds or the connection's error, when the lock is no longer held. */
  async verify(): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw Object.assign(new Error('connection terminated'), { code: '57P01' });
    await client.query('select 1');
  }

  /** Takes the lock again if its connection broke. */
  async retake(): Promise<boolean> {
    try {
      await this.verify();
      return true;
    } catch {
      this.#drop();
    }
    try {
      return await this.take();
    } catch {
      // The database is still away: the next round waits again and asks again.
      return true;
    }
  }

  /** Closes the connection, which gives the lock back, and its place in the pool. */
  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.release(true);
  }

  async release(): Promise<void> {
    this.#drop();
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
  }
}
