/**
 * Runs a benchmark on a fresh stack of its own and prints its table:
 *
 *   npm run bench -- org [--write] [options of the benchmark]
 *
 * `--write` puts the table between the markers of that benchmark in docs/benchmarks.md.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '@qiao/scripts/stack';
import { withSection } from './lib/report.ts';

interface BenchModule {
  readonly bench: (ctx: {
    print(line: string): void;
    note(line: string): void;
    readonly args: readonly string[];
  }) => Promise<void>;
}

const here = dirname(fileURLToPath(import.meta.url));
const known = readdirSync(here)
  .filter((name) => name.endsWith('.ts') && name !== 'main.ts')
  .map((name) => name.slice(0, -3));

const [name, ...args] = process.argv.slice(2);
if (name === undefined || !known.includes(name)) {
  process.stderr.write(`Usage: npm run bench -- <${known.join('|')}> [--write] [options]\n`);
  process.exit(2);
}
const lines: string[] = [];
const { bench } = (await import(`./${name}.ts`)) as BenchModule;
const began = Date.now();
await bench({
  args,
  print: (line) => {
    lines.push(line);
    process.stdout.write(`${line}\n`);
  },
  note: (line) => {
    process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
  },
});
if (args.includes('--write')) {
  const file = join(root, 'docs/benchmarks.md');
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' });
  const options = args.filter((arg) => arg !== '--write').join(' ');
  const machine =
    `${cpus()[0]?.model ?? 'unknown processor'}, ${String(availableParallelism())} cores, ` +
    `${(totalmem() / 2 ** 30).toFixed(0)} GB; load when it ended ${loadavg()[0]?.toFixed(1) ?? '?'}`;
  const section = [
    `\`npm run bench -- ${name}${options === '' ? '' : ` ${options}`}\` at ${commit.stdout.trim()}, ` +
      `${new Date(began).toISOString().slice(0, 10)}, ${machine}.`,
    '',
    ...lines,
  ].join('\n');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  writeFileSync(file, withSection(before, name, section));
  process.stderr.write('docs/benchmarks.md written\n');
}
// Sockets of the parts' clients may linger; everything that was started is stopped.
process.exit(0);
