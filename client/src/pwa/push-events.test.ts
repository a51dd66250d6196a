import { describe, expect, test } from 'vitest';
import type { Hints } from './hints.ts';
import { notificationFor, parsePayload } from './push-events.ts';

const hints: Hints = {
  language: 'en',
  brand: 'Anxin Desk',
  icon: '/brand/logo.0123456789ab.svg',
  newMessage: 'New message',
  testMessage: 'It works',
  rooms: { '!a:b': '产品部' },
};

describe('a push', () => {
  test.each([
    '',
    'null',
    '[]',
    '{"room":5}',
    '{"room":"//evil"}',
    '{"room":"! a"}',
    '{"unread":-1}',
    'x'.repeat(5000),
  ])('that is not as it should be (%#) says nothing of anything', (text) => {
    expect(parsePayload(text)).toEqual({});
  });

  test('names the room where the device knows it, and leads there', () => {
    const { title, options } = notificationFor(
      parsePayload('{"room":"!a:b","event":"$e","unread":3,"body":"secret"}'),
      hints,
    );
    expect(title).toBe('产品部');
    expect(options).toMatchObject({
      body: 'New message',
      tag: '!a:b',
      data: { path: '/room/!a%3Ab', events: ['$e'] },
    });
    expect(JSON.stringify(options)).not.toContain('secret');
  });

  test('of an unknown room has the name of the brand', () => {
    expect(notificationFor({ room: '!other:b' }, hints).title).toBe('Anxin Desk');
  });

  test('is in both languages where the device knows nothing', () => {
    expect(notificationFor({ room: '!a:b' }, undefined)).toMatchObject({
      title: 'Qiao',
      options: { body: '新消息 · New message' },
    });
  });
});
