import { describe, expect, test } from 'vitest';
import { isBigEmoji, parseBody } from './message-body.ts';
import { countVotes, parsePoll } from './poll-body.ts';
import { cleanName, firstLine, withoutFallback } from './safe-text.ts';

const odd: readonly unknown[] = [undefined, null, 0, -1, NaN, true, '', 'x', [], {}, [[]], { a: {} }];

describe('contents of every shape', () => {
  test('no value in any place throws', () => {
    for (const msgtype of ['m.text', 'm.image', 'm.video', 'm.audio', 'm.file', 'm.location', 'x', ...odd]) {
      for (const value of odd) {
        for (const name of [
          'body',
          'formatted_body',
          'url',
          'file',
          'info',
          'geo_uri',
          'filename',
          'format',
        ]) {
          const body = parseBody('m.room.message', { msgtype, body: 'b', [name]: value }, true);
          expect(typeof body.kind).toBe('string');
        }
        parseBody(
          'm.sticker',
          { body: value, url: 'mxc://a/b', info: { w: value, h: value, thumbnail_info: value } },
          false,
        );
      }
    }
  });

  test('a picture of impossible size reserves no space', () => {
    const body = parseBody(
      'm.room.message',
      { msgtype: 'm.image', body: 'x', url: 'mxc://a.example/b', info: { w: 1e9, h: 1e9 } },
      false,
    );
    expect(body.kind === 'image' && body.extent).toBe(undefined);
  });

  test('an address that is none of the media repository is no file', () => {
    for (const url of ['https://evil.example/x.png', 'mxc://a/../../x', 'mxc://a/b?c', 'mxc://a']) {
      expect(parseBody('m.room.message', { msgtype: 'm.image', body: 'x', url }, false).kind).toBe('unknown');
    }
  });
});

describe('names', () => {
  test('control, direction and invisible characters go', () => {
    expect(cleanName('\u202eevil\u0000\u200b\u2066', '@x:y')).toBe('evil');
    expect(cleanName('\u200b\u200e', '@x:y')).toBe('@x:y');
    expect(cleanName('张三\n李四', '@x:y')).toBe('张三 李四'.replace(' ', ''));
    expect(cleanName(3, '@x:y')).toBe('@x:y');
  });
  test('they are short', () => {
    expect(Array.from(cleanName('宽'.repeat(5000), 'x'))).toHaveLength(81);
    expect(firstLine(`${'a'.repeat(500)}\nb`)).toHaveLength(81);
  });
  test('combining marks do not climb', () => {
    expect(cleanName(`a${'\u0301'.repeat(100)}`, 'x')).toHaveLength(4);
  });
});

test('quoted lines of a reply go, an own quote stays', () => {
  expect(withoutFallback('> <@a:b> hi\n> more\n\nyes')).toBe('yes');
  expect(withoutFallback('yes\n> no')).toBe('yes\n> no');
  // An empty line of the quote whose blank a client took off.
  expect(withoutFallback('> <@a:b> hi\n>\n> more\n\nyes')).toBe('yes');
  expect(withoutFallback('> * <@a:b> waves\n\nyes')).toBe('yes');
  // A quote of the writer's own, in a reply that has no fallback.
  expect(withoutFallback('> so they said\n\nyes')).toBe('> so they said\n\nyes');
  expect(withoutFallback('> * one\n> * two')).toBe('> * one\n> * two');
});

test('the formatted body of a reply has no quote either', () => {
  const formatted_body = '<mx-reply><blockquote>old</blockquote></mx-reply><b>yes</b>';
  const content = { msgtype: 'm.text', body: '', format: 'org.matrix.custom.html', formatted_body };
  expect(parseBody('m.room.message', content, true)).toMatchObject({ html: '<b>yes</b>' });
});

test('one to three emoji are big', () => {
  expect(isBigEmoji('👍')).toBe(true);
  expect(isBigEmoji('👨‍👩‍👧 🎉')).toBe(true);
  expect(isBigEmoji('👍👍👍👍')).toBe(false);
  expect(isBigEmoji('123')).toBe(false);
});

describe('polls', () => {
  const content = (poll: unknown) => ({ 'org.matrix.msc3381.poll.start': poll });
  const good = content({
    question: { 'org.matrix.msc1767.text': '午饭?' },
    kind: 'org.matrix.msc3381.poll.disclosed',
    max_selections: 1,
    answers: [
      { id: 'a', 'org.matrix.msc1767.text': '面' },
      { id: '__proto__', 'org.matrix.msc1767.text': '饭' },
      { id: 'a', 'org.matrix.msc1767.text': 'twice' },
    ],
  });
  test('broken ones are none', () => {
    for (const value of odd) {
      expect(parsePoll(content(value))).toBeUndefined();
      expect(parsePoll(content({ question: value, answers: value }))).toBeUndefined();
    }
  });
  test('the last vote of each person counts, spoiled ones do not', () => {
    const poll = parsePoll(good);
    if (!poll) throw new Error('no poll');
    const vote = (sender: string, ts: number, answers: unknown) => ({
      sender,
      ts,
      content: { 'org.matrix.msc3381.poll.response': { answers } },
    });
    const state = countVotes(
      poll,
      [
        vote('@a:x', 2, ['__proto__']),
        vote('@a:x', 1, ['a']),
        vote('@b:x', 1, ['a', '__proto__']),
        vote('@c:x', 1, ['none']),
        vote('@d:x', 1, 'a'),
      ],
      '@b:x',
      { ended: false, loaded: true },
    );
    expect([...state.votes]).toEqual([
      ['__proto__', 1],
      ['a', 1],
    ]);
    expect(state.voters).toBe(2);
    expect(state.mine).toEqual(['a']);
  });
});
