import { expect, test } from 'vitest';
import { emojiKey, sameEmoji } from './emoji-variants.ts';

test('a heart with and without its selector is one', () => {
  expect(emojiKey('\u2764\ufe0f')).toBe(emojiKey('\u2764'));
  expect(emojiKey('\u{1f468}\u200d\u2764\ufe0f\u200d\u{1f468}')).toBe(
    emojiKey('\u{1f468}\u200d\u2764\u200d\u{1f468}'),
  );
  expect(emojiKey('\u{1f44d}')).not.toBe(emojiKey('\u{1f44e}'));
});

test('writings of one emoji are counted together, the most first', () => {
  expect(
    sameEmoji([
      ['\u{1f389}', ['a', 'b', 'c']],
      ['\u2764\ufe0f', ['a', 'b']],
      ['\u2764', ['c', 'd']],
    ]),
  ).toEqual([
    ['\u2764\ufe0f', new Set(['a', 'b', 'c', 'd'])],
    ['\u{1f389}', new Set(['a', 'b', 'c'])],
  ]);
  expect(sameEmoji([])).toEqual([]);
});
