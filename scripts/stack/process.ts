import { spawn, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** How to run one part of the stack. */
export interface ProcessSpec {
  name: string;
  command: string;
  args: string[];
  cwd: string;
  env?: Record<string, string>;
  /** Run as this user id and group id (only root can). */
  uid?: number;
  /** Signal that asks it to end. */
  stopSignal?: NodeJS.Signals;
  /** Send the stop signal to the process alone, not to its group. */
  stopLeaderOnly?: boolean;
  /** After this time (ms) it is killed. */
  stopTimeout?: number;
  /** Resolves when it serves; rejects or never ends when it does not (see `readyTimeout`). */
  isReady: () => Promise<boolean>;
  /** Time (ms) a start may take. */
  readyTimeout?: number;
}

/** A part that ended or never became ready. The message ends with the log's last lines. */
export class PartFailed extends Error {
  readonly part: string;
  constructor(part: string, message: string) {
    super(message);
    this.part = part;
  }
}

/** What is noted about a process that was started, so that a later run can find it. */
interface ProcessRecord {
  pid: number;
  /** Start time in clock ticks since boot (field 22 of /proc/<pid>/stat): tells a reused pid. */
  start: string;
  name: string;
  stop_signal: NodeJS.Signals;
  leader_only: boolean;
}

const maxLogBytes = 10 * 1024 * 1024;
const keptLogs = 3;
const readyInterval = 100;

/** Start time of a process in clock ticks since boot, or undefined when it is gone (or a zombie). */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command, in parentheses, may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** One running part: its process, log file and pid file. */
export class PartProcess {
  readonly spec: ProcessSpec;
  readonly logFile: string;
  readonly #pidFile: string;
  #child: ChildProcess | undefined;
  #stopping = false;
  /** Read anew after each wait. */
  readonly #isStopping = (): boolean => this.#stopping;
  #exited: Promise<void> = Promise.resolve();
  /** Called when the process ends without having been asked to, after it was ready. */
  onCrash: ((code: number | null, signal: NodeJS.Signals | null) => void) | undefined;

  constructor(spec: ProcessSpec, varDir: string) {
    this.spec = spec;
    this.logFile = join(varDir, 'log', `${spec.name}.log`);
    this.#pidFile = join(varDir, 'run', `${spec.name}.json`);
  }

  /** The process id while it runs. */
  get pid(): number | undefined {
    return this.#child?.exitCode === null && this.#child.signalCode === null ? this.#child.pid : undefined;
  }

  /**
   * Starts it and waits until it is ready.
   * @throws PartFailed when it ends or takes longer than `readyTimeout`; it does not run then.
   */
  async start(): Promise<void> {
    const { spec } = this;
    mkdirSync(dirname(this.logFile), { recursive: true });
    mkdirSync(dirname(this.#pidFile), { recursive: true });
    rotateLog(this.logFile);
    this.#stopping = false;
    const log = openSync(this.logFile, 'a', 0o640);
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: { ...process.env, ...spec.env },
      // Its own process group, so that Ctrl-C reaches the supervisor only, which stops parts in order.
      detached: true,
      stdio: ['ignore', log, log],
      ...(spec.uid !== undefined && { uid: spec.uid, gid: spec.uid }),
    });
    closeSync(log);
    this.#child = child;
    let failed: Error | undefined;
    let ready = false;
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => {
        failed = error;
        resolve();
      });
      child.once('exit', (code, signal) => {
        rmSync(this.#pidFile, { force: true });
        resolve();
        if (ready && !this.#stopping) this.onCrash?.(code, signal);
      });
    });
    if (child.pid !== undefined) this.#note(child.pid);
    const timeout = spec.readyTimeout ?? 60_000;
    const deadline = Date.now() + timeout;
    for (;;) {
      if (failed !== undefined) throw this.#failure(`could not be started: ${failed.message}`);
      if (this.#isStopping()) throw this.#failure('was stopped while it started.');
      if (child.exitCode !== null || child.signalCode !== null)
        throw this.#failure(`ended at its start (${child.signalCode ?? `exit code ${child.exitCode}`}).`);
      if (await spec.isReady().catch(() => false)) break;
      if (Date.now() > deadline) {
        await this.stop();
        throw this.#failure(`was not ready after ${Math.round(timeout / 1000)} s.`);
      }
      await Promise.race([delay(readyInterval), this.#exited]);
    }
    ready = true;
  }

  /** Asks it to end, kills it when it does not, and waits until it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const { pid, spec } = this;
    if (pid === undefined) return;
    await stopProcess(pid, {
      signal: spec.stopSignal ?? 'SIGTERM',
      leaderOnly: spec.stopLeaderOnly === true,
      timeout: spec.stopTimeout ?? 15_000,
      ended: this.#exited,
    });
    await this.#exited;
  }

  /** Kills it as a crash would (kill -9 of its whole group); `onCrash` is called. */
  async kill(): Promise<void> {
    const { pid } = this;
    if (pid === undefined) return;
    sendSignal(pid, 'SIGKILL', this.spec.stopLeaderOnly === true);
    await this.#exited;
  }

  #note(pid: number): void {
    const record: ProcessRecord = {
      pid,
      start: processStart(pid) ?? '',
      name: this.spec.name,
      stop_signal: this.spec.stopSignal ?? 'SIGTERM',
      leader_only: this.spec.stopLeaderOnly === true,
    };
    writeFileSync(this.#pidFile, JSON.stringify(record));
  }

  #failure(what: string): PartFailed {
    return new PartFailed(
      this.spec.name,
      `${this.spec.name} ${what} Its log ends with:\n${logTail(this.logFile)}`,
    );
  }
}

/** Last lines of a log file, indented; a note when there are none. */
export function logTail(path: string, lines = 12): string {
  if (!existsSync(path)) return `    (${path} is empty)`;
  const size = statSync(path).size;
  const length = Math.min(size, 64 * 1024);
  const buffer = Buffer.alloc(length);
  const file = openSync(path, 'r');
  try {
    readSync(file, buffer, 0, length, size - length);
  } finally {
    closeSync(file);
  }
  const tail = buffer.toString('utf8').trimEnd().split('\n').slice(-lines);
  return `${tail.map((line) => `    ${line.slice(0, 400)}`).join('\n')}\n    (${path})`;
}

function rotateLog(path: string): void {
  if (!existsSync(path) || statSync(path).size < maxLogBytes) return;
  for (let number = keptLogs - 1; number >= 1; number--)
    if (existsSync(`${path}.${number}`)) renameSync(`${path}.${number}`, `${path}.${number + 1}`);
  renameSync(path, `${path}.1`);
}

function sendSignal(pid: number, signal: NodeJS.Signals, leaderOnly: boolean): void {
  try {
    process.kill(leaderOnly ? pid : -pid, signal);
  } catch {
    // Gone already.
  }
}

async function stopProcess(
  pid: number,
  how: { signal: NodeJS.Signals; leaderOnly: boolean; timeout: number; ended?: Promise<void> },
): Promise<void> {
  const start = processStart(pid);
  if (start === undefined) return;
  sendSignal(pid, how.signal, how.leaderOnly);
  const deadline = Date.now() + how.timeout;
  while (processStart(pid) === start && Date.now() < deadline)
    await Promise.race([delay(50), ...(how.ended === undefined ? [] : [how.ended])]);
  // What is left of its group goes too: nothing may outlive the stack.
  sendSignal(pid, 'SIGKILL', false);
  while (processStart(pid) === start && Date.now() < deadline + 5_000) await delay(20);
}

/** Parts a supervisor that died left running; `[]` when there are none. */
export function findOrphans(varDir: string): ProcessRecord[] {
  const folder = join(varDir, 'run');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json') && name !== supervisorFile)
    .flatMap((name) => {
      const record = readRecord(join(folder, name));
      if (record !== undefined && processStart(record.pid) === record.start) return [record];
      rmSync(join(folder, name), { force: true });
      return [];
    });
}

/** Stops parts that a dead supervisor left; the database last. Returns their names. */
export async function stopOrphans(varDir: string): Promise<string[]> {
  const orphans = findOrphans(varDir);
  const isDatabase = (record: ProcessRecord): boolean => record.name === 'postgres';
  const stop = async (record: ProcessRecord): Promise<void> => {
    await stopProcess(record.pid, {
      signal: record.stop_signal,
      leaderOnly: record.leader_only,
      timeout: 15_000,
    });
    rmSync(join(varDir, 'run', `${record.name}.json`), { force: true });
  };
  await Promise.all(orphans.filter((record) => !isDatabase(record)).map(stop));
  await Promise.all(orphans.filter(isDatabase).map(stop));
  return orphans.map((record) => record.name);
}

const supervisorFile = 'supervisor.json';

/** Who supervises an installation. */
export interface SupervisorRecord {
  pid: number;
  start: string;
  /** What `up` printed at its end, for a second `up`; absent until everything is ready. */
  summary?: string;
}

/** The supervisor of an installation, when one runs. */
export function runningSupervisor(varDir: string): SupervisorRecord | undefined {
  const record = readRecord(join(varDir, 'run', supervisorFile)) as SupervisorRecord | undefined;
  return record !== undefined && processStart(record.pid) === record.start ? record : undefined;
}

/** Notes this process as the supervisor. */
export function noteSupervisor(varDir: string, summary?: string): void {
  const path = join(varDir, 'run', supervisorFile);
  mkdirSync(dirname(path), { recursive: true });
  const record: SupervisorRecord = { pid: process.pid, start: processStart(process.pid) ?? '' };
  if (summary !== undefined) record.summary = summary;
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  writeFileSync(temporary, JSON.stringify(record));
  renameSync(temporary, path);
}

/** Takes the note away again. */
export function forgetSupervisor(varDir: string): void {
  rmSync(join(varDir, 'run', supervisorFile), { force: true });
}

function readRecord(path: string): ProcessRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessRecord;
  } catch {
    return undefined;
  }
}
