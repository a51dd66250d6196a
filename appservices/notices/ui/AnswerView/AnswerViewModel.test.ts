import type { Obligation } from '@qiao/notices/contract';
import { testServices } from '@qiao/ui-kit/testing';
import { expect, test, vi } from 'vitest';
import { keys } from '../api.ts';
import { AnswerViewModel } from './AnswerViewModel.ts';

test('messages are looked at a few at a time, and again where nothing came', async () => {
  const items = Array.from(
    { length: 30 },
    (_, index) => ({ id: String(index), room_id: '!r:x', event_id: `$${String(index)}` }) as Obligation,
  );
  const base = await testServices({
    answer: ({ path }) =>
      path.endsWith('/pending')
        ? { owe: 30, wait: 0, urgent: [], unread: [], notices: 0 }
        : { items, next: null },
  });
  let running = 0;
  let most = 0;
  let isReachable = false;
  const glance = vi.fn(async (_room: string, eventId: string) => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    // A failure and a message that cannot be had.
    if (eventId === '$3' && !isReachable) throw new Error('offline');
    return eventId === '$4' && !isReachable
      ? undefined
      : { room: 'Room', text: eventId, readable: true, whole: true };
  });
  const matrix = { send: vi.fn(), openRoom: vi.fn(), openPerson: vi.fn(), draft: vi.fn(), glance };
  const model = new AnswerViewModel({ ...base, matrix });
  const unmount = model.mount();
  await expect.poll(() => model.getSnapshot().glances.size).toBe(28);
  expect(most).toBe(4);
  expect(glance).toHaveBeenCalledTimes(30);
  isReachable = true;
  await base.queries.invalidateQueries({ queryKey: keys.all });
  await expect.poll(() => model.getSnapshot().glances.size).toBe(30);
  expect(glance).toHaveBeenCalledTimes(32);
  unmount();
});
