import { describe, expect, test } from 'vitest';
import { askContent, askOf, MAX_ASKED, noticeOf, type Ask } from './ask-content.ts';

const ask: Ask = {
  kind: 'urgent',
  asked: ['@li:example.org', '@王:example.org'],
  dueAt: '2026-11-24T08:00:00.000Z',
  everyMinutes: 15,
};

describe('who is asked by a message', () => {
  test('comes back as it was sent, with what is not chosen left out', () => {
    expect(askOf({ body: 'x', ...askContent(ask) })).toEqual(ask);
    const plain: Ask = { ...ask, kind: 'question', dueAt: undefined, everyMinutes: undefined };
    expect(askContent(plain)).toEqual({ 'im.qiao.question': { asked: plain.asked } });
    expect(askOf(askContent(plain))).toEqual(plain);
  });

  test('is nobody where the content is hostile', () => {
    for (const value of [
      null,
      7,
      'x',
      [],
      {},
      { asked: null },
      { asked: '@li:x' },
      { asked: {} },
      { asked: [] },
      { asked: [null, 7, 'li', '@', `@${'x'.repeat(300)}`, '@a b:x', { toString: () => '@x:y' }] },
    ]) {
      expect(askOf({ 'im.qiao.urgent': value })).toBeUndefined();
      expect(askOf({ 'im.qiao.question': value })).toBeUndefined();
    }
  });

  test('is cut to what the server takes, and odd times and intervals are passed over', () => {
    const many = Array.from({ length: MAX_ASKED + 50 }, (_, index) => `@p${String(index)}:x`);
    expect(askOf({ 'im.qiao.question': { asked: many } })?.asked).toHaveLength(MAX_ASKED);
    expect(askOf({ 'im.qiao.question': { asked: ['@a:x', '@a:x'] } })?.asked).toEqual(['@a:x']);
    for (const odd of [-1, 0, 4, 4.5, 1e9, Number.NaN, '5', null])
      expect(
        askOf({ 'im.qiao.urgent': { asked: ['@a:x'], every_minutes: odd } })?.everyMinutes,
      ).toBeUndefined();
    for (const odd of ['tomorrow', 7, null, {}, '9'.repeat(400)])
      expect(askOf({ 'im.qiao.question': { asked: ['@a:x'], due_at: odd } })?.dueAt).toBeUndefined();
  });
});

test('a notice comes from the company’s own bots only', () => {
  const id = '00000000-0000-4000-8000-00000000000a';
  const content = { 'im.qiao.notice': { id, confirm: true } };
  const me = '@li:example.org:8448';
  expect(noticeOf(content, '@_qiao_org_bot:example.org:8448', me)).toBe(id);
  for (const sender of [
    '@li:example.org:8448',
    '@_qiao_org_bot:evil.org:8448',
    '@_qiao_org_bot:example.org',
    '@_qiao_org_bot:8448',
    '@x_qiao_org_bot:example.org:8448',
    '',
  ])
    expect(noticeOf(content, sender, me)).toBeUndefined();
  for (const odd of [null, 7, {}, { id: 7 }, { id: 'x' }, { id: `${id}/../x` }])
    expect(noticeOf({ 'im.qiao.notice': odd }, '@_qiao_org_bot:example.org:8448', me)).toBeUndefined();
});
