import type { Obligation } from '@qiao/notices/contract';
import { testServices } from '@qiao/ui-kit/testing';
import { expect, test, vi } from 'vitest';
import type { HistoryKeys } from '../../matrix/history-keys.ts';
import { readingOf } from '../../matrix/testing.ts';
import { byPerson, ReadingViewModel } from './ReadingViewModel.ts';

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

test('members who come one by one, as a large list is loaded, are looked at together', async () => {
  const joined = ['@p0:x', '@p1:x'];
  const message = { roomId: '!r:x', eventId: '$e' };
  const reading = await readingOf({ me: '@me:x', ...message, joined, invited: [], readers: ['@p0:x'] });
  const looks = vi.spyOn(reading, 'readers');
  let come = (): void => undefined;
  vi.spyOn(reading, 'onMembers').mockImplementation((_roomId, work) => {
    come = work;
    return () => undefined;
  });
  const history: unknown = {
    watch: () => () => undefined,
    subscribe: () => () => undefined,
    getSnapshot: () => ({ rooms: new Map() }),
  };
  const services = await testServices({ answer: () => ({ items: [] }) });
  const model = new ReadingViewModel(services, reading, history as HistoryKeys, message);
  const unmount = model.mount();
  for (let member = 0; member < 500; member++) come();
  await expect.poll(() => model.getSnapshot().loading).toBe(false);
  await expect.poll(() => looks.mock.calls.length).toBe(2);
  expect(model.getSnapshot().unread.map(({ userId }) => userId)).toEqual(['@p1:x']);
  // What comes later is looked at, too.
  come();
  await expect.poll(() => looks.mock.calls.length).toBe(3);
  unmount();
});
