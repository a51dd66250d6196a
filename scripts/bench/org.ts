/**
 * From a file to a workspace where every room is joined, against a bare script that makes the same on an identical
 * fresh homeserver. People are joined once they have a device with keys: between the rooms and the joins everybody gets
 * one, in both, while no clock runs.
 *
 *   npm run bench -- org                                     Adventure Works, and 500 people in 25 departments
 *   npm run bench -- org --people 10000 --departments 500    the large company (takes its time)
 *   … --rounds 3        repeat each measurement and take the median
 *   … --only generated  or  --only adventure-works
 *   … --standard, --no-standard   the floor by standard client calls: default up to 500 people
 *   … --import-only     only read the file into the directory, with provisioning stopped: the host's memory and time
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createSessions, openDatabase, systemClock, systemRandom } from '@qiao/platform';
import { readSecret, root } from '@qiao/scripts/stack';
import { activatePeople, startTestStack, waitFor, type RunningTestStack } from '@qiao/testkit';
import { sql } from 'kysely';
import { adventureWorks, changed, generated, type CompanyFile } from './lib/companies.ts';
import { runFloor, type Made } from './lib/floor.ts';
import { duration, median } from './lib/report.ts';

export interface BenchContext {
  print(line: string): void;
  note(line: string): void;
  readonly args: readonly string[];
}

/** The same for the product (its default) and the floor. */
const IN_FLIGHT = 8;
const POLL_MS = 50;
const CHANGED_SHARE = 0.01;
/** So many people get their first device one after the other, to see how long each waits for the rooms. */
const SINGLE = 5;
const run = promisify(execFile);

interface Ours {
  people: number;
  departments: number;
  importing: number;
  /** Importing, accounts and rooms, then the joins once everybody has a device. */
  total: number;
  joining: number;
  /** From one person's first keys until in the last of their rooms, seconds: with nothing else to do, median. */
  single: number;
  repeatedChanges: number;
  repeated: number;
  unchanged: number;
  peakMb: number;
  /** Processor time of the homeserver and of the host for the first import, seconds. */
  homeserverCpu: number;
  hostCpu: number;
  made: Made;
}

/** Peak resident memory of a process, MB (`VmHWM`, proc(5)). */
const peakOf = (pid: number): number => {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) / 1024;
};

