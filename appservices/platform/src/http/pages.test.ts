import { describe, expect, it } from 'vitest';
import { DomainError } from '../errors.ts';
import { cutPage, readCursor, readTimeCursor, writeCursor, writeTimeCursor } from './pages.ts';

const ID = '00000000-0000-4000-8000-00000000000a';
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
  return 'none';
};
const made = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a cursor', () => {
  it('comes back as it was, in any language', () => {
    for (const value of ['', '张伟', 'O’Neil "x"', '\u{1F600}'])
      expect(readCursor(writeCursor(value, ID))).toEqual({ value, id: ID });
    const at = new Date('2026-11-23T04:00:00.123Z');
    expect(readTimeCursor(writeTimeCursor(at, ID))).toEqual({ at, id: ID });
    expect(readCursor(undefined)).toBeUndefined();
    expect(readTimeCursor(undefined)).toBeUndefined();
  });

  it('of anybody else’s making is refused', () => {
    const hostile = [
      '',
      'x',
      '{}',
      made(null),
      made([]),
      made(['a']),
      made([1, ID]),
      made(['a', 'b']),
      made(['a', `${ID}'; drop table org.person; --`]),
      made(['a\0', ID]),
      made({ 0: 'a', 1: ID }),
    ];
    for (const text of hostile) {
      expect(codeOf(() => readCursor(text))).toBe('platform.bad_request');
      expect(codeOf(() => readTimeCursor(text))).toBe('platform.bad_request');
    }
    for (const value of ['yesterday', '2026', '2026-11-23T04:00:00Z', '+275761-01-01T00:00:00.000Z'])
      expect(codeOf(() => readTimeCursor(writeCursor(value, ID)))).toBe('platform.bad_request');
    // Half a character pair: text for a database all the same.
    expect(readCursor(made(['\uD800', ID]))?.value).toBe('\uFFFD');
  });
});

describe('a page', () => {
  it('goes on only where there is more', () => {
    const cursor = (row: number): string => `after ${String(row)}`;
    expect(cutPage([1, 2, 3], 2, cursor)).toEqual({ page: [1, 2], next: 'after 2' });
    expect(cutPage([1, 2], 2, cursor)).toEqual({ page: [1, 2], next: null });
    expect(cutPage([], 2, cursor)).toEqual({ page: [], next: null });
  });
});
