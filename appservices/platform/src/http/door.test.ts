import { describe, expect, test } from 'vitest';
import { hasBoundary, isUnkeepable, unkeepable } from './door.ts';

describe('what nobody can keep', () => {
  test.each([
    ['\u0000', 'text'],
    ['a\ud800', 'text'],
    ['\udc00b', 'text'],
    [{ a: [{ b: '\u0000' }] }, 'text'],
    [{ '\u0000': 1 }, 'text'],
    [JSON.parse('{"__proto__":"\\ud800"}'), 'text'],
    [1e300, 'number'],
    [JSON.parse('1e999'), 'number'],
    [[-(2 ** 53)], 'number'],
    [{ version: 9_223_372_036_854_775_808 }, 'number'],
  ])('%j: %s', (value, reason) => {
    expect(unkeepable(value)).toBe(reason);
  });
  test.each([
    ['桥 👩‍💻 \u0001\ufffd'],
    [2 ** 53 - 1],
    [0.1],
    [null],
    [undefined],
    [true],
    [{ a: [1, 'b', null] }],
    [Buffer.from('\u0000')],
  ])('%j is like anything else', (value) => {
    expect(unkeepable(value)).toBeUndefined();
  });
  test('however deep it is', () => {
    const depth = 200_000;
    expect(unkeepable(JSON.parse('['.repeat(depth) + ']'.repeat(depth)))).toBeUndefined();
    expect(unkeepable(JSON.parse(`${'['.repeat(depth)}"\\u0000"${']'.repeat(depth)}`))).toBe('text');
  });
});

test.each([
  [undefined, true],
  ['application/json', true],
  ['multipart/form-data; boundary=x', true],
  ['Multipart/Form-Data; charset=utf-8; Boundary="a b"', true],
  ['multipart/form-data', false],
  ['multipart/form-data; boundary=', false],
  ['multipart/form-data; boundary=""', false],
  ['multipart/mixed; xboundary=x', false],
])('%s names its boundary: %s', (type, named) => {
  expect(hasBoundary(type)).toBe(named);
});

test('what the database cannot keep is the caller’s, also as a cause', () => {
  const error = Object.assign(new Error('out of range'), { code: '22003' });
  expect(isUnkeepable(error)).toBe(true);
  expect(isUnkeepable(new Error('failed', { cause: error }))).toBe(true);
  expect(isUnkeepable(Object.assign(new Error('unique'), { code: '23505' }))).toBe(false);
  expect(isUnkeepable('22003')).toBe(false);
});
