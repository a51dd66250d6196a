import iconv from 'iconv-lite';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readTable, readTableHead, type TableRow } from './delimited.ts';
import { detectEncoding, encodingOf } from './encoding.ts';
import { UnreadableFile } from './unreadable.ts';

const folder = mkdtempSync(join(tmpdir(), 'qiao-encoding-'));
afterAll(() => rmSync(folder, { recursive: true }));
let n = 0;
const file = (content: Buffer | string): string => {
  const path = join(folder, String(n++));
  writeFileSync(path, content);
  return path;
};

const simplified =
  '工号,姓名,部门,职位,邮箱\n1,张伟,研发部,工程师,zw@example.com\n2,王芳,销售部,经理,wf@example.com\n';
const traditional =
  '工號,姓名,部門,職位,電郵\n1,陳大文,業務部,經理,cdw@example.com\n2,林美玲,財務部,會計,lml@example.com\n';
const western = 'id;name;city\n1;Sánchez;Málaga\n2;Müller;Köln\n';

const cases: [string, Buffer, string][] = [
  ['UTF-8', Buffer.from(simplified), 'utf-8'],
  ['UTF-8 with a mark', Buffer.from(`\ufeff${simplified}`), 'utf-8'],
  ['UTF-16 LE with a mark', Buffer.from(`\ufeff${simplified}`, 'utf16le'), 'utf-16le'],
  ['UTF-16 LE without', Buffer.from('id,name,title\n1,Ann,Boss\n', 'utf16le'), 'utf-16le'],
  ['UTF-16 BE with a mark', iconv.encode(simplified, 'utf16be', { addBOM: true }), 'utf-16be'],
  ['GBK', iconv.encode(simplified, 'gbk'), 'gb18030'],
  [
    'GB18030 with four bytes',
    iconv.encode(`${simplified}3,㐀龦,研发部,工程师,x@example.com\n`, 'gb18030'),
    'gb18030',
  ],
  ['Big5', iconv.encode(traditional, 'big5'), 'big5'],
  ['Windows-1252', iconv.encode(western, 'win1252'), 'windows-1252'],
  [
    'UTF-8 with one broken byte',
    Buffer.concat([Buffer.from(simplified.repeat(20)), Buffer.from([0xff, 0x0a])]),
    'utf-8',
  ],
];

describe('encoding', () => {
  it.each(cases)('finds %s', async (_name, bytes, expected) => {
    const found = await detectEncoding(file(bytes));
    expect(found.encoding).toBe(expected);
    expect(found.offered).toContain('gb18030');
    expect(found.offered[0]).toBe(expected);
  });

  it('finds GBK though the first characters beyond ASCII come late', async () => {
    const long = `id,name,title\n${'1,Ann,Boss\n'.repeat(50_000)}`;
    const found = await detectEncoding(
      file(Buffer.concat([Buffer.from(long), iconv.encode(simplified, 'gbk')])),
    );
    expect(found.encoding).toBe('gb18030');
  });

  it.each([
    ['a workbook', Buffer.from('PK\u0003\u0004rest', 'latin1'), 'workbook'],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13, 73, 72, 68, 82, 1, 2, 3, 0]), 'binary'],
    ['nothing', Buffer.alloc(0), 'empty'],
  ])('refuses %s', async (_name, bytes, reason) => {
    const error: unknown = await detectEncoding(file(bytes)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UnreadableFile);
    expect((error as UnreadableFile).reason).toBe(reason);
  });

  it('knows the names of encodings', () => {
    expect(encodingOf('GBK')).toBe('gb18030');
    expect(encodingOf('gb2312')).toBe('gb18030');
    expect(encodingOf('Big5')).toBe('big5');
    expect(encodingOf('latin1')).toBe('windows-1252');
    expect(encodingOf('utf-7')).toBeUndefined();
  });
});

async function rows(
  path: string,
  encoding: 'utf-8' | 'gb18030',
  delimiter: ',' | ';' = ',',
): Promise<TableRow[]> {
  const all: TableRow[] = [];
  for await (const row of readTable(path, { encoding, delimiter })) all.push(row);
  return all;
}

describe('table', () => {
  it.each([
    [',', 'a,b,c\n1,"x, y",3\n'],
    [';', 'a;b;c\n1;x, y;3\n'],
    ['\t', 'a\tb\tc\n1\tx, y\t3\n'],
    ['|', 'a|b|c\n1|x, y|3\n'],
    [';', 'sep=;\na;b,c,d,e\n1;2\n'],
  ])('finds the delimiter %j', async (delimiter, text) => {
    expect((await readTableHead(file(text), 'utf-8')).delimiter).toBe(delimiter);
  });

  it('names columns that have no name or the same', async () => {
    const head = await readTableHead(file('id,,name,name\n1,x,Ann,Bob\n'), 'utf-8');
    expect(head.columns.map((column) => column.name)).toEqual(['id', '#2', 'name', 'name (2)']);
    expect(head.columns[3]?.samples).toEqual(['Bob']);
  });

  it('keeps the file’s line numbers over quoted line breaks and empty lines', async () => {
    const all = await rows(file('id,name\n1,"two\nlines"\n\n2,Bob\n,\r\n3,Eve'), 'utf-8');
    expect(all.map((row) => row.line)).toEqual([1, 2, 4, 5, 6, 7]);
    expect(all.map((row) => row.cells.length)).toEqual([2, 2, 0, 2, 0, 2]);
  });

  it('decodes characters that are cut by a chunk', async () => {
    const name = '张'.repeat(999);
    const text = `b,c\n${`${name},y\n`.repeat(400)}`;
    // One byte in front, so that the cut falls inside a character.
    const path = file(Buffer.concat([Buffer.from('a'), iconv.encode(text, 'gbk')]));
    const all = await rows(path, 'gb18030');
    expect(all.length).toBe(401);
    expect(all.slice(1).every((row) => row.cells[0] === name)).toBe(true);
  });

  it('says where a quote was not closed', async () => {
    const error: unknown = await rows(file(`id,name\n1,Ann\n2,"Bob\n${'3,Eve\n'.repeat(10)}`), 'utf-8').catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ reason: 'quote_not_closed', params: { line: 3 } });
    const large: unknown = await rows(file(`id,name\n2,"Bob\n${'3,Eve\n'.repeat(100_000)}`), 'utf-8').catch(
      (e: unknown) => e,
    );
    expect(large).toMatchObject({ reason: 'record_too_large', params: { line: 2 } });
  });
});
