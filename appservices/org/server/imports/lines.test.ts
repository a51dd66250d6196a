import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLines, readLines } from './lines.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qiao-lines-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(path: string, values: readonly unknown[]): Promise<void> {
  const file = await openLines(path);
  for (const value of values) await file.add(value);
  await file.close();
}

async function read(path: string): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of readLines(path)) values.push(value);
  return values;
}

test('what is written is read, whatever signs it has', async () => {
  const path = join(folder, 'values.jsonl');
  const values = [
    { name: '张三\n李四\r\n', breaks: 'a\u2028b\u2029c\u0085d', none: null },
    // More than one write and one read.
    ...Array.from({ length: 1201 }, (_, n) => ({ n, text: '员工'.repeat(100) })),
  ];
  await write(path, values);
  expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(values.length + 1);
  expect(await read(path)).toEqual(values);
  await write(path, []);
  expect(await read(path)).toEqual([]);
});
