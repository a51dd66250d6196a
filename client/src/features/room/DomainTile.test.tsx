// @vitest-environment happy-dom
import type { ClientTile } from '@qiao/ui-kit';
import { renderView, testServices } from '@qiao/ui-kit/testing';
import { expect, test, vi } from 'vitest';
import { ComposeTarget } from '../../matrix/compose-target.ts';
import type { TimelineStore } from '../../matrix/timeline-store.ts';
import type { Message } from '../../matrix/timeline-types.ts';
import { catalogues } from '../../strings/index.ts';
import { DomainTile } from './DomainTile.tsx';
import { RoomContext } from './room-context.ts';

const message: Message = {
  kind: 'message',
  key: 'k',
  roomId: '!r:x',
  eventId: '$e',
  type: 'qiao.test',
  author: { userId: '@a:x', name: 'A', avatar: undefined, external: false },
  own: false,
  ts: 0,
  content: { kind: 'other', type: 'qiao.test', content: {} },
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
  text: '',
  continued: false,
};

const show = async (tile: ClientTile | undefined): Promise<HTMLElement> => {
  const services = await testServices({ answer: () => undefined, catalogues });
  const room = {
    roomId: '!r:x',
    threadId: undefined,
    ref: { roomId: '!r:x', name: 'R', encrypted: true },
    // The tile does not ask for it.
    store: undefined as unknown as TimelineStore,
    target: new ComposeTarget(),
    nameOf: () => undefined,
    openThread: () => undefined,
  };
  return renderView(
    <RoomContext value={room}>
      <p>before</p>
      <DomainTile message={message} type="qiao.test" content={{}} tile={tile} />
      <p>after</p>
    </RoomContext>,
    services,
  ).container;
};

test('a tile that throws leaves the room standing', async () => {
  const silence = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const container = await show({
    types: ['qiao.test'],
    load: () =>
      Promise.resolve({
        default: () => {
          throw new Error('planted');
        },
      }),
  });
  await vi.waitFor(() => {
    expect(container.textContent).toContain('This entry could not be shown.');
  });
  expect(container.textContent).toContain('before');
  expect(container.textContent).toContain('after');
  silence.mockRestore();
});

test('a tile that cannot be loaded does too', async () => {
  const silence = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const container = await show({ types: ['qiao.test'], load: () => Promise.reject(new Error('planted')) });
  await vi.waitFor(() => {
    expect(container.textContent).toContain('This entry could not be shown.');
  });
  silence.mockRestore();
});

test('a type nobody shows is a quiet line', async () => {
  const container = await show(undefined);
  expect(container.textContent).toContain('Something that cannot be shown here: qiao.test');
});
