// @vitest-environment happy-dom
import { renderView, testServices } from '@qiao/ui-kit/testing';
import { cleanup, screen, within } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { MatrixContext } from '../../matrix/context.tsx';
import type { MatrixSession } from '../../matrix/session.ts';
import { readingOf } from '../../matrix/testing.ts';
import { catalogues } from '../../strings/index.ts';
import ReadingDialog from './ReadingDialog.tsx';

afterEach(cleanup);

/** Shows who has read a message in a room of the reader and so many others, of whom the first two have. */
async function show(others: number, invited = 0): Promise<void> {
  const ids = (begin: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `@${begin}${String(index)}:x`);
  const people = ids('p', others);
  const reading = await readingOf({
    me: '@me:x',
    roomId: '!r:x',
    eventId: '$e',
    joined: ['@_bot:x', ...people],
    invited: ids('i', invited),
    readers: people.slice(0, 2),
  });
  const services = await testServices({ catalogues, answer: () => ({ items: [] }) });
  const waiting = [{ userId: '@p2:x', name: 'p2' }];
  const session: unknown = {
    reading,
    history: {
      watch: () => () => undefined,
      subscribe: () => () => undefined,
      getSnapshot: () => ({ rooms: new Map([['!r:x', { waiting }]]) }),
    },
    people: { isExternal: () => false, known: () => ({}) },
    search: { places: {} },
  };
  renderView(
    <MatrixContext value={session as MatrixSession}>
      <ReadingDialog message={{ roomId: '!r:x', eventId: '$e' }} onClose={() => undefined} />
    </MatrixContext>,
    services,
  );
}

test('of a conversation of many it says that not all are listed, and counts only those', async () => {
  await show(1003);
  await screen.findByText('This conversation has 1003 people; only 1000 of them are listed here.');
  screen.getByRole('heading', { name: '998 of those listed have not read it' });
  screen.getByRole('heading', { name: '2 of those listed have read it' });
});

test('of a smaller one it counts all', async () => {
  await show(3);
  await screen.findByRole('heading', { name: '1 has not read it' });
  screen.getByRole('heading', { name: '2 have read it' });
  expect(screen.queryByText(/listed/)).toBeNull();
});

test('who was invited and has not come has not read it: nobody says “everybody”', async () => {
  await show(2, 2);
  const unread = await screen.findByRole('region', { name: '2 have not read it' });
  expect(within(unread).getAllByRole('listitem')).toHaveLength(2);
  expect(within(unread).getAllByText('Not joined yet')).toHaveLength(2);
  // They can be neither reminded nor asked.
  expect(within(unread).queryByRole('checkbox')).toBeNull();
  expect(screen.queryByRole('button', { name: 'Remind them' })).toBeNull();
  expect(screen.queryByText('Everybody has read it.')).toBeNull();
});

test('a conversation of which the others are only invited is not empty', async () => {
  await show(0, 1);
  await screen.findByRole('heading', { name: '1 has not read it' });
  expect(screen.queryByText('Nobody else is in this conversation.')).toBeNull();
});

test('who has no device that could read it is shown as such', async () => {
  await show(3);
  const unread = await screen.findByRole('region', { name: '1 has not read it' });
  within(unread).getByText('Cannot read it yet');
});
