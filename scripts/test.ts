import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { bin, staticChecks } from './lib/checks.ts';
import { logTail, paths, root } from './stack/index.ts';

/** What one runner found. A check (types, lint, …) counts as one test. */
interface Result {
  passed: number;
  failed: number;
}

/** Folder with the runners' reports and, after a failure, the stack's logs. */
const reports = join(root, 'var/test/report');
/** The test stack's logs are copied here when a test failed (packages/testkit/src/global-setup.ts). */
const stackLogs = join(reports, 'stack');
/** The area that kills parts. */
const FAULTS = 'faults';
/** The area that draws and measures every screen in all widths, themes and languages. */
const PICTURES = 'pictures';
/** Lines of a failed check that are shown. */
const shownLines = 60;
/** Lines of each failed test's message in the list at the end. */
const failureLines = 18;

const begin = Date.now();
const total: Result = { passed: 0, failed: 0 };

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function count(name: string, result: Result, ms: number): void {
  total.passed += result.passed;
  total.failed += result.failed;
  const mark = result.failed === 0 ? 'ok  ' : 'FAIL';
  print(`${mark} ${name}: ${result.passed} passed, ${result.failed} failed (${(ms / 1000).toFixed(0)} s)`);
}

/** Areas by name: the folders they are. */
function areas(): Map<string, string[]> {
  const found = new Map<string, string[]>([
    ['stack', ['scripts', 'packages/testkit']],
    ['synapse', ['synapse-config']],
    ['client', ['client']],
    ['admin', ['admin']],
  ]);
  for (const parent of ['appservices', 'packages'])
    for (const name of readdirSync(join(root, parent)))
      if (existsSync(join(root, parent, name, 'package.json'))) found.set(name, [`${parent}/${name}`]);
  return found;
}

/** Runs a command, its output to a file or to this terminal; returns its exit code. */
function execute(
  command: string[],
  log: string | undefined,
  env: Record<string, string> = {},
): Promise<number> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', log === undefined ? 'inherit' : 'pipe', log === undefined ? 'inherit' : 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => (output += data.toString()));
    child.once('error', (error) => (output += error.message));
    child.once('close', (code) => {
      if (log !== undefined) writeFileSync(log, output);
      resolve(code ?? 1);
    });
  });
}

/** Runs a check that passes or not. */
async function check(name: string, command: string[]): Promise<void> {
  const log = join(reports, `${name.replaceAll(/\W+/g, '-')}.log`);
  const from = Date.now();
  const code = await execute(command, log);
  if (code !== 0) {
    failures.push(name);
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    print(lines.slice(-shownLines).join('\n'));
  }
  count(name, code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }, Date.now() - from);
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages?: string[] }[];
  }[];
}

/** What failed, said again at the very end: of a long run often only the end is kept. */
const failures: string[] = [];

function noteFailures(read: VitestReport): void {
  const firstLines = (text: string): string => text.split('\n').slice(0, failureLines).join('\n     ');
  for (const file of read.testResults) {
    const name = relative(root, file.name);
    const failed = file.assertionResults.filter((one) => one.status === 'failed');
    for (const one of failed)
      failures.push(`${name} > ${one.fullName}\n     ${firstLines(one.failureMessages?.[0] ?? '')}`);
    if (file.status === 'failed' && failed.length === 0)
      failures.push(`${name}\n     ${firstLines(file.message)}`);
  }
}

