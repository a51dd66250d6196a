/**
 * A CSV file of 200 MB, sent through the gateway as the console does: as many people as an import takes, with a long
 * remark each, and twenty times as many short rows, which are refused.
 *
 *   npm run bench -- large-file                   upload and difference
 *   npm run bench -- large-file --apply           apply it, too (provisioning is stopped: no accounts are made)
 *   … --rows 100000   … --megabytes 200   … --only taken|refused
 *   … --again                                     and once more, with nothing changed
 */
import { execFile } from 'node:child_process';
import { createWriteStream, openAsBlob, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createSessions, openDatabase, systemClock, systemRandom } from '@qiao/platform';
import { root } from '@qiao/scripts/stack';
import { startTestStack } from '@qiao/testkit';
import { sql } from 'kysely';
import { duration } from './lib/report.ts';
import type { BenchContext } from './org.ts';

const run = promisify(execFile);
const POLL_MS = 250;
const MB = 1e6;
const HEAD = 'id,name,email,title,department,manager,remark\n';

/** Peak resident memory of a process, MB (`VmHWM`, proc(5)). */
const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? NaN) / 1024;

/** Begins a new peak (`clear_refs`, proc(5)). */
const forgetPeak = (pid: number): void => {
  writeFileSync(`/proc/${String(pid)}/clear_refs`, '5');
};

/** Writes people in 500 departments, each answering to the first of their hundred, until the file is large enough. */
async function writeFileOf(path: string, rows: number, bytes: number): Promise<void> {
  const file = createWriteStream(path);
  file.write(HEAD);
  const room = Math.floor(bytes / rows);
  for (let n = 1; n <= rows; n++) {
    const id = String(n);
    const lead = String(n - ((n - 1) % 100));
    const fields = `${id},员工${id},p${id}@example.com,工程师,部门${String(n % 500)},${lead === id ? '' : lead},`;
    const left = room - Buffer.byteLength(fields) - 1;
    // Chinese letters take three bytes.
    const line = `${fields}${'备'.repeat(Math.max(0, Math.floor(left / 3)))}\n`;
    if (!file.write(line)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}

export async function bench(ctx: BenchContext): Promise<void> {
  const option = (name: string, otherwise: number): number => {
    const at = ctx.args.indexOf(name);
    return at < 0 ? otherwise : Number(ctx.args[at + 1]);
  };
  const rows = option('--rows', 100_000);
  const bytes = option('--megabytes', 200) * MB;
  const own = await startTestStack({ parts: ['postgres', 'synapse', 'host', 'gateway'] });
  const { info, stack } = own;
  await run(process.execPath, ['appservices/host/main.ts', 'org', 'first-admin', '--json'], {
    cwd: root,
    env: { ...process.env, QIAO_VAR: info.varDir },
  });
  const handle = openDatabase({
    url: info.databaseUrl,
    applicationName: 'bench',
    max: 2,
    onError: () => undefined,
  });
  try {
    await sql`update org.person set status = 'active', activated_at = now() where localpart = 'admin'`.execute(
      handle.db,
    );
    const { token } = await createSessions({
      db: handle.db,
      clock: systemClock,
      random: systemRandom,
      serverName: info.serverName,
    }).create(`@admin:${info.serverName}`, 'bench');
    const call = async <T>(method: string, path: string, body?: object | FormData): Promise<T> => {
      const form = body instanceof FormData;
      const answer = await fetch(`${info.gatewayUrl}/api/org${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined || form ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    };
    interface Run {
      id: string;
      state: string;
      counts: Record<string, number>;
      error: { message: string } | null;
    }
    await call('PUT', '/provisioning', { enabled: false });
    const host = (): number => stack.pid('host') ?? NaN;
    const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
      const began = performance.now();
      return [await work(), (performance.now() - began) / 1000];
    };
    const until = async (id: string, ...states: string[]): Promise<Run> => {
      for (;;) {
        const found = await call<Run>('GET', `/imports/${id}`);
        if (found.state === 'failed' || states.includes(found.state)) return found;
        await delay(POLL_MS);
      }
    };
    /** Memory while something is done, MB: the peak of the process, and the most that was in use of its heap. */
    const measured = async <T>(work: () => Promise<T>): Promise<[T, number, string]> => {
      forgetPeak(host());
      let heap = 0;
      const look = setInterval(() => {
        void fetch(`${info.hostUrl}/metrics`)
          .then((answer) => answer.text())
          .then((text) => {
            const used = /^nodejs_heap_size_used_bytes (\S+)/m.exec(text)?.[1];
            heap = Math.max(heap, Number(used ?? 0) / 2 ** 20);
          })
          .catch(() => undefined);
      }, POLL_MS);
      const [result, seconds] = await timed(work).finally(() => {
        clearInterval(look);
      });
      return [result, seconds, `${peakOf(host()).toFixed(0)} MB, heap ${heap.toFixed(0)}`];
    };
    const importFile = async (name: string, count: number): Promise<void> => {
      const path = join(info.varDir, name);
      await writeFileOf(path, count, bytes);
      const idle = peakOf(host());
      const [uploaded, sending, sent] = await measured(async () => {
        const form = new FormData();
        form.append('file', await openAsBlob(path, { type: 'text/csv' }), name);
        return call<Run>('POST', '/imports', form);
      });
      ctx.note(`${name}: sent in ${duration(sending)}`);
      const [checked, checking, compared] = await measured(async () => {
        await call('PUT', `/imports/${uploaded.id}/mapping`, {
          mapping: {
            columns: {
              external_id: 'id',
              display_name: 'name',
              email: 'email',
              title: 'title',
              department: 'department',
              manager: 'manager',
            },
          },
        });
        await call('POST', `/imports/${uploaded.id}/check`).catch(() => undefined);
        return until(uploaded.id, 'checked');
      });
      ctx.note(`${name}: ${checked.state} after ${duration(checking)}, ${compared}`);
      let applied = '–';
      if (checked.state === 'checked' && ctx.args.includes('--apply')) {
        const [done, applying, memory] = await measured(async () => {
          await call('POST', `/imports/${uploaded.id}/apply`, { confirm_leavers: true });
          return until(uploaded.id, 'done');
        });
        applied = `${duration(applying)} (${done.state}; ${memory})`;
      }
      ctx.print(
        `| ${count.toLocaleString('en')} | ${(bytes / MB).toFixed(0)} MB | ${duration(sending)} (${sent}; before ${idle.toFixed(0)} MB) | ${duration(checking)} (${compared}) | ${checked.error?.message ?? 'the difference'} | ${applied} |`,
      );
    };
    ctx.print('| rows | file | upload (host, peak) | difference (host, peak) | what is said | applied |');
    ctx.print('| --- | --- | --- | --- | --- | --- |');
    const only = ctx.args[ctx.args.indexOf('--only') + 1];
    if (only !== 'taken') await importFile('refused.csv', rows * 20);
    if (only !== 'refused') await importFile('taken.csv', rows);
    if (ctx.args.includes('--again')) await importFile('again.csv', rows);
  } finally {
    await handle.close();
    await own.stop();
  }
}
