import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { buildLivekit } from './stack/build-livekit.ts';
import {
  ConfigError,
  DatabaseError,
  PartFailed,
  PortsTaken,
  createStack,
  defaultVarDir,
  forgetSupervisor,
  noteSupervisor,
  paths,
  root,
  runningSupervisor,
  serverNames,
  stopOrphans,
  type PartName,
  type Stack,
  type StackEvent,
} from './stack/index.ts';

const run = promisify(execFile);
const varDir = defaultVarDir();
const begin = Number(process.env['QIAO_BEGIN'] ?? Date.now());

const labels: Record<PartName, string> = {
  postgres: 'Database',
  synapse: 'Homeserver',
  partner: "Partner's homeserver",
  host: 'Workspace',
  audit: 'Audit',
  livekit: 'Calls',
  gateway: 'Gateway',
};

function say(text: string): void {
  const ms = Date.now() - begin;
  process.stdout.write(
    `${String(Math.floor(ms / 1000)).padStart(4)}.${Math.floor((ms % 1000) / 100)} s  ${text}\n`,
  );
}

const inCheckout = (path: string): string => relative(root, path);

function show(event: StackEvent): void {
  const label = labels[event.part];
  if (event.kind === 'starting') say(`${label}: starting`);
  else if (event.kind === 'ready') say(`${label}: ready (${(event.ms / 1000).toFixed(1)} s)`);
  else if (event.kind === 'absent') {
    if (event.part !== 'livekit') say(`${label}: not started, ${event.reason}`);
  } else if (event.kind === 'stopping') say(`${label}: stopping`);
  else if (event.kind === 'crashed')
    say(
      `${label} crashed (${event.reason}); starting it again in ${event.again / 1000} s. Log: ${inCheckout(event.log)}`,
    );
  else if (event.kind === 'waiting')
    say(`${label} waits for: ${labels[event.need]}. It is started as soon as that is there.`);
  else
    say(
      `${label} keeps crashing${event.again === undefined ? '' : ` and rests ${Math.round(event.again / 1000)} s before it is tried again`}. ` +
        `Log: ${inCheckout(event.log)}. Run ./scripts/doctor to see what is wrong.`,
    );
}

const { values: options } = parseArgs({
  options: {
    demo: { type: 'boolean' },
    partner: { type: 'boolean' },
    detach: { type: 'boolean' },
    'no-calls': { type: 'boolean' },
    reset: { type: 'boolean' },
    yes: { type: 'boolean' },
    company: { type: 'string' },
    'server-name': { type: 'string' },
    'public-url': { type: 'string' },
  },
});

