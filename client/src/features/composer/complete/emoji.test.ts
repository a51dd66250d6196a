import { expect, test } from 'vitest';
import { triggerAt } from '../editor/writing.ts';
import { findEmoji, loadEmoji, toned } from './emoji.ts';

test.each([
  ['smile', '😄'],
  ['thumbsup', '👍️'],
  ['+1', '👍️'],
  ['笑', '😀'],
  ['火', '🔥'],
  ['thumbs up', '👍️'],
])(':%s finds %s', async (query, unicode) => {
  const all = await loadEmoji('zh-Hans');
  expect(findEmoji(all, query, 12).map((emoji) => emoji.unicode)).toContain(unicode);
});

test.each([
  ['👋', '👋🏽'],
  // Two people have two tones: the form with one is taken, whichever way it is written.
  ['🤝', '🤝🏽'],
  ['👫', '👫🏽'],
  ['🔥', '🔥'],
])('%s in the third tone is %s', async (unicode, expected) => {
  const emoji = (await loadEmoji('en')).find((each) => each.unicode === unicode);
  if (!emoji) throw new Error('no such emoji');
  expect(toned(emoji, 3)).toBe(expected);
  expect(toned(emoji, 0)).toBe(unicode);
});

test('all that show skin have five tones', async () => {
  const counts = new Set((await loadEmoji('en')).map(({ tones }) => tones.length));
  expect([...counts].sort()).toEqual([0, 5]);
});

test('are called in the chosen language', async () => {
  const called = async (locale: 'en' | 'zh-Hans') =>
    (await loadEmoji(locale)).find((emoji) => emoji.unicode === '🔥')?.label;
  expect(await called('en')).toBe('fire');
  expect(await called('zh-Hans')).toBe('火焰');
});

test.each<[before: string, kind: string | undefined, query?: string]>([
  ['@', 'mention', ''],
  ['@zs', 'mention', 'zs'],
  ['你好@张', 'mention', '张'],
  ['hi (@li', 'mention', 'li'],
  ["@zhang'san", 'mention', "zhang'san"],
  ['me@example', undefined],
  ['@张三 好', undefined],
  [':sm', 'emoji', 'sm'],
  ['好:笑', 'emoji', '笑'],
  ['好：笑', 'emoji', '笑'],
  [':s', undefined],
  ['10:30', undefined],
  ['时间:30', undefined],
  ['https://x', undefined],
  ['a::b', undefined],
  ['C:dir', undefined],
  ['', undefined],
])('%j asks for %s', (before, kind, query) => {
  const trigger = triggerAt(before, 100);
  expect(trigger?.kind).toBe(kind);
  if (!trigger) return;
  expect(trigger.query).toBe(query);
  expect(trigger.to - trigger.from).toBe(trigger.query.length + 1);
});
