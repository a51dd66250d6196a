import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { login, startTestStack, waitFor, type RunningTestStack } from '@qiao/testkit';
import {
  defaultPorts,
  findOrphans,
  freePorts,
  initialConfig,
  root,
  secretPath,
  type Ports,
} from '@qiao/scripts/stack';
import { afterAll, beforeAll, expect, test } from 'vitest';

/*
 * A database and a homeserver that somebody else runs (`managed: false`, docs/operate/configuration.md): another
 * stack's parts stand for them. The test does what an operator does: addresses and secrets, `up`, what `doctor` says,
 * the registrations into the homeserver.
 */

interface Finding {
  check: string;
  level: string;
  text: string;
  todo?: string;
}

let outside: RunningTestStack;
let varDir = '';
let ports: Ports;

const start = (script: string, ...args: string[]) => {
  const child = spawn(process.execPath, [join(root, 'scripts', script), ...args], {
    cwd: root,
    env: { ...process.env, QIAO_VAR: varDir, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString()));
  const done = new Promise<string>((resolve) => child.once('close', () => resolve(output)));
  return { child, output: () => output, done };
};
const examine = async (): Promise<Finding[]> =>
  (JSON.parse(await start('doctor.ts', '--json').done) as { findings: Finding[] }).findings;
const put = (name: string, value: string): void => {
  mkdirSync(join(varDir, 'secrets'), { recursive: true, mode: 0o700 });
  writeFileSync(secretPath(varDir, name), value, { mode: 0o600 });
};

beforeAll(async () => {
  outside = await startTestStack();
  mkdirSync(join(root, 'var/test'), { recursive: true });
  varDir = mkdtempSync(join(root, 'var/test/outside-'));
  const names = Object.keys(defaultPorts);
  const free = await freePorts(names.length);
  ports = Object.fromEntries(names.map((name, at) => [name, free[at]])) as unknown as Ports;
  const { info } = outside;
  const database = new URL(info.databaseUrl);
  database.password = '';
  mkdirSync(join(varDir, 'config'));
  writeFileSync(
    join(varDir, 'config/qiao.json'),
    JSON.stringify({
      ...initialConfig({ ports, calls: false, serverName: info.serverName }),
      homeserver: { url: info.homeserverUrl, managed: false },
      database: { url: database.href, managed: false },
    }),
  );
});
afterAll(async () => {
  await start('down.ts').done;
  await outside.stop();
  rmSync(varDir, { recursive: true, force: true });
});

test('a database that refuses us is said in a sentence, and nothing is left running', async () => {
  put('database_url', outside.info.databaseUrl.replace(/:[^:@]+@/, ':wrong@'));
  const before = (await examine()).find((finding) => finding.check === 'database');
  expect(before).toMatchObject({ level: 'fail', todo: 'Check "database.url" and the network.' });
  expect(before?.text).toContain('password authentication failed');
  const up = start('up.ts');
  const output = await up.done;
  expect(up.child.exitCode).toBe(1);
  expect(output).toMatch(
    /The outside database \(qiao at \S+\/qiao\) cannot be used: .*password authentication failed/,
  );
  expect(output).not.toMatch(/ at .*\.ts:\d+/);
  expect(output).not.toContain('wrong@');
  expect(findOrphans(varDir)).toEqual([]);
});

test('up, doctor and the first administrator on an outside database and homeserver', async () => {
  const { info, stack } = outside;
  const theirs = (name: string): string => readFileSync(join(info.varDir, 'secrets', name), 'utf8').trim();
  put('database_url', info.databaseUrl);
  const audit = new URL(info.databaseUrl);
  audit.username = 'qiao_audit';
  audit.pathname = '/qiao_audit';
  audit.password = theirs('database_audit_password');
  put('database_audit_url', audit.href);
  // The module's `token_path` there holds the same secret.
  put('synapse_module_token', theirs('synapse_module_token'));

  const up = start('up.ts');
  await waitFor(
    () => {
      if (up.child.exitCode !== null) throw new Error(up.output());
      return /s {2}Ready$/m.test(up.output());
    },
    { timeout: 150_000, what: 'up to be ready' },
  ).catch((error: unknown) => {
    throw new Error(up.output(), { cause: error });
  });
  const registrations = join(varDir, 'synapse/registrations');
  expect(up.output()).toContain('Database: not started, an outside database is configured');
  expect(up.output()).toContain(
    `Homeserver: not started, an outside homeserver is configured; it needs the registrations in ${registrations}`,
  );
  expect(existsSync(join(varDir, 'postgres'))).toBe(false);

  // The homeserver does not know us yet: said with what to do.
  const early = await examine();
  expect(early).toContainEqual(expect.objectContaining({ check: 'database', level: 'ok' }));
  expect(early).toContainEqual(expect.objectContaining({ check: "audit's database", level: 'ok' }));
  expect(early).toContainEqual(expect.objectContaining({ check: 'homeserver', level: 'ok' }));
  expect(early).toContainEqual(expect.objectContaining({ check: "homeserver's module", level: 'ok' }));
  const unknown = early.filter((finding) => finding.check.startsWith('appservice '));
  expect(unknown.length).toBeGreaterThan(0);
  for (const finding of unknown) {
    expect(finding).toMatchObject({ level: 'fail', text: 'is not known to the homeserver' });
    expect(finding.todo).toMatch(/^Give the homeserver .*synapse\/registrations\/.*\.yaml and restart it\.$/);
  }

  const folder = join(info.varDir, 'config/synapse.d');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'outside.yaml'),
    JSON.stringify({
      app_service_config_files: readdirSync(registrations).map((name) => join(registrations, name)),
    }),
  );
  await stack.restartPart('synapse');
  await waitFor(async () => (await examine()).every((finding) => finding.level !== 'fail'), {
    timeout: 90_000,
    interval: 2_000,
    what: 'doctor to be content',
  }).catch(async (error: unknown) => {
    throw new Error(JSON.stringify(await examine(), null, 1), { cause: error });
  });

  // It works: an account is made there, and signs in.
  const line = /First admin +(\S+)/.exec(up.output())?.[1] ?? '';
  const gateway = `http://127.0.0.1:${ports.gateway}`;
  const activated = await waitFor(
    async () => {
      const answer = await fetch(`${gateway}/api/org/activation`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: new URL(line).hash.slice(1), password: 'Radfahren-im-Regen-7' }),
      });
      return answer.ok && ((await answer.json()) as { user_id: string });
    },
    { timeout: 60_000, interval: 1_000, what: 'the activation' },
  );
  expect(activated.user_id).toMatch(new RegExp(`:${info.serverName}$`));
  const user = await login(gateway, activated.user_id, 'Radfahren-im-Regen-7');
  expect(user.userId).toBe(activated.user_id);

  // Down ends what is ours alone.
  await start('down.ts').done;
  expect((await fetch(`${info.homeserverUrl}/health`)).ok).toBe(true);
  expect(stack.pid('postgres')).toBeDefined();
  expect(findOrphans(varDir)).toEqual([]);
}, 300_000);
