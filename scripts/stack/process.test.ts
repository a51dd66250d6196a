import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  PartFailed,
  PartProcess,
  findOrphans,
  forgetSupervisor,
  noteSupervisor,
  processStart,
  runningSupervisor,
  stopOrphans,
  type ProcessSpec,
} from './process.ts';

let varDir = '';
beforeEach(() => {
  varDir = mkdtempSync(join(tmpdir(), 'qiao-process-'));
});
afterEach(async () => {
  await stopOrphans(varDir);
  rmSync(varDir, { recursive: true });
});

/** A part that runs a script; it is ready when the script has made the file `ready`. */
function part(script: string, over: Partial<ProcessSpec> = {}): PartProcess {
  const ready = join(varDir, 'ready');
  return new PartProcess(
    {
      name: 'part',
      command: process.execPath,
      args: ['-e', `${script}; require('fs').writeFileSync(${JSON.stringify(ready)}, String(process.pid))`],
      cwd: varDir,
      readyTimeout: 20_000,
      isReady: () => Promise.resolve(existsSync(ready)),
      ...over,
    },
    varDir,
  );
}

const idle = 'setInterval(() => {}, 1000)';

test('a part that ignores the signal is killed, with everything it started', async () => {
  const child = join(varDir, 'child');
  const stubborn = part(
    `process.on('SIGTERM', () => {}); ${idle};
     const c = require('child_process').spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); ${idle}"]);
     require('fs').writeFileSync(${JSON.stringify(child)}, String(c.pid))`,
    { stopTimeout: 300 },
  );
  const onCrash = vi.fn();
  stubborn.onCrash = onCrash;
  await stubborn.start();
  const pids = [stubborn.pid ?? 0, Number(readFileSync(child, 'utf8'))];
  for (const pid of pids) expect(processStart(pid)).toBeDefined();
  await stubborn.stop();
  await vi.waitFor(
    () => {
      for (const pid of pids) expect(processStart(pid)).toBeUndefined();
    },
    { timeout: 20_000 },
  );
  expect(onCrash).not.toHaveBeenCalled();
  expect(existsSync(join(varDir, 'run/part.json'))).toBe(false);
});

test('a crash after the start is told once', async () => {
  const crashing = part(idle);
  const onCrash = vi.fn();
  crashing.onCrash = onCrash;
  await crashing.start();
  await crashing.kill();
  expect(onCrash).toHaveBeenCalledExactlyOnceWith(null, 'SIGKILL');
});

test('a part that ends at its start fails with the end of its log', async () => {
  const failing = part(`console.error('no such table'); process.exit(3)`);
  await expect(failing.start()).rejects.toThrow(PartFailed);
  await expect(failing.start()).rejects.toThrow(
    /ended at its start \(exit code 3\)[\s\S]*no such table[\s\S]*part\.log/,
  );
});

test('a part that never becomes ready is stopped', async () => {
  const slow = part(idle, { readyTimeout: 200, isReady: () => Promise.resolve(false) });
  await expect(slow.start()).rejects.toThrow('was not ready after');
  expect(slow.pid).toBeUndefined();
});

test('a command that is not there is one sentence', async () => {
  await expect(part('', { command: '/nowhere/program' }).start()).rejects.toThrow('could not be started');
});

test('a large log is set aside at the start, and three are kept', async () => {
  mkdirSync(join(varDir, 'log'));
  const log = join(varDir, 'log/part.log');
  for (let run = 0; run < 5; run++) {
    writeFileSync(log, `run ${run}`.padEnd(11 * 1024 * 1024, '.'));
    rmSync(join(varDir, 'ready'), { force: true });
    const one = part(`console.log('started'); ${idle}`);
    await one.start();
    await one.stop();
  }
  expect(statSync(log).size).toBeLessThan(1000);
  expect(readFileSync(`${log}.1`, 'utf8').slice(0, 5)).toBe('run 4');
  expect(readFileSync(`${log}.3`, 'utf8').slice(0, 5)).toBe('run 2');
  expect(existsSync(`${log}.4`)).toBe(false);
});

test('an orphan is found and stopped; a reused process id is left alone', async () => {
  const left = part(idle);
  await left.start();
  const pid = left.pid ?? 0;
  expect(findOrphans(varDir)).toMatchObject([{ name: 'part', pid }]);
  writeFileSync(
    join(varDir, 'run/other.json'),
    JSON.stringify({
      pid: process.pid,
      start: '1',
      name: 'other',
      stop_signal: 'SIGKILL',
      leader_only: true,
    }),
  );
  expect(await stopOrphans(varDir)).toEqual(['part']);
  expect(processStart(pid)).toBeUndefined();
  expect(findOrphans(varDir)).toEqual([]);
});

test('a supervisor is known by its start time, too', () => {
  expect(runningSupervisor(varDir)).toBeUndefined();
  noteSupervisor(varDir, 'addresses');
  expect(runningSupervisor(varDir)).toMatchObject({ pid: process.pid, summary: 'addresses' });
  writeFileSync(join(varDir, 'run/supervisor.json'), JSON.stringify({ pid: process.pid, start: '1' }));
  expect(runningSupervisor(varDir)).toBeUndefined();
  forgetSupervisor(varDir);
});
