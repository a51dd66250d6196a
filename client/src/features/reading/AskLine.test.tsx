// @vitest-environment happy-dom
import type { AskedMessage } from '@qiao/notices/contract';
import { renderView, testServices, type Answerer } from '@qiao/ui-kit/testing';
import { act, cleanup, fireEvent, screen, waitFor } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import type { Ask } from '../../matrix/ask-content.ts';
import type { Message } from '../../matrix/timeline-types.ts';
import { catalogues } from '../../strings/index.ts';
import { AskLine } from './AskLine.tsx';
import { RoomAsks } from './RoomAsks.tsx';

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const ID = '00000000-0000-4000-8000-000000000001';
const ASK: Ask = {
  kind: 'question',
  asked: ['@li:x'],
  dueAt: '2020-01-01T00:00:00.000Z',
  everyMinutes: undefined,
};
const message = (change: Partial<Message>): Message => ({
  kind: 'message',
  key: 'k',
  roomId: '!r:x',
  eventId: '$e',
  type: 'm.room.message',
  author: { userId: '@a:x', name: 'A', avatar: undefined, external: false },
  own: false,
  ts: 0,
  content: { kind: 'text', as: 'text', text: 'x', html: undefined },
  edited: false,
  quote: undefined,
  reactions: [],
  thread: undefined,
  threadId: undefined,
  send: 'sent',
  unsent: undefined,
  pinned: false,
  mentioned: false,
  readers: [],
  rights: { react: false, reply: false, edit: false, redact: false, pin: false },
  ask: undefined,
  notice: undefined,
  text: 'x',
  continued: false,
  ...change,
});
const asked = (change: Partial<AskedMessage>): AskedMessage => ({
  event_id: '$e',
  kind: 'urgent',
  asker: { user_id: '@a:x', display_name: 'A' },
  asked: 1,
  answered: 0,
  due_at: null,
  mine: { id: ID, state: 'open', closed_how: null },
  ...change,
});

/** Another message of the conversation: what is said of it shows that the server's answer is there. */
const OTHER = message({ eventId: '$other', own: true, ask: { ...ASK, kind: 'urgent' } });
const nothingBut = async (text: string): Promise<void> => {
  const only = await screen.findByText(text);
  expect([...document.querySelectorAll('.c-ask')]).toEqual([only.closest('.c-ask')]);
};

/** Shows the line of a message, on a server that notes what is asked of it. */
async function show(
  one: Message,
  answer: Answerer,
  beside?: Message,
): Promise<{ at: string; body: unknown }[]> {
  const calls: { at: string; body: unknown }[] = [];
  const services = await testServices({
    catalogues,
    session: { personId: ID },
    answer: (request) => {
      calls.push({ at: `${request.method} ${request.path}`, body: request.body });
      return answer(request);
    },
  });
  renderView(
    <RoomAsks roomId="!r:x">
      <p>before</p>
      <AskLine message={one} />
      {beside && <AskLine message={beside} />}
    </RoomAsks>,
    services,
  );
  await screen.findByText('before');
  await waitFor(() => {
    expect(calls.length).toBeGreaterThan(0);
  });
  return calls;
}

test('an urgent message is confirmed at the message', async () => {
  let mine: AskedMessage['mine'] = { id: ID, state: 'open', closed_how: null };
  const calls = await show(message({}), ({ method }) => {
    if (method === 'POST') mine = { id: ID, state: 'answered', closed_how: 'confirmed' };
    return method === 'POST' ? {} : { items: [asked({ mine })], since: null };
  });
  fireEvent.click(await screen.findByRole('button', { name: 'Confirm' }));
  await screen.findByText('You confirmed this');
  expect(calls).toContainEqual({
    at: `POST /api/notices/obligations/${ID}/close`,
    body: { how: 'confirmed' },
  });
  expect(screen.queryByRole('button')).toBeNull();
});

test('what this device cannot read is not confirmed', async () => {
  const answer: Answerer = () => ({ items: [asked({}), asked({ kind: 'question' })], since: null });
  await show(message({ content: { kind: 'unreadable', why: 'no_key', mayCome: false } }), answer);
  await screen.findByText('Please confirm that you have seen this');
  expect(screen.queryByRole('button', { name: 'Confirm' })).toBeNull();
  screen.getByRole('button', { name: 'Handled' });
  cleanup();
  await show(message({ content: { kind: 'decrypting' } }), answer);
  await screen.findByText('Please confirm that you have seen this');
  expect(screen.queryByRole('button', { name: 'Confirm' })).toBeNull();
});

test('the own message counts; what was taken back is not shown to whom it was sent', async () => {
  await show(message({ own: true }), () => ({
    items: [asked({ mine: null, asked: 3, answered: 1 }), asked({ kind: 'question', mine: null, asked: 0 })],
    since: null,
  }));
  await screen.findByRole('button', { name: '1 of 3 confirmed' });
  expect(screen.getAllByRole('button')).toHaveLength(1);
  cleanup();
  await show(
    message({}),
    () => ({
      items: [
        asked({ mine: { id: ID, state: 'withdrawn', closed_how: 'withdrawn' } }),
        asked({ event_id: '$other', mine: null, asked: 3 }),
      ],
      since: null,
    }),
    OTHER,
  );
  await nothingBut('0 of 3 confirmed');
});

test('an own message by which nobody could be asked says so, and asks again without its late time', async () => {
  const calls = await show(message({ own: true, ask: ASK }), ({ method }) =>
    method === 'POST' ? { items: [], left_out: [] } : { items: [], since: null },
  );
  fireEvent.click(await screen.findByRole('button', { name: 'Try again' }));
  await waitFor(() => {
    expect(calls).toContainEqual({
      at: 'POST /api/notices/obligations',
      body: { room_id: '!r:x', event_id: '$e', kind: 'question', asked: ['@li:x'] },
    });
  });
});

test('nobody else’s message makes this person ask', async () => {
  await show(message({ ask: ASK }), () => ({ items: [], since: null }), OTHER);
  await nothingBut('The message was sent, but nobody was asked by it.');
});

test('of messages older than those the server lists nothing is said', async () => {
  const since = '2026-11-23T04:00:00.000Z';
  await show(message({ own: true, ask: ASK, ts: Date.parse(since) - 1 }), () => ({ items: [], since }), {
    ...OTHER,
    ts: Date.parse(since) + 1,
  });
  await nothingBut('The message was sent, but nobody was asked by it.');
});

test('a message just sent is given time, also by a clock that is ahead', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const old = { ...OTHER, eventId: '$old' };
  const sent = { own: true, ask: ASK };
  for (const ts of [Date.now(), Date.now() - 3 * 60_000]) {
    await show(message({ ...sent, ts }), () => ({ items: [], since: null }), old);
    await nothingBut('The message was sent, but nobody was asked by it.');
    await act(() => vi.advanceTimersByTimeAsync(20_000));
    expect(screen.getAllByText('The message was sent, but nobody was asked by it.')).toHaveLength(2);
    cleanup();
  }
});