/** Runs vitest; a file that could not even be loaded counts as one failure. */
async function vitest(folders: string[], env: Record<string, string> = {}): Promise<void> {
  const from = Date.now();
  const report = join(reports, 'vitest.json');
  rmSync(report, { force: true });
  const code = await execute(
    [
      bin('vitest'),
      'run',
      ...folders.map((folder) => `${folder}/`),
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    undefined,
    { QIAO_TEST_LOGS: stackLogs, ...env },
  );
  const result: Result = { passed: 0, failed: 0 };
  if (existsSync(report)) {
    const read = JSON.parse(readFileSync(report, 'utf8')) as VitestReport;
    noteFailures(read);
    result.passed = read.numPassedTests;
    result.failed =
      read.numFailedTests +
      read.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
        .length;
  }
  // A start of the stack that failed, or an error outside any test.
  if (code !== 0 && result.failed === 0) result.failed = 1;
  if (result.failed > 0) showStackLogs();
  count('tests', result, Date.now() - from);
}

function showStackLogs(): void {
  if (!existsSync(stackLogs)) return;
  for (const name of readdirSync(stackLogs).filter((one) => one.endsWith('.log'))) {
    print(`\nThe end of the test stack's ${name}:`);
    print(logTail(join(stackLogs, name), 15));
  }
  print('');
}

/** Runs the homeserver module's tests; without a module there are none. */
async function pytest(): Promise<void> {
  const folder = 'synapse-config/module';
  if (!existsSync(join(root, folder, 'tests'))) {
    print(`     homeserver module: this checkout has none`);
    return;
  }
  const from = Date.now();
  const report = join(reports, 'pytest.xml');
  rmSync(report, { force: true });
  const code = await execute(
    [paths.python, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', folder, `--junitxml=${report}`],
    undefined,
    { PYTHONPATH: join(paths.venv, 'pytest'), PYTHONDONTWRITEBYTECODE: '1' },
  );
  const result: Result = { passed: 0, failed: 0 };
  const head = existsSync(report) ? (/<testsuite [^>]*>/.exec(readFileSync(report, 'utf8'))?.[0] ?? '') : '';
  const number = (name: string): number => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  result.failed = number('failures') + number('errors');
  result.passed = number('tests') - result.failed - number('skipped');
  if (code !== 0 && result.failed === 0) result.failed = 1;
  count('homeserver module', result, Date.now() - from);
}

/** Kills parts and pairs of parts under load: about twenty minutes, so it is run by name alone. */
async function faults(): Promise<void> {
  const from = Date.now();
  const report = join(reports, 'faults.json');
  const code = await execute(
    [process.execPath, join(root, 'scripts/tests/faults/matrix.ts'), '--report', report],
    undefined,
    { NODE_ENV: 'production' },
  );
  const result: Result = existsSync(report)
    ? (JSON.parse(readFileSync(report, 'utf8')) as Result)
    : { passed: 0, failed: 0 };
  if (code !== 0 && result.failed === 0) result.failed = 1;
  if (result.failed > 0) failures.push('faults: docs/operate/faults.md says which');
  count('faults', result, Date.now() - from);
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const known = areas();
  // No folder: it has its own runner.
  known.set(FAULTS, []);
  known.set(PICTURES, ['scripts/tests/pictures']);
  const only = values.only === undefined ? undefined : known.get(values.only);
  if (values.only !== undefined && only === undefined) {
    process.stderr.write(`No area "${values.only}". There are: ${[...known.keys()].sort().join(', ')}\n`);
    return 2;
  }
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  const folders = only ?? ['.'];
  const code = folders.filter((folder) => folder !== 'synapse-config');
  if (values.only === FAULTS) await faults();
  else if (values.only === PICTURES) {
    await check('pages build', [process.execPath, join(root, 'scripts/build.ts')]);
    await vitest(code, { QIAO_ALL_PICTURES: 'all' });
  } else if (code.length > 0) {
    await staticChecks(only && code, check);
    const build = join(root, 'scripts/build.ts');
    if (existsSync(build)) await check('pages build', [process.execPath, build]);
    await vitest(only === undefined ? [] : code);
  }
  if (only === undefined || only.includes('synapse-config')) await pytest();
  for (const one of failures) print(`\nFAILED ${one}`);
  print(`\n${((Date.now() - begin) / 1000).toFixed(0)} s. Reports: var/test/report`);
  print(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

process.exitCode = await main();
