import { describe, expect, it } from 'vitest';
import {
  parseEncrypted,
  parseMember,
  parseMessage,
  parsePollEnd,
  parsePollResponse,
  parsePollStart,
  parseReaction,
  parseTimelineEvent,
} from './index.ts';

const file = {
  v: 'v2',
  url: 'mxc://example.org/abc',
  key: { kty: 'oct', alg: 'A256CTR', k: 'A'.repeat(43), key_ops: ['encrypt', 'decrypt'], ext: true },
  iv: 'AAAAAAAAAAAAAAAAAAAAAA',
  hashes: { sha256: 'B'.repeat(43) },
};

describe('event contents', () => {
  it('take what clients send, with fields we do not know', () => {
    expect(parseMessage({ msgtype: 'm.text', body: '你好', 'org.other': { deep: 1 } })?.body).toBe('你好');
    expect(parseMessage({ msgtype: 'm.file', body: 'a.pdf', file, info: { size: 3 } })?.file?.url).toBe(
      file.url,
    );
    expect(
      parseMessage({ msgtype: 'm.text', body: 'r', 'm.relates_to': { 'm.in_reply_to': { event_id: '$e' } } }),
    ).toBeDefined();
    expect(parseMember({ membership: 'join', displayname: null })).toBeDefined();
    expect(
      parseReaction({ 'm.relates_to': { rel_type: 'm.annotation', event_id: '$e', key: '👍' } }),
    ).toBeDefined();
  });

  it('take polls', () => {
    const start = {
      'org.matrix.msc3381.poll.start': {
        kind: 'org.matrix.msc3381.poll.disclosed',
        max_selections: 1,
        question: { 'org.matrix.msc1767.text': '去哪儿？' },
        answers: [{ id: 'a', 'org.matrix.msc1767.text': '甲' }],
      },
    };
    expect(parsePollStart(start)).toEqual(start);
    const relation = { rel_type: 'm.reference', event_id: '$p' };
    expect(
      parsePollResponse({ 'org.matrix.msc3381.poll.response': { answers: ['a'] }, 'm.relates_to': relation }),
    ).toBeDefined();
    expect(parsePollEnd({ 'm.relates_to': relation })).toBeDefined();
    expect(parsePollEnd({ 'm.relates_to': { ...relation, event_id: 'no sigil' } })).toBeUndefined();
  });

  it.each([
    null,
    [],
    'x',
    { msgtype: 'm.text' },
    { msgtype: 'm.text', body: 7 },
    { msgtype: 'm.text', body: 'a', 'm.mentions': { user_ids: ['not a user'] } },
    { msgtype: 'm.text', body: 'a', 'm.relates_to': 'x' },
    { msgtype: 'm.file', body: 'a', file: { ...file, v: 'v1' } },
    { msgtype: 'm.file', body: 'a', file: { ...file, url: 'http://evil.example' } },
    { msgtype: 'm.file', body: 'a', file: { ...file, key: { ...file.key, k: 'short' } } },
    { msgtype: 'm.text', body: 'a'.repeat(70_000) },
  ])('refuse the message %#', (content) => {
    expect(parseMessage(content)).toBeUndefined();
  });

  it('refuse other hostile contents', () => {
    expect(parseMember({ membership: 'god' })).toBeUndefined();
    expect(
      parseEncrypted({ algorithm: 'm.megolm.v1.aes-sha2', session_id: '', ciphertext: 'x' }),
    ).toBeUndefined();
    expect(
      parseTimelineEvent({ type: 't', event_id: '$e', sender: '@a:b', origin_server_ts: 1, content: [] }),
    ).toBeUndefined();
    expect(
      parseTimelineEvent({ type: 't', event_id: '$e', sender: '@a:b', origin_server_ts: 1, content: {} }),
    ).toBeDefined();
    expect(
      parseTimelineEvent({ type: 't', event_id: 1, sender: '@a:b', origin_server_ts: 1, content: {} }),
    ).toBeUndefined();
  });
});
