import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLines, writeLines } from './lines.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qiao-lines-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('what is written is read, whatever signs it has', async () => {
  const path = join(folder, 'values.jsonl');
  const values = [
    { name: '张三\n李四\r\n', breaks: 'a\u2028b\u2029c\u0085d', none: null },
    ...Array.from({ length: 1201 }, (_, n) => ({ n })),
  ];
  await writeLines(path, values);
  expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(values.length + 1);
  expect(await readLines(path)).toEqual(values);
  await writeLines(path, []);
  expect(await readLines(path)).toEqual([]);
});
