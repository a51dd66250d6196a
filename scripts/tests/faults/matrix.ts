/**
 * Kills each part and each pair of parts under load, for each duration, and writes the result into
 * docs/operate/faults.md. Run by `./scripts/test --only faults`; takes about twenty minutes.
 *
 *   node scripts/tests/faults/matrix.ts [--seconds 5,30,120] [--stacks 3] [--report FILE]
 *
 * Several stacks run side by side: most of the time they wait.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, type PartName } from '@qiao/scripts/stack';
import { killed, openFaultBench } from './fault.ts';

const names: Partial<Record<PartName, string>> = {
  postgres: 'database',
  synapse: 'homeserver',
  host: 'workspace',
  audit: 'audit',
  gateway: 'gateway',
  livekit: 'calls',
};

interface Outcome {
  parts: readonly PartName[];
  seconds: number;
  /** Until everything answered after the absence, ms; undefined where it failed. */
  back: number | undefined;
  failure: string | undefined;
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5,30,120' },
    stacks: { type: 'string', default: '3' },
    report: { type: 'string' },
  },
});
const durations = values.seconds.split(',').map(Number);
const cases: (readonly PartName[])[] = [
  ...killed.map((part) => [part]),
  ...killed.flatMap((one, at) => killed.slice(at + 1).map((other) => [one, other])),
];
const label = (parts: readonly PartName[]): string => parts.map((part) => names[part] ?? part).join(' + ');

const begin = Date.now();
const open = durations
  .toSorted((one, other) => one - other)
  .flatMap((seconds) => cases.map((parts) => ({ parts, seconds })));
const outcomes: Outcome[] = [];

/** Takes one case after the other, on one stack; a new one after a failure, which may have left it unwell. */
async function lane(): Promise<void> {
  let bench = await openFaultBench();
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const { parts, seconds } = next;
    let outcome: Outcome = { parts, seconds, back: undefined, failure: undefined };
    try {
      outcome = { ...outcome, back: (await bench.run(parts, seconds * 1000)).back };
    } catch (error) {
      const { message, cause } = error as Error;
      const why = cause instanceof Error ? ` ${cause.message}` : '';
      outcome = { ...outcome, failure: `${message}${why}`.replaceAll(/\s+/g, ' ').slice(0, 300) };
      await bench.stop();
      bench = await openFaultBench();
    }
    outcomes.push(outcome);
    // A run that is broken off leaves what it found.
    writePage();
    const result = outcome.failure ?? `back after ${((outcome.back ?? 0) / 1000).toFixed(1)} s`;
    const mark = outcome.failure === undefined ? 'ok  ' : 'FAIL';
    process.stdout.write(`${mark} ${label(parts)}, ${seconds} s: ${result}\n`);
  }
  await bench.stop();
}

const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();

/** What is tried; what this writes is no change of it. */
const commit =
  git('rev-parse', '--short=10', 'HEAD') +
  (git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!docs/operate/faults.md') === ''
    ? ''
    : ' with changes');

function page(): string {
  const minutes = Math.round((Date.now() - begin) / 60_000);
  const missing = cases.length * durations.length - outcomes.length;
  const cell = (parts: readonly PartName[], seconds: number): string => {
    const found = outcomes.find((one) => one.parts === parts && one.seconds === seconds);
    if (found === undefined) return 'not run';
    return found.back === undefined ? '**failed**' : `${(found.back / 1000).toFixed(1)} s`;
  };
  const failures = outcomes.filter(({ failure }) => failure !== undefined);
  return [
    '# What happens when a part is away',
    '',
    '<!-- Written by scripts/tests/faults/matrix.ts: ./scripts/test --only faults -->',
    '',
    'Each part and each pair of parts is killed (`kill -9`) under load and kept away for the time at the head of the column. Meanwhile clients send messages, add people who get accounts, send notices that a bot brings into a room, and read, all through the gateway. The time is how long after the absence everything answered again, without anybody doing anything.',
    '',
    'It counts as failed when something that was accepted is lost or was done twice (messages, accounts, notices), when a job is left, when a part of ours that was not killed ended, or when one left a rejection unhandled.',
    '',
    `Commit ${commit}, ${new Date().toISOString().slice(0, 10)}, ${minutes} minutes: ${outcomes.length - failures.length} passed, ${failures.length} failed${missing === 0 ? '' : `, ${missing} not run`}.${killed.includes('livekit') ? '' : ' The calls server was not built.'}`,
    '',
    `| away | ${durations.map((seconds) => `${seconds} s`).join(' | ')} |`,
    `| --- | ${durations.map(() => '---').join(' | ')} |`,
    ...cases.map(
      (parts) => `| ${label(parts)} | ${durations.map((seconds) => cell(parts, seconds)).join(' | ')} |`,
    ),
    ...(failures.length === 0 ? [] : ['']),
    ...failures.map(
      (one) => `- ${label(one.parts)}, ${one.seconds} s: ${one.failure?.replaceAll(/[|<>]/g, ' ')}`,
    ),
    '',
  ].join('\n');
}

function writePage(): void {
  const file = join(root, 'docs/operate/faults.md');
  writeFileSync(file, page());
  execFileSync(join(root, 'node_modules/.bin/prettier'), ['--write', '--log-level=warn', file]);
}

await Promise.all(Array.from({ length: Number(values.stacks) }, lane));
const failed = outcomes.filter(({ failure }) => failure !== undefined).length;
if (values.report !== undefined)
  writeFileSync(values.report, JSON.stringify({ passed: outcomes.length - failed, failed }));
process.exitCode = failed === 0 ? 0 : 1;
