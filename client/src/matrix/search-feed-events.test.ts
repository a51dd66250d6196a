import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { randomFrom } from '../search/testing.ts';
import { KIND } from '../search/types.ts';
import { readEvent, type ReadableEvent } from './search-feed-events.ts';

const event = (type: string, content: unknown, more: Partial<Record<string, unknown>> = {}): ReadableEvent =>
  ({
    getId: () => '$event',
    getRoomId: () => '!room:qiao.test',
    getSender: () => '@zhang:qiao.test',
    getTs: () => ('ts' in more ? more['ts'] : 1000),
    getType: () => type,
    getOriginalContent: () => content,
    // As the SDK: a reply alone is no relation.
    getRelation: () =>
      (Object(more['relation']) as { rel_type?: unknown }).rel_type ? more['relation'] : null,
    replyEventId: (Object(more['relation']) as { 'm.in_reply_to'?: { event_id?: unknown } })['m.in_reply_to']
      ?.event_id,
    getAssociatedId: () => more['redacts'],
    isState: () => false,
    isRedacted: () => more['redacted'] === true,
    isDecryptionFailure: () => more['failed'] === true,
  }) as unknown as ReadableEvent;
const replyWithFallback = JSON.parse(
  readFileSync(new URL('../../test/fixtures/chat/reply-with-fallback.json', import.meta.url), 'utf8'),
) as { content: { 'm.relates_to': object } };
const message = (content: object, more: object = {}): unknown =>
  readEvent(event('m.room.message', { msgtype: 'm.text', ...content }, more));

describe('events become documents', () => {
  test('text, links, replies without the quote of older clients', () => {
    expect(message({ body: '见 https://qiao.test' })).toMatchObject({
      op: 'add',
      doc: { text: '见 https://qiao.test', kinds: KIND.text | KIND.link },
    });
    expect(
      message({ body: '> <@a:b> 合同\n> 二\n\n好的' }, { relation: { 'm.in_reply_to': { event_id: '$x' } } }),
    ).toMatchObject({ doc: { text: '好的' } });
    const { content } = replyWithFallback;
    expect(message(content, { relation: content['m.relates_to'] })).toMatchObject({
      doc: { text: 'looks good' },
    });
    // A quote of the writer's own is what the writer says.
    expect(
      message({ body: '> 原话\n\n同意' }, { relation: { 'm.in_reply_to': { event_id: '$x' } } }),
    ).toMatchObject({ doc: { text: '> 原话\n\n同意' } });
    expect(message({ body: '> 引用' })).toMatchObject({ doc: { text: '> 引用' } });
  });
  test('files by name, captions beside it', () => {
    expect(
      message({ msgtype: 'm.file', body: '合同.pdf', info: { size: 7, mimetype: 'a/b' } }),
    ).toMatchObject({
      doc: { text: '', kinds: KIND.file, file: { name: '合同.pdf', size: 7, mime: 'a/b' } },
    });
    expect(message({ msgtype: 'm.image', body: '白板照片', filename: 'IMG_1.jpg' })).toMatchObject({
      doc: { text: '白板照片', kinds: KIND.image, file: { name: 'IMG_1.jpg' } },
    });
  });
  test('polls by question and answers', () => {
    const part = (body: string): object => ({ 'org.matrix.msc1767.text': body });
    expect(
      readEvent(
        event('org.matrix.msc3381.poll.start', {
          'org.matrix.msc3381.poll.start': {
            question: part('去哪里？'),
            answers: [part('杭州'), part('苏州')],
          },
        }),
      ),
    ).toMatchObject({ doc: { text: '去哪里？\n杭州\n苏州', kinds: KIND.poll } });
  });
  test('edits name what they change, redactions too', () => {
    expect(
      message(
        { body: '* 新', 'm.new_content': { msgtype: 'm.text', body: '新' } },
        { relation: { rel_type: 'm.replace', event_id: '$old' } },
      ),
    ).toMatchObject({
      op: 'edit',
      doc: { eventId: '$old', text: '新', edit: { eventId: '$event', ts: 1000 } },
    });
    expect(readEvent(event('m.room.redaction', {}, { redacts: '$gone' }))).toEqual({
      op: 'remove',
      eventId: '$gone',
    });
  });
  test('what has no text, is redacted or of another kind is left out; without a key it is asked for again', () => {
    expect(message({ body: '  ' })).toBeUndefined();
    expect(message({ body: '合同' }, { redacted: true })).toBeUndefined();
    expect(message({ msgtype: 'm.key.verification.request', body: '合同' })).toBeUndefined();
    expect(readEvent(event('m.reaction', { body: '合同' }))).toBeUndefined();
    expect(message({ body: '?' }, { failed: true })).toBe('undecryptable');
    expect(readEvent(event('m.room.encrypted', {}))).toBe('undecryptable');
  });
  test('times that cannot be are bounded', () => {
    for (const ts of [-5, NaN, Infinity, 'now', undefined, 1e300]) {
      const read = message({ body: '合同' }, { ts }) as { doc: { ts: number } };
      expect(Number.isNaN(new Date(read.doc.ts).getTime())).toBe(false);
    }
  });
});

test('hostile content never throws', () => {
  const random = randomFrom(11);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const value = (depth: number): unknown =>
    pick([
      () => null,
      () => undefined,
      () => -1,
      () => 'x'.repeat(Math.floor(random() * 3_000)),
      () => '\ud800\u202e\u0000合',
      () => [value(depth + 1), value(depth + 1)],
      () =>
        depth > 4
          ? {}
          : Object.fromEntries(
              Array.from({ length: 4 }, () => [
                pick([
                  'body',
                  'msgtype',
                  'filename',
                  'info',
                  'm.new_content',
                  'question',
                  'answers',
                  'org.matrix.msc3381.poll.start',
                  'org.matrix.msc1767.text',
                  'm.text',
                  '__proto__',
                ]),
                value(depth + 1),
              ]),
            ),
    ])();
  for (let round = 0; round < 2000; round++) {
    const type = pick([
      'm.room.message',
      'org.matrix.msc3381.poll.start',
      'm.poll.start',
      'm.room.redaction',
    ]);
    const content =
      random() < 0.5
        ? value(0)
        : { msgtype: pick(['m.text', 'm.file', 'm.image']), ...(Object(value(0)) as object) };
    const relation = random() < 0.5 ? undefined : { rel_type: 'm.replace', event_id: value(3) };
    const read = readEvent(event(type, content, { relation, ts: value(4), redacts: undefined }));
    if (typeof read === 'object' && read.op !== 'remove') expect(typeof read.doc.text).toBe('string');
  }
});