/** Processor time a process has used, seconds (`utime` and `stime` in ticks of 10 ms, proc(5)). */
const cpuOf = (pid: number | undefined): number => {
  if (pid === undefined) return NaN;
  const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

async function measureOurs(ctx: BenchContext, company: CompanyFile): Promise<Ours> {
  const own = await startTestStack();
  try {
    await own.stack.startPart('host');
    return await importInto(ctx, own, company);
  } finally {
    await own.stop();
  }
}

async function importInto(ctx: BenchContext, own: RunningTestStack, company: CompanyFile): Promise<Ours> {
  const { info } = own;
  await run(process.execPath, ['appservices/host/main.ts', 'org', 'first-admin', '--json'], {
    cwd: root,
    env: { ...process.env, QIAO_VAR: info.varDir },
  });
  const handle = openDatabase({ url: info.databaseUrl, applicationName: 'bench', max: 2 });
  try {
    const sessions = createSessions({
      db: handle.db,
      clock: systemClock,
      random: systemRandom,
      serverName: info.serverName,
    });
    // The first admin signs in by a session made here: activating the account is not what is measured.
    await sql`update org.person set status = 'active', activated_at = now() where localpart = 'admin'`.execute(
      handle.db,
    );
    const { token } = await sessions.create(`@admin:${info.serverName}`, 'bench');
    const call = async <T>(method: string, path: string, body?: object | FormData): Promise<T> => {
      const answer = await fetch(`${info.hostUrl}/api/org${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${text.slice(0, 500)}`);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    };
    interface Run {
      id: string;
      state: string;
      counts: Record<string, number>;
      error: unknown;
      source: { id: string } | null;
    }
    const until = async (id: string, ...states: string[]): Promise<Run> => {
      for (;;) {
        const found = await call<Run>('GET', `/imports/${id}`);
        if (states.includes(found.state)) return found;
        if (found.state === 'failed') throw new Error(`import failed: ${JSON.stringify(found)}`);
        await delay(POLL_MS);
      }
    };
    let stopped = false;
    const settled = async (): Promise<void> => {
      while (!stopped) {
        const now = await call<{ pending: Record<string, number>; problems: number; running: boolean }>(
          'GET',
          '/provisioning',
        );
        const open = Object.values(now.pending).reduce((sum, count) => sum + count, 0);
        if (now.problems > 0)
          throw new Error(`problems: ${JSON.stringify(await call('GET', '/provisioning/problems'))}`);
        if (open === 0) return;
        // Asking costs the host something too: seldom while there is much to do.
        await delay(open > 500 ? 2000 : POLL_MS);
      }
    };
    let source: string | undefined;
    const importFile = async (file: CompanyFile): Promise<{ importing: number; total: number }> => {
      const began = performance.now();
      const form = new FormData();
      if (source !== undefined) form.append('source_id', source);
      form.append('file', new Blob([file.csv], { type: 'text/csv' }), 'people.csv');
      const uploaded = await call<Run>('POST', '/imports', form);
      const mapped = await call<Run>('PUT', `/imports/${uploaded.id}/mapping`, {
        mapping: {
          columns: {
            external_id: 'id',
            display_name: 'name',
            email: 'email',
            title: 'title',
            department: 'department',
            manager: 'manager',
            is_head: 'is head',
          },
          department_separator: '/',
        },
      });
      if (mapped.state === 'uploaded') await call('POST', `/imports/${uploaded.id}/check`);
      const checked = await until(uploaded.id, 'checked');
      if ((checked.counts['errors'] ?? 0) > 0)
        throw new Error(JSON.stringify(await call('GET', `/imports/${uploaded.id}/problems`)));
      await call('POST', `/imports/${uploaded.id}/apply`, { confirm_leavers: true });
      const done = await until(uploaded.id, 'done');
      source ??= done.source?.id;
      const applied = performance.now();
      await settled();
      return { importing: (applied - began) / 1000, total: (performance.now() - began) / 1000 };
    };

    await settled();
    if (ctx.args.includes('--import-only')) {
      await call('PUT', '/provisioning', { enabled: false });
      stopped = true;
    }
    const userIds = async (query: ReturnType<typeof sql<{ localpart: string }>>): Promise<string[]> =>
      (await query.execute(handle.db)).rows.map(({ localpart }) => `@${localpart}:${info.serverName}`);
    const keysKnown = async (): Promise<boolean> => {
      const { rows } = await sql`select 1 from org.person where keys_at is null limit 1`.execute(handle.db);
      return rows.length === 0;
    };
    /** Seconds from a first device until all rooms are joined, for some new people one after the other. */
    const singly = async (): Promise<number> => {
      const { rows: places } = await sql<{ id: string }>`select id from org.department where state = 'active'
        order by position, id limit ${SINGLE}`.execute(handle.db);
      for (const [at, { id }] of places.entries())
        await call('POST', '/people', {
          display_name: `New ${String(at)}`,
          localpart: `new${String(at)}`,
          departments: [{ department_id: id }],
        });
      await settled();
      const seconds: number[] = [];
      for (const at of places.keys()) {
        const localpart = `new${String(at)}`;
        await activatePeople(info, [`@${localpart}:${info.serverName}`]);
        const began = performance.now();
        await waitFor(
          async () => {
            const { rows } = await sql<{
              joined: number;
            }>`select count(*)::int as joined from org.room_member rm
              join org.person p on p.id = rm.person_id where p.localpart = ${localpart}`.execute(handle.db);
            // The company, the department's space and its room.
            return rows[0]?.joined === 3;
          },
          { what: `${localpart} in the rooms`, timeout: 60_000, interval: 10 },
        );
        seconds.push((performance.now() - began) / 1000);
      }
      return median(seconds);
    };
    /** Everybody gets a device while the work is stopped; then the joins are measured. Answers their seconds. */
    const joinAll = async (): Promise<number> => {
      await call('PUT', '/provisioning', { enabled: false });
      await activatePeople(
        info,
        await userIds(sql`select localpart from org.person where keys_at is null order by localpart`),
      );
      await waitFor(keysKnown, { what: 'all keys to be known', timeout: 120_000 });
      joinsBegan = { homeserver: cpuOf(synapse), host: cpuOf(host) };
      const began = performance.now();
      await call('PUT', '/provisioning', { enabled: true });
      await settled();
      return (performance.now() - began) / 1000;
    };
    const synapse = own.stack.pid('synapse');
    const host = own.stack.pid('host');
    const before = { homeserver: cpuOf(synapse), host: cpuOf(host) };
    const first = await importFile(company);
    const roomsMade = { homeserver: cpuOf(synapse), host: cpuOf(host) };
    let joinsBegan = roomsMade;
    const joining = stopped ? 0 : await joinAll();
    const joined = { homeserver: cpuOf(synapse), host: cpuOf(host) };
    const total = first.total + joining;
    ctx.note(
      `${company.name}: ${duration(total)} (of it the file ${duration(first.importing)}, the joins ${duration(joining)})`,
    );

    const made = stopped ? { companyName: '', departments: [], people: [] } : await madeBy(handle.db);
    const unchanged = await importFile(company);
    const change = changed(company, CHANGED_SHARE);
    const repeated = await importFile(change.file);
    ctx.note(
      `${company.name}: again ${duration(unchanged.total)}, with ${String(change.people)} changed ${duration(repeated.total)}`,
    );
    const single = stopped ? 0 : await singly();
    ctx.note(`${company.name}: one person's first device to their last room ${duration(single)}`);
    return {
      people: made.people.length,
      departments: made.departments.length,
      importing: first.importing,
      total,
      joining,
      single,
      repeatedChanges: change.people,
      repeated: repeated.total,
      unchanged: unchanged.total,
      peakMb: host === undefined ? NaN : peakOf(host),
      homeserverCpu: roomsMade.homeserver - before.homeserver + joined.homeserver - joinsBegan.homeserver,
      hostCpu: roomsMade.host - before.host + joined.host - joinsBegan.host,
      made,
    };
  } finally {
    await handle.close();
  }
}

/** Accounts, departments and placements as the import made them: the floor makes the same. */
async function madeBy(db: Parameters<typeof createSessions>[0]['db']): Promise<Made> {
  const departments = await sql<Made['departments'][number]>`
    select d.id, d.parent_id as parent, d.name, d.position,
      coalesce((select array_agg(p.localpart) from org.membership m join org.person p on p.id = m.person_id
        where m.department_id = d.id and m.is_head and m.until is null), '{}') as heads
    from org.department d where d.state = 'active' order by d.position, d.name`.execute(db);
  const people = await sql<Made['people'][number]>`
    select p.localpart, p.display_name as name, p.email,
      coalesce((select array_agg(m.department_id::text) from org.membership m
        where m.person_id = p.id and m.until is null), '{}') as departments
    from org.person p where p.localpart <> 'admin' order by p.localpart`.execute(db);
  const joined = await sql<{ n: number }>`select count(*)::int as n from org.room_member`.execute(db);
  const wanted = people.rows.reduce((sum, person) => sum + 1 + 2 * person.departments.length, 0) + 1;
  if (joined.rows[0]?.n !== wanted)
    throw new Error(`${String(joined.rows[0]?.n)} memberships instead of ${String(wanted)}`);
  return { companyName: 'Qiao Test', departments: departments.rows, people: people.rows };
}

async function measureFloor(
  made: Made,
  kind: 'module' | 'standard',
): Promise<Awaited<ReturnType<typeof runFloor>>> {
  const own = await startTestStack();
  try {
    const { info } = own;
    const synapse = own.stack.pid('synapse');
    const cpu = (): number => cpuOf(synapse);
    const floor = await runFloor(
      {
        url: info.homeserverUrl,
        serverName: info.serverName,
        asToken: readSecret(info.varDir, 'as_token_org'),
        moduleToken: info.moduleToken,
        registrationSecret: info.registrationSharedSecret,
        pushPort: Number(new URL(info.hostUrl).port),
        cpu,
        activate: async (userIds) => {
          await activatePeople(info, userIds);
        },
      },
      made,
      kind,
      IN_FLIGHT,
    );
    return floor;
  } finally {
    await own.stop();
  }
}

export async function bench(ctx: BenchContext): Promise<void> {
  const option = (name: string): string | undefined => {
    const at = ctx.args.indexOf(name);
    return at < 0 ? undefined : ctx.args[at + 1];
  };
  const rounds = Number(option('--rounds') ?? 1);
  const only = option('--only');
  const companies: CompanyFile[] = [];
  if (only !== 'generated') {
    const works = adventureWorks();
    if (works === undefined) ctx.note('The Adventure Works tables are not here; that part is left out.');
    else companies.push(works);
  }
  if (only !== 'adventure-works') {
    companies.push(generated(Number(option('--people') ?? 500), Number(option('--departments') ?? 25)));
  }
  if (ctx.args.includes('--import-only')) {
    for (const company of companies) {
      const mine = await measureOurs(ctx, company);
      ctx.print(
        `${company.name}: read into the directory in ${duration(mine.total)}, again unchanged ${duration(mine.unchanged)}, ` +
          `1 % changed ${duration(mine.repeated)}; host ${mine.peakMb.toFixed(0)} MB at its peak, ${duration(mine.hostCpu)} of processor time.`,
      );
    }
    return;
  }
  ctx.print(
    '| company | ours, file to last join | floor, same calls | ratio (≤ 1.15) | processor time of the homeserver, ratio | floor, standard calls | ratio | one person, first device to last room | host memory, peak (< 500 MB) | repeated, nothing changed | repeated, 1 % changed (< 3 %) |',
  );
  ctx.print('|---|---|---|---|---|---|---|---|---|---|---|');
  for (const company of companies) {
    const ours: Ours[] = [];
    const floors: number[] = [];
    const ratios: number[] = [];
    const cpuRatios: number[] = [];
    let standard: number | undefined;
    for (let round = 0; round < rounds; round += 1) {
      const mine = await measureOurs(ctx, company);
      ours.push(mine);
      const floor = await measureFloor(mine.made, 'module');
      ctx.note(
        `floor, same calls: ${duration(floor.total)} (accounts ${duration(floor.accounts)}, rooms ${duration(floor.rooms)}, joins ${duration(floor.joins)}; ${String(floor.requests)} requests)`,
      );
      floors.push(floor.total);
      ratios.push(mine.total / floor.total);
      cpuRatios.push(mine.homeserverCpu / floor.homeserverCpu);
      ctx.note(
        `processor time: homeserver ${duration(mine.homeserverCpu)} against ${duration(floor.homeserverCpu)}, host ${duration(mine.hostCpu)}`,
      );
    }
    const [first] = ours;
    if (first === undefined) continue;
    // One request after the other for each person: for large companies only when asked for.
    if (ctx.args.includes('--standard') || (!ctx.args.includes('--no-standard') && first.people <= 500)) {
      const plain = await measureFloor(first.made, 'standard');
      standard = plain.total;
      ctx.note(`floor, standard calls: ${duration(plain.total)} (${String(plain.requests)} requests)`);
    }
    const total = median(ours.map((one) => one.total));
    const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
    ctx.print(
      `| ${company.name}: ${String(first.people)} people, ${String(first.departments)} departments | ${duration(total)} ` +
        `| ${duration(median(floors))} | **${median(ratios).toFixed(2)}** | ${median(cpuRatios).toFixed(2)} ` +
        `| ${standard === undefined ? '–' : duration(standard)} | ${standard === undefined ? '–' : (total / standard).toFixed(2)} ` +
        `| ${median(ours.map((one) => one.single)).toFixed(2)} s ` +
        `| ${Math.max(...ours.map((one) => one.peakMb)).toFixed(0)} MB ` +
        `| ${percent(median(ours.map((one) => one.unchanged / one.total)))} ` +
        `| ${percent(median(ours.map((one) => one.repeated / one.total)))} (${String(first.repeatedChanges)} people) |`,
    );
  }
  ctx.print('');
  ctx.print(
    `Ours: the file goes through upload, mapping, check and apply of the HTTP API of a host in its own process (bot included), ` +
      `then everything is made on the homeserver; the clock stops when nothing is left to do. In both, everybody then gets a password and a device with signed keys, which is not counted, and the clock runs on for the joins. ` +
      `Floor: a script without database or logic on a fresh homeserver of the same settings, ${String(IN_FLIGHT)} requests in flight like ours: ` +
      `"same calls" sends accounts and memberships through the Synapse module in batches as ours does (\`/accounts\`, \`/memberships\`), ` +
      `rooms by \`createRoom\`, links by \`PUT state\`; "standard calls" registers by shared secret (\`/_synapse/admin/v1/register\`), ` +
      `invites by \`/invite\`, joins by \`/join\`. ` +
      (rounds === 1 ? 'One round.' : `Median of ${String(rounds)} rounds.`),
  );
}
