import { expect, test } from 'vitest';
import { csvLine } from './csv.ts';

test.each([
  [['王伟', 3, null], '王伟,3,\r\n'],
  [['a "b"', 'c,d', 'e\nf'], '"a ""b""","c,d","e\nf"\r\n'],
  [
    ['=1+1', '+86 138', '-2', '@SUM(A1)', '\tx', '＝1', '＠a'],
    "'=1+1,'+86 138,'-2,'@SUM(A1),'\tx,'＝1,'＠a\r\n",
  ],
  // A number is one; a quote would make it text.
  [[-2], '-2\r\n'],
])('%j is a line that no spreadsheet runs', (cells, line) => {
  expect(csvLine(cells)).toBe(line);
});
