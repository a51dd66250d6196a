import { describe, expect, test } from 'vitest';
import { isListed, previewOf } from './rooms-preview.ts';
import { MAX_PREVIEW } from './rooms-text.ts';

const none = new Set<string>();
const relates = (relation: unknown) => ({ 'm.relates_to': relation });

describe('which events are messages of the list', () => {
  test('messages, stickers, polls and what is encrypted', () => {
    for (const type of ['m.room.message', 'm.room.encrypted', 'm.sticker', 'org.matrix.msc3381.poll.start'])
      expect(isListed(type, {}, none)).toBe(true);
    for (const type of ['m.reaction', 'm.room.member', 'm.room.redaction', 'constructor', ''])
      expect(isListed(type, {}, none)).toBe(false);
  });

  test('no edits, no answers to polls, but replies and a domain’s own', () => {
    expect(isListed('m.room.message', relates({ rel_type: 'm.replace', event_id: '$a' }), none)).toBe(false);
    expect(isListed('m.room.encrypted', relates({ rel_type: 'm.replace' }), none)).toBe(false);
    expect(isListed('m.room.encrypted', relates({ rel_type: 'm.reference' }), none)).toBe(false);
    expect(isListed('m.room.message', relates({ 'm.in_reply_to': { event_id: '$a' } }), none)).toBe(true);
    expect(isListed('im.qiao.card', {}, new Set(['im.qiao.card']))).toBe(true);
  });
});

describe('the line of a message', () => {
  const line = (content: unknown) => previewOf('m.room.message', content);

  test('is its text, without the quote of a reply', () => {
    expect(line({ msgtype: 'm.text', body: '你好' })).toEqual({ kind: 'text', text: '你好' });
    const body = '> <@a:b> earlier\n> more\n\nthe answer';
    expect(line({ msgtype: 'm.text', body, ...relates({ 'm.in_reply_to': { event_id: '$a' } }) }).text).toBe(
      'the answer',
    );
    const own = '> their words\n\nI agree';
    expect(
      line({ msgtype: 'm.text', body: own, ...relates({ 'm.in_reply_to': { event_id: '$a' } }) }).text,
    ).toBe('> their words I agree');
    // Without a relation it is what somebody wrote.
    expect(line({ msgtype: 'm.text', body }).text).toBe('> <@a:b> earlier > more the answer');
  });

  test('reads as the message does, without signs of Markdown', () => {
    const formatted = (body: string, html: string) =>
      line({ msgtype: 'm.text', body, format: 'org.matrix.custom.html', formatted_body: html }).text;
    expect(formatted('**重要** `x`', '<strong>重要</strong> <code>x</code>')).toBe('重要 x');
    expect(formatted('```js\nlet a\n```', '<pre><code class="language-js">let a\n</code></pre>')).toBe(
      'let a',
    );
    // What has no words of its own is what its plain body says.
    expect(formatted('plain', '<hr>')).toBe('plain');
  });

  test('names files, shows captions, and knows a voice message', () => {
    const url = 'mxc://x/y';
    expect(line({ msgtype: 'm.file', body: 'offer.pdf', url })).toEqual({ kind: 'file', text: 'offer.pdf' });
    expect(line({ msgtype: 'm.image', body: 'IMG_1.jpg', url })).toEqual({ kind: 'image', text: '' });
    expect(line({ msgtype: 'm.image', body: '看这里', filename: 'IMG_1.jpg', url }).text).toBe('看这里');
    expect(line({ msgtype: 'm.audio', body: 'v.ogg', url, 'org.matrix.msc3245.voice': {} }).kind).toBe(
      'voice',
    );
  });

  test('says of a file that cannot be had what the timeline says', () => {
    expect(line({ msgtype: 'm.image', body: 'IMG_1.jpg' })).toEqual({ kind: 'text', text: 'IMG_1.jpg' });
    expect(line({ msgtype: 'm.file', body: 'x', url: 'javascript:1' })).toEqual({ kind: 'text', text: 'x' });
    expect(line({ msgtype: 'm.video', url: 7 })).toEqual({ kind: 'unknown', text: '' });
  });

  test('says what there is instead of a text', () => {
    expect(previewOf('m.room.message', {}, { redacted: true }).kind).toBe('removed');
    expect(previewOf('m.room.encrypted', {}).kind).toBe('encrypted');
    expect(previewOf('m.room.message', { msgtype: 'm.bad.encrypted' }, { failed: true }).kind).toBe(
      'unreadable',
    );
    expect(previewOf('im.qiao.card', {}, { custom: new Set(['im.qiao.card']) }).kind).toBe('custom');
    const question = { 'org.matrix.msc1767.text': '去哪儿？' };
    expect(
      previewOf('org.matrix.msc3381.poll.start', { 'org.matrix.msc3381.poll.start': { question } }),
    ).toEqual({ kind: 'poll', text: '去哪儿？' });
  });

  test('is one short line, whatever was sent', () => {
    const rtl = line({ msgtype: 'm.text', body: 'a\u202egnp.exe\u0000\r\n\u200bb' }).text;
    expect(rtl).toBe('agnp.exe b');
    const long = line({ msgtype: 'm.text', body: '长'.repeat(60_000) }).text;
    expect(Array.from(long)).toHaveLength(MAX_PREVIEW + 1);
    const emoji = line({ msgtype: 'm.text', body: '👩‍👩‍👧'.repeat(200) }).text;
    expect(emoji.isWellFormed()).toBe(true);
    const marks = line({ msgtype: 'm.text', body: `a${'\u0301'.repeat(500)}` }).text;
    expect(marks.length).toBeLessThan(8);
  });

  test.each([
    null,
    undefined,
    7,
    'x',
    [],
    {},
    { msgtype: 7, body: 'a' },
    { msgtype: 'm.text' },
    { msgtype: 'm.text', body: { a: 1 } },
    { msgtype: 'm.text', body: '   \u202e ' },
    { msgtype: 'constructor', body: 'a' },
    { msgtype: 'm.image', body: 7, filename: [] },
    { msgtype: 'm.text', body: 'a', 'm.relates_to': 'x' },
    { msgtype: 'm.text', body: '> a', 'm.relates_to': { 'm.in_reply_to': 3 } },
  ])('never throws: %j', (content) => {
    for (const type of ['m.room.message', 'm.sticker', 'org.matrix.msc3381.poll.start', 'toString']) {
      expect(typeof previewOf(type, content).text).toBe('string');
      expect(typeof isListed(type, content, none)).toBe('boolean');
    }
  });
});
