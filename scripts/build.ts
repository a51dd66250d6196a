import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';

/*
 * Builds the web pages into `<page>/dist`. A page whose inputs are those of the last build is left alone,
 * so that a second `scripts/up` costs nothing. `--force` builds anyway, `--sizes` prints what is sent.
 */

// A test runner sets its own, by which the pages would be built with React's checks in.
process.env['NODE_ENV'] = 'production';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Written beside the pages; a build that was broken off does not have it. */
const STAMP = '.built';
/** What the pages are made of, beside their own folders. */
const SHARED = [
  'packages/ui-kit/package.json',
  'packages/ui-kit/src',
  ...readdirSync(join(root, 'appservices')).flatMap((domain) => [
    `appservices/${domain}/ui`,
    `appservices/${domain}/contract`,
  ]),
  'package-lock.json',
  'tsconfig.base.json',
  'scripts/build.ts',
];
const PAGES = ['client', 'admin'];
/** Says that a build runs; no input of one. */
const LOCK = '.building';
const SKIPPED = new Set(['node_modules', 'dist', 'test', LOCK]);

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

function* filesBelow(path: string): Generator<string> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (stat.isFile()) {
    yield path;
    return;
  }
  for (const name of readdirSync(path).sort()) {
    if (SKIPPED.has(name) || /\.test\.tsx?$/.test(name)) continue;
    yield* filesBelow(join(path, name));
  }
}

function fingerprint(page: string): string {
  const hash = createHash('sha256').update(process.version);
  for (const path of [...SHARED, page]) {
    for (const file of filesBelow(join(root, path))) {
      hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
    }
  }
  return hash.digest('hex');
}

/** Prints each script's and style's size as sent (gzip). */
function printSizes(page: string): void {
  const folder = join(root, page, 'dist/assets');
  const rows = readdirSync(folder)
    .filter((name) => /\.(js|css)$/.test(name))
    .map((name) => ({ name, bytes: gzipSync(readFileSync(join(folder, name))).length }))
    .sort((one, other) => other.bytes - one.bytes);
  for (const { name, bytes } of rows) say(`  ${(bytes / 1000).toFixed(1).padStart(7)} kB  ${name}`);
}

/** Below this a file is sent as it is, in bytes. */
const COMPRESSED_FROM = 1024;
/** Of Brotli: a fifth smaller than what is done while it is sent, in a second for all files. */
const QUALITY = 9;

/** Writes each file's compressed form beside it: else the gateway makes it anew for everybody who comes. */
function precompress(page: string): void {
  const folder = join(root, page, 'dist');
  for (const path of filesBelow(folder)) {
    if (!/\.(js|css|wasm|svg|html|json|webmanifest)$/.test(path)) continue;
    const content = readFileSync(path);
    if (content.length < COMPRESSED_FROM) continue;
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    };
    writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
  }
}

/** Two builds at once would empty each other's folder: the second one waits, and finds nothing to do. */
async function alone(page: string): Promise<Disposable> {
  const path = join(root, page, LOCK);
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return {
        [Symbol.dispose]: () => {
          rmSync(path, { force: true });
        },
      };
    } catch {
      const pid = Number(existsSync(path) ? readFileSync(path, 'utf8') : NaN);
      // Of a build that was killed.
      if (pid > 0 && !existsSync(`/proc/${String(pid)}`)) rmSync(path, { force: true });
      else await delay(200);
    }
  }
}

let failed = false;
for (const page of PAGES) {
  if (!existsSync(join(root, page, 'index.html'))) continue;
  using _lock = await alone(page);
  const stamp = join(root, page, 'dist', STAMP);
  const wanted = fingerprint(page);
  if (
    process.argv.includes('--force') ||
    !existsSync(stamp) ||
    readFileSync(stamp, 'utf8') !== wanted ||
    !existsSync(join(root, page, 'dist/index.html'))
  ) {
    rmSync(stamp, { force: true });
    say(`Building ${page} …`);
    try {
      await build({
        root: join(root, page),
        configFile: join(root, page, 'vite.config.ts'),
        logLevel: 'warn',
      });
      precompress(page);
      writeFileSync(stamp, wanted);
    } catch (error) {
      failed = true;
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      continue;
    }
  }
  if (process.argv.includes('--sizes')) {
    say(page);
    printSizes(page);
  }
}
process.exitCode = failed ? 1 : 0;
