// @vitest-environment happy-dom
import { renderView, testServices } from '@qiao/ui-kit/testing';
import { cleanup, screen } from '@testing-library/react';
import type { MatrixClient } from 'matrix-js-sdk';
import { afterEach, expect, test } from 'vitest';
import { MatrixContext } from '../../matrix/context.tsx';
import { Reading } from '../../matrix/reading.ts';
import type { MatrixSession } from '../../matrix/session.ts';
import { catalogues } from '../../strings/index.ts';
import ReadingDialog from './ReadingDialog.tsx';

afterEach(cleanup);

/** Shows who has read a message in a room of the reader and so many others, of whom the first two have. */
async function show(others: number): Promise<void> {
  const people = Array.from({ length: others }, (_, index) => `@p${String(index)}:x`);
  const room: unknown = {
    loadMembersIfNeeded: () => Promise.resolve(true),
    getJoinedMembers: () =>
      ['@me:x', '@_bot:x', ...people].map((userId) => ({ userId, rawDisplayName: userId })),
    hasUserReadEvent: (userId: string) => ['@p0:x', '@p1:x'].includes(userId),
    getReadReceiptForUserId: () => null,
  };
  const client: unknown = {
    getRoom: () => room,
    getSafeUserId: () => '@me:x',
    on: () => undefined,
    off: () => undefined,
  };
  const services = await testServices({ catalogues, answer: () => ({ items: [] }) });
  const session: unknown = {
    reading: new Reading(client as MatrixClient),
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