/** Asks on the terminal; without one the answer is no. */
async function confirm(question: string): Promise<boolean> {
  if (options.yes === true) return true;
  if (!process.stdin.isTTY) return false;
  const line = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await new Promise<string>((resolve) => line.question(`${question} [y/N] `, resolve));
  line.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function reset(): Promise<boolean> {
  if (!existsSync(varDir)) return true;
  if (!(await confirm(`This removes all data of this Qiao in ${varDir}. Continue?`))) {
    process.stderr.write(
      process.stdin.isTTY
        ? 'Nothing was removed.\n'
        : 'Say --yes to reset without a terminal. Nothing was removed.\n',
    );
    return false;
  }
  await stopOrphans(varDir);
  // Stacks of tests that run now have their folders in var/test.
  for (const name of readdirSync(varDir))
    if (name !== 'test') rmSync(join(varDir, name), { recursive: true });
  say('Removed all data.');
  return true;
}

/** A command of the host, as `org first-admin`; undefined while this checkout has no host. */
function hostCommand(...args: string[]): string[] | undefined {
  return existsSync(paths.host) ? [paths.host, ...args] : undefined;
}

const hostEnvironment = { ...process.env, QIAO_VAR: varDir };

async function firstAdmin(signal: AbortSignal): Promise<string> {
  const command = hostCommand('org', 'first-admin', '--json');
  if (command === undefined) return 'not there yet: this checkout has no workspace service';
  try {
    const { stdout } = await run(process.execPath, command, {
      cwd: root,
      env: hostEnvironment,
      timeout: 60_000,
      signal,
    });
    // Log lines may come before: the answer is the last line that is an object.
    const line = stdout
      .trim()
      .split('\n')
      .findLast((one) => one.startsWith('{'));
    const answer = JSON.parse(line ?? '{}') as { link?: string; user_id?: string; activated?: boolean };
    if (answer.activated === true) return `${answer.user_id ?? ''} (activated)`;
    if (answer.link !== undefined) return answer.link;
    return 'the workspace service gave no link; see: node appservices/host/main.ts org first-admin';
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const reason = (stderr ?? '').trim() === '' ? message : (stderr ?? '').trim();
    return `not available: ${reason.split('\n').at(-1)}`;
  }
}

async function loadDemo(signal: AbortSignal): Promise<void> {
  const command = hostCommand('org', 'demo');
  if (command === undefined) {
    say('Example company: this checkout has no workspace service yet');
    return;
  }
  say('Example company: loading');
  const child = spawn(process.execPath, command, {
    cwd: root,
    env: hostEnvironment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => (errors = (errors + data.toString()).slice(-1000)));
  createInterface({ input: child.stdout }).on('line', (line) => say(`Example company: ${line}`));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (signal.aborted) return;
  if (code === 0) say('Example company: there');
  else {
    say('Example company: could not be loaded');
    for (const line of errors.trim().split('\n').slice(0, 6)) process.stdout.write(`          ${line}\n`);
  }
}

/** Builds the pages; the script leaves pages alone whose sources did not change. */
async function buildPages(signal: AbortSignal): Promise<void> {
  const script = join(root, 'scripts/build.ts');
  if (!existsSync(script)) return;
  const log = join(varDir, 'log/build.log');
  const child = spawn(process.execPath, [script], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('Building')) say(`Pages: ${line.toLowerCase()}`);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (signal.aborted) return;
  mkdirSync(join(varDir, 'log'), { recursive: true });
  writeFileSync(log, output);
  if (code !== 0) say(`Pages: could not be built. Log: ${inCheckout(log)}`);
  else if (output.includes('Building')) say('Pages: built');
}

function summary(stack: Stack, calls: string, admin: string): string {
  const { config } = stack;
  const lines: [string, string][] = [
    ['Workspace', config.public_url],
    ['Console', `${config.public_url}/admin`],
    ['Homeserver', `${config.public_url} (${config.server_name})`],
  ];
  if (stack.pid('partner') !== undefined)
    lines.push(['Partner', `http://127.0.0.1:${config.ports.partner} (${serverNames(config).partner})`]);
  lines.push(['Calls', calls], ['First admin', admin]);
  return lines.map(([name, value]) => `  ${name.padEnd(12)}${value}`).join('\n');
}

/** Starts this command once more in the background and shows its progress until it is ready. */
async function detach(): Promise<number> {
  mkdirSync(join(varDir, 'log'), { recursive: true });
  const log = join(varDir, 'log/up.log');
  rmSync(log, { force: true });
  const file = openSync(log, 'a');
  const args = process.argv.slice(2).filter((one) => !['--detach', '--reset', '--yes'].includes(one));
  const child = spawn(process.execPath, [process.argv[1] ?? '', ...args], {
    cwd: root,
    env: process.env,
    detached: true,
    stdio: ['ignore', file, file],
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  let shown = 0;
  for (;;) {
    const done = hasEnded() || runningSupervisor(varDir)?.summary !== undefined;
    const text = readFileSync(log);
    process.stdout.write(text.subarray(shown));
    shown = text.length;
    if (done) break;
    await delay(100);
  }
  if (hasEnded()) return child.exitCode ?? 1;
  child.unref();
  process.stdout.write('\nRuns in the background. Stop with ./scripts/down\n');
  return 0;
}

async function up(): Promise<number> {
  const other = runningSupervisor(varDir);
  if (other !== undefined) {
    if (options.reset === true) {
      process.stderr.write(`Qiao runs here (pid ${other.pid}). Stop it first: ./scripts/down\n`);
      return 1;
    }
    process.stdout.write(
      other.summary === undefined
        ? `Qiao is being started here already (pid ${other.pid}).\n`
        : `Qiao runs here already (pid ${other.pid}).\n\n${other.summary}\n`,
    );
    return 0;
  }
  if (options.reset === true && !(await reset())) return 1;
  if (options.detach === true) return detach();

  noteSupervisor(varDir);
  const ending = new AbortController();
  const ended = Promise.withResolvers<number>();
  let stack: Stack | undefined;
  let asked = 0;
  /** Read anew after each wait. */
  const isEnding = (): boolean => asked > 0;
  const stop = (): void => {
    asked++;
    if (asked === 1) {
      process.stdout.write('\n');
      say('Stopping');
      ending.abort();
      void (stack?.stop() ?? Promise.resolve()).then(() => {
        say('Stopped');
        ended.resolve(0);
      });
    } else if (asked === 2) say('Still stopping; a part that does not end is killed after 20 s.');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);

  // A reader that went away (`up | head`) is no reason to leave parts without a supervisor.
  process.stdout.on('error', () => undefined);
  process.once('uncaughtException', (error) => {
    process.stderr.write(`\n${error.stack ?? error.message}\n`);
    void (stack?.stop() ?? Promise.resolve()).then(() => {
      forgetSupervisor(varDir);
      process.exit(1);
    });
  });

  try {
    const orphans = await stopOrphans(varDir);
    if (orphans.length > 0)
      say(
        `Stopped parts of an earlier run that was killed: ${orphans.map((name) => labels[name as PartName]).join(', ')}`,
      );
    if (isEnding()) return await ended.promise;
    stack = createStack({
      varDir,
      initial: {
        companyName: options.company,
        serverName: options['server-name'],
        publicUrl: options['public-url'],
      },
      partner: options.partner === true,
      ...(options['no-calls'] === true && { without: ['livekit'] as const }),
      supervise: true,
      onEvent: show,
    });
    if (!stack.firstStart) warnAboutFixed(stack);
    await Promise.all([buildPages(ending.signal), stack.start()]);
    if (isEnding()) return await ended.promise;
    const wantsCalls = options['no-calls'] !== true && stack.config.calls.enabled;
    const calls =
      stack.pid('livekit') !== undefined
        ? 'on'
        : options['no-calls'] === true
          ? 'off (--no-calls)'
          : wantsCalls
            ? 'off until the calls server is built, in the background'
            : 'off (calls.enabled in var/config/qiao.json)';
    // Each begins by loading the whole host: side by side they take half the time.
    const [admin] = await Promise.all([
      firstAdmin(ending.signal),
      options.demo === true ? loadDemo(ending.signal) : undefined,
    ]);
    const text = summary(stack, calls, admin);
    if (isEnding()) return await ended.promise;
    say('Ready');
    process.stdout.write(`\n${text}\n\n`);
    noteSupervisor(varDir, text);
    if (wantsCalls && stack.pid('livekit') === undefined) void turnCallsOn(stack, text, ending.signal);
    return await ended.promise;
  } catch (error) {
    if (isEnding()) return await ended.promise;
    ending.abort();
    await stack?.stop();
    if (
      error instanceof ConfigError ||
      error instanceof DatabaseError ||
      error instanceof PartFailed ||
      error instanceof PortsTaken
    )
      process.stderr.write(
        `\n${error.message}\n${error instanceof PartFailed ? '\n./scripts/doctor says more.\n' : ''}`,
      );
    else throw error;
    return 1;
  } finally {
    forgetSupervisor(varDir);
  }
}

/** Builds the calls server and starts it, while everything else runs. */
async function turnCallsOn(stack: Stack, text: string, signal: AbortSignal): Promise<void> {
  const state = (now: string): void =>
    noteSupervisor(
      varDir,
      text.replace(/^( {2}Calls {2,}).*$/m, (_line, head: string) => head + now),
    );
  try {
    if (!existsSync(paths.livekit)) {
      say('Calls: building the calls server (LiveKit) in the background');
      await buildLivekit(varDir, signal);
    }
    if (signal.aborted) return;
    await stack.startPart('livekit');
    state('on');
    say('Calls are on');
  } catch (error) {
    if (signal.aborted) return;
    const reason = (error as Error).message.split('\n')[0];
    state(`off: ${reason}`);
    say(`Calls are off: ${reason} Log: ${inCheckout(join(varDir, 'log/setup-livekit.log'))}`);
  }
}

/** Options of a first start do nothing later; says so instead of being silent. */
function warnAboutFixed(stack: Stack): void {
  const { config } = stack;
  const given: [string, string | undefined, string][] = [
    ['--company', options.company, config.company_name],
    ['--server-name', options['server-name'], config.server_name],
    ['--public-url', options['public-url']?.replace(/\/+$/, ''), config.public_url],
  ];
  for (const [name, value, there] of given)
    if (value !== undefined && value !== there)
      say(`${name} counts on a first start only; this Qiao has "${there}" (var/config/qiao.json)`);
}

process.exitCode = await up();
// A background build or a timer must not keep a stopped stack's process alive.
process.exit();
