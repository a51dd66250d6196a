import { describe, expect, test } from 'vitest';
import { findLinks, misleads, readReference, safeHref } from './linkify.ts';

const links = (text: string): string[] =>
  findLinks(text).flatMap((piece) => (piece.kind === 'link' ? [piece.href] : []));

describe('addresses in a text', () => {
  test.each([
    ['see https://a.example/x?y=1#z.', ['https://a.example/x?y=1#z']],
    ['请看https://a.example/路,谢谢', ['https://a.example/']],
    ['打开 https://a.example/x。然后', ['https://a.example/x']],
    ['(https://a.example/w_(x))', ['https://a.example/w_(x)']],
    ['www.a.example, then', ['https://www.a.example/']],
    ['javascript:alert(1) data:text/html,x', []],
    ['mailto:li@a.example', ['mailto:li@a.example']],
    ['see matrix:r/general:a.example.', ['matrix:r/general:a.example']],
    ['matrix: yes', []],
    ['nothing', []],
  ])('%s', (text, expected) => {
    expect(links(text)).toEqual(expected);
  });

  test('nothing of the text is lost', () => {
    const text = 'a https://x.example/b, c www.y.example。d';
    expect(
      findLinks(text)
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text);
  });

  test('a long hostile text is read in no time', () => {
    const text = `https://${'('.repeat(30_000)}${')'.repeat(30_000)}`;
    expect(findLinks(text).length).toBeLessThan(10);
  });
});

test('scripts, data and relative addresses are no targets', () => {
  for (const bad of [
    'javascript:alert(1)',
    ' java\nscript:alert(1)',
    'data:text/html,x',
    '/x',
    '//x',
    'blob:x',
    'file:///etc/passwd',
  ]) {
    expect(safeHref(bad)).toBeUndefined();
  }
});

test('words that claim another address are noticed', () => {
  expect(misleads('https://bank.example/login', 'https://evil.example/')).toBe(true);
  expect(misleads('bank.example', 'https://www.bank.example/x')).toBe(false);
  expect(misleads('click here', 'https://evil.example/')).toBe(false);
});

test('links to people and rooms are read', () => {
  const origin = 'https://work.example';
  expect(readReference('https://matrix.to/#/%40li%3Aa.example', origin)).toEqual({
    kind: 'person',
    userId: '@li:a.example',
  });
  expect(readReference('https://matrix.to/#/!r:a.example/$e?via=a.example', origin)).toEqual({
    kind: 'room',
    room: '!r:a.example',
    eventId: '$e',
  });
  expect(readReference('https://work.example/room/!r%3Aa?event=%24e', origin)).toEqual({
    kind: 'room',
    room: '!r:a',
    eventId: '$e',
  });
  expect(readReference('https://matrix.to/#/%23general%3Aa.example', origin)).toEqual({
    kind: 'room',
    room: '#general:a.example',
    eventId: undefined,
  });
  expect(readReference('matrix:u/li:a.example?action=chat', origin)).toEqual({
    kind: 'person',
    userId: '@li:a.example',
  });
  expect(readReference('matrix:r/general:a.example', origin)).toEqual({
    kind: 'room',
    room: '#general:a.example',
    eventId: undefined,
  });
  expect(readReference('matrix:roomid/r:a.example/e/abc?via=a.example', origin)).toEqual({
    kind: 'room',
    room: '!r:a.example',
    eventId: '$abc',
  });
  for (const none of ['matrix:', 'matrix:u', 'matrix:x/y', 'matrix:u/%E0%A4%A', 'matrix:e/abc'])
    expect(readReference(none, origin)).toBeUndefined();
  expect(readReference('https://matrix.to/#/%E0%A4%A', origin)).toBeUndefined();
  expect(readReference('https://other.example/room/x', origin)).toBeUndefined();
});
