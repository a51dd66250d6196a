import { expect, test } from 'vitest';
import type { Forwardable } from '../../../matrix/forward.ts';
import { names } from '../../../matrix/people-pinyin.ts';
import type { RoomEntry } from '../../../matrix/rooms.ts';
import type { MatrixSession } from '../../../matrix/session.ts';
import { FinderViewModel } from '../../finder/FinderViewModel.ts';
import { ForwardViewModel } from './ForwardViewModel.ts';

const room = (name: string, encrypted = true) =>
  ({ roomId: `!${name}`, name, ts: 1, encrypted }) as RoomEntry;

function setUp(...rooms: RoomEntry[]) {
  const sent: string[] = [];
  const now: { copy: Forwardable | undefined } = {
    copy: { type: 'm.room.message', content: { body: 'as it was' }, encrypted: true },
  };
  const open = {
    getMyMembership: () => 'join',
    getLiveTimeline: () => ({ getState: () => undefined }),
    hasEncryptionStateEvent: () => false,
    maySendMessage: () => true,
  };
  const matrix = {
    client: { getRoom: () => open },
    rooms: { getSnapshot: () => ({ rooms }) },
    timelines: {
      forwardable: () => now.copy,
      forward: (to: string, copy: Forwardable) => sent.push(`${to} ${String(copy.content['body'])}`),
    },
  } as unknown as MatrixSession;
  const model = new ForwardViewModel(matrix, { roomId: '!from', eventId: '$1' });
  const finder = new FinderViewModel({
    here: (query) => model.find(query).map((entry) => ({ kind: 'room', key: entry.roomId, entry })),
    load: () => names.load(),
  });
  const found = (): readonly string[] => finder.getSnapshot().items.map(({ key }) => key.slice(1));
  const marked = (): string | undefined => found()[finder.getSnapshot().active];
  return { model, finder, found, marked, sent, now };
}

test('the marked conversation stays marked when more are found by their sound', async () => {
  const { finder, found, marked } = setUp(room('研发部'), room('my yfb'), room('an xyfb'));
  finder.type('yfb');
  expect(found()).toEqual(['my yfb', 'an xyfb']);
  expect(marked()).toBe('my yfb');
  const unmount = finder.mount();
  await expect.poll(() => found().length).toBe(3);
  expect(names.match('研发部', 'yfb')).toBeGreaterThan(2);
  expect(marked()).toBe('my yfb');
  finder.move(1);
  expect(marked()).toBe('an xyfb');
  finder.type('yf');
  expect(marked()).toBe('研发部');
  unmount();
});

test('what is sent is the message as it is then; a deleted one is not sent', () => {
  const { model, sent, now } = setUp(room('a'));
  now.copy = { type: 'm.room.message', content: { body: 'as it is' }, encrypted: true };
  expect(model.send('!a')).toBe(true);
  now.copy = undefined;
  expect(model.send('!a')).toBe(false);
  expect(sent).toEqual(['!a as it is']);
  expect(model.getSnapshot().gone).toBe(true);
});

test('what leaves an encrypted conversation for one that is not, is told from what stays sealed', () => {
  const { model } = setUp();
  expect(model.exposes(room('open', false))).toBe(true);
  expect(model.exposes(room('sealed'))).toBe(false);
});
