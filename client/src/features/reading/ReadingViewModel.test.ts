import type { Obligation } from '@qiao/notices/contract';
import { expect, test } from 'vitest';
import { byPerson } from './ReadingViewModel.ts';

const one = (change: Partial<Obligation>): Obligation => ({
  id: '1',
  kind: 'question',
  room_id: '!r',
  event_id: '$e',
  asker: { user_id: '@me:x', display_name: 'Me' },
  asked: { user_id: '@li:x', display_name: 'Li' },
  state: 'open',
  closed_how: null,
  closed_at: null,
  created_at: '2026-11-23T04:00:00.000Z',
  due_at: null,
  reminders: 0,
  reminded_at: null,
  ...change,
});

test('of a person who was asked twice what is open counts, and a reminder to read is no question', () => {
  const question = one({ id: 'q', state: 'answered' });
  const urgent = one({ id: 'u', kind: 'urgent' });
  const unread = one({ id: 'r', kind: 'unread' });
  expect(byPerson([question, urgent, unread])).toEqual({ '@li:x': urgent });
  expect(byPerson([urgent, question, unread])).toEqual({ '@li:x': urgent });
  expect(byPerson([unread])).toEqual({});
  expect(byPerson([question, one({ id: 'later', state: 'withdrawn' })])).toMatchObject({
    '@li:x': { id: 'later' },
  });
});
