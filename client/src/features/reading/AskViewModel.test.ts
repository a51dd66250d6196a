import { testServices } from '@qiao/ui-kit/testing';
import { expect, test, vi } from 'vitest';
import { somebody } from '../finder/testing.ts';
import { MAX_ASKED } from '../../matrix/ask-content.ts';
import type { Reading } from '../../matrix/reading.ts';
import { catalogues } from '../../strings/index.ts';
import { AskViewModel, type AskToSend, type Taken } from './AskViewModel.ts';

const li = somebody('@li:x');
const SEARCH = {
  load: () => Promise.resolve(),
  onEntered: () => () => undefined,
  lookUp: () => Promise.resolve(new Map()),
  withListing: ({ userId, name }: { userId: string; name: string }) => somebody(userId, name),
};
const NOBODY = { readers: () => Promise.resolve({ people: [], unlisted: 0 }) } as unknown as Reading;

async function form(isWritten = false): Promise<{ model: AskViewModel; registered: unknown[] }> {
  const registered: unknown[] = [];
  const services = await testServices({
    catalogues,
    answer: ({ body }) => {
      registered.push(body);
      return { items: [], left_out: [] };
    },
  });
  return { model: new AskViewModel(services, NOBODY, SEARCH, '!r:x', isWritten), registered };
}

test('what was not taken to be sent stays in the form, with why; nobody is asked', async () => {
  const { model, registered } = await form();
  model.finder.toggle(li);
  model.change({ text: '合同何时能签？' });
  const deciding = Promise.withResolvers<Taken>();
  const submitted = model.submit(() => deciding.promise);
  expect(model.getSnapshot().busy).toBe(true);
  // Pressed twice it is sent once.
  const again = vi.fn<(ask: AskToSend) => Promise<Taken>>();
  expect(await model.submit(again)).toBe(false);
  expect(again).not.toHaveBeenCalled();
  deciding.resolve({ taken: false, why: 'too_long' });
  expect(await submitted).toBe(false);
  expect(model.getSnapshot()).toMatchObject({ busy: false, why: 'too_long', text: '合同何时能签？' });
  expect(registered).toEqual([]);
  model.change({ text: '合同？' });
  expect(model.getSnapshot().why).toBeUndefined();
});

test('what was taken is on its way at once, and registered when the homeserver has it', async () => {
  const { model, registered } = await form(true);
  model.finder.toggle(li);
  const sent = Promise.withResolvers<string>();
  expect(await model.submit(() => Promise.resolve({ taken: true, sent: sent.promise }))).toBe(true);
  expect(registered).toEqual([]);
  sent.resolve('$e');
  await expect
    .poll(() => registered)
    .toEqual([{ room_id: '!r:x', event_id: '$e', kind: 'question', asked: ['@li:x'] }]);
});

test('no more people than one message can name', async () => {
  const { model } = await form(true);
  for (let index = 0; index <= MAX_ASKED; index++) model.finder.toggle(somebody(`@p${String(index)}:x`));
  const asked: (readonly string[])[] = [];
  const send = ({ userIds }: AskToSend): Promise<Taken> => {
    asked.push(userIds);
    return Promise.resolve({ taken: true, sent: Promise.resolve('$e') });
  };
  expect(await model.submit(send)).toBe(true);
  expect(asked).toHaveLength(1);
  expect(asked[0]).toHaveLength(MAX_ASKED);
});
