/**
 * Search in the browser: the client's own index, in its own worker, in Chromium on a built page.
 *
 *   npm run bench -- search --messages 200000
 *
 * Messages are made of the clauses of real Chinese sentences (the TypeScript compiler's messages). The floors are
 * scans of the same messages in the same page: one of texts that are all in memory already, and one that has to
 * read and decrypt them, as a client without an index would.
 */
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, extname, join, normalize } from 'node:path';
import { root } from '@qiao/scripts/stack';
import { launchBrowser } from '@qiao/testkit';
import { build } from 'vite';

interface BenchContext {
  readonly print: (line: string) => void;
  readonly note: (line: string) => void;
  readonly args: readonly string[];
}

/** What the page offers; see `client/test/search-bench/page.ts`. */
interface PageBench {
  readonly prepare: (clauses: readonly string[], count: number) => Promise<number>;
  readonly index: () => Promise<{
    written: number;
    merged: number;
    stats: { stored: number; segments: number; memory: number };
  }>;
  readonly reopen: () => Promise<number>;
  readonly search: (text: string) => Promise<{ ms: number; total: number; exact: boolean }>;
  readonly scan: (text: string) => { ms: number; total: number };
  readonly count: (text: string) => number;
  readonly scanStored: (text: string) => Promise<number>;
  readonly queries: (kind: string, count: number) => string[];
  readonly memory: () => Promise<{ worker: number | undefined; disk: number }>;
}

const KINDS = [
  ['cjk2', 'two characters'],
  ['cjk4', 'four characters'],
  ['two', 'two words of two characters'],
  ['word', 'a Latin word'],
  ['cjk1', 'one character'],
] as const;
const QUERIES = 60;
/** Queries checked against a scan that knows words' beginnings. */
const CHECKED = 8;
const STORED_SCANS = 5;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
};

/** Clauses of real sentences, Chinese with the Latin words that are in them. */
function clauses(): string[] {
  const lib = dirname(createRequire(import.meta.url).resolve('typescript'));
  return ['zh-cn', 'zh-tw'].flatMap((language) => {
    const text = readFileSync(join(lib, language, 'diagnosticMessages.generated.json'), 'utf8');
    return Object.values(JSON.parse(text) as Record<string, string>).flatMap((sentence) =>
      sentence
        .split(/[，。；：！？、“”「」"'()（）{}]|\. /u)
        .map((clause) => clause.trim())
        .filter((clause) => clause.length >= 4 && clause.length <= 40 && /\p{Script=Han}{2}/u.test(clause)),
    );
  });
}

function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    const file = join(folder, path === '/' ? 'index.html' : path);
    if (!file.startsWith(folder) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      // The browser tells memory by worker only to isolated pages.
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

const at = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
};
const ms = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));
const mb = (bytes: number | undefined): string => (bytes === undefined ? '–' : (bytes / 1e6).toFixed(1));

/** Prints the tables. */
export async function bench({ args, print, note }: BenchContext): Promise<void> {
  const given = args[args.indexOf('--messages') + 1];
  const messages = args.includes('--messages') ? Number(given) : 200_000;
  const folder = mkdtempSync(join(tmpdir(), 'qiao-search-bench-'));
  await build({
    root: join(root, 'client/test/search-bench'),
    configFile: false,
    logLevel: 'warn',
    build: { outDir: folder, emptyOutDir: true, target: 'es2024', assetsInlineLimit: 0 },
    worker: { format: 'es' },
  });
  const server = await serve(folder);
  const browser = await launchBrowser();
  try {
    const port = (server.address() as AddressInfo).port;
    const { page, errors } = await browser.newPage({ baseURL: `http://localhost:${port}` });
    page.setDefaultTimeout(600_000);
    await page.goto('/');
    await page.waitForFunction('globalThis.bench !== undefined');
    const call = <Name extends keyof PageBench>(
      name: Name,
      ...values: Parameters<PageBench[Name]>
    ): Promise<Awaited<ReturnType<PageBench[Name]>>> =>
      page.evaluate(
        ([each, list]) =>
          (globalThis as unknown as { bench: Record<string, (...all: unknown[]) => unknown> }).bench[each]?.(
            ...list,
          ),
        [name as string, values as unknown[]] as const,
      ) as Promise<Awaited<ReturnType<PageBench[Name]>>>;

    const real = clauses();
    const mean = await call('prepare', real, messages);
    note(`${messages} messages of ${mean.toFixed(0)} characters from ${real.length} clauses`);
    const indexed = await call('index');
    note(`indexed in ${(indexed.merged / 1000).toFixed(1)} s`);
    const opened = await call('reopen');

    const rows: string[] = [];
    let wrong = 0;
    let compared = 0;
    for (const [kind, label] of KINDS) {
      const queries = await call('queries', kind, QUERIES);
      // Cold: nothing of the index in memory but its tables.
      await call('reopen');
      const cold: number[] = [];
      const warm: number[] = [];
      const scans: number[] = [];
      for (const query of queries) {
        const first = await call('search', query);
        cold.push(first.ms);
        const again = await call('search', query);
        warm.push(again.ms);
        scans.push((await call('scan', query)).ms);
        if (first.exact && cold.length <= CHECKED) {
          compared++;
          const expected = await call('count', query);
          if (first.total !== expected) {
            wrong++;
            note(`${query}: ${first.total}, the scan finds ${expected}`);
          }
        }
      }
      const stored: number[] = [];
      for (const query of queries.slice(0, STORED_SCANS)) stored.push(await call('scanStored', query));
      rows.push(
        `| ${label} | **${ms(at(cold, 0.5))}** | **${ms(at(cold, 0.95))}** | ${ms(at(warm, 0.5))} | ${ms(at(warm, 0.95))} | ${ms(at(scans, 0.5))} | ${ms(at(scans, 0.95))} | ${ms(at(stored, 0.5))} |`,
      );
      note(rows.at(-1) ?? '');
    }
    const { worker, disk } = await call('memory');
    if (errors.length > 0) throw new Error(errors.join('\n'));
    if (wrong > 0) throw new Error(`${wrong} of ${compared} results differ from the scan`);

    print(
      `${messages} messages of ${mean.toFixed(0)} characters on average, in 200 conversations, by 500 people; ` +
        `milliseconds from the page's question to the first 30 messages, newest first. First: each query for ` +
        `the first time after the index was opened; again: the same query once more. Floors in the same page: a scan ` +
        `over texts that are all in memory, decrypted and folded; a scan that reads and decrypts them.`,
    );
    print('');
    print(
      '| query | first, median | first, p95 (< 100) | again, median | again, p95 | scan in memory, median | p95 | scan from disk, median |',
    );
    print('|---|---|---|---|---|---|---|---|');
    for (const row of rows) print(row);
    print('');
    print(
      '| indexing | messages/s | until merged | opening | on disk | per message | segments | memory of the worker | of it tables and caches |',
    );
    print('|---|---|---|---|---|---|---|---|---|');
    print(
      `| ${(indexed.written / 1000).toFixed(1)} s | ${Math.round(messages / (indexed.written / 1000))} | ` +
        `${(indexed.merged / 1000).toFixed(1)} s | ${ms(opened)} ms | ${mb(indexed.stats.stored)} MB | ` +
        `${Math.round(indexed.stats.stored / messages)} B | ${indexed.stats.segments} | ${mb(worker)} MB | ${mb(indexed.stats.memory)} MB |`,
    );
    print('');
    print(
      `${compared} results were compared with a scan that knows words' beginnings: none differed. ` +
        `The browser's storage holds ${mb(disk)} MB with the floor's copy of the messages.`,
    );
  } finally {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
