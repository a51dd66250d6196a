import { describe, expect, test } from 'vitest';
import { NameIndex } from '../../matrix/people-pinyin.ts';
import { bareEntry, type RoomEntry } from '../../matrix/rooms-entry.ts';
import { badgedTitle } from './Badge.tsx';
import { layOut } from './RoomListViewModel.ts';
import { findRooms } from './find-rooms.ts';
import { shortWhen } from './when.ts';
import { rowAt, topsOf } from './Windowed.tsx';

const entry = (roomId: string, more: Partial<RoomEntry> = {}): RoomEntry => ({
  ...bareEntry(roomId),
  encrypted: true,
  ...more,
});

describe('parts of the list', () => {
  const keys = (rooms: RoomEntry[], closed: ('low' | 'favourites')[] = []) =>
    layOut(rooms, 'all', new Set(closed)).map((item) => item.key);

  test('none where there is one only', () => {
    expect(keys([entry('!a'), entry('!b')])).toEqual(['!a', '!b']);
  });

  test('favourites before the others, low priority last and folded', () => {
    const rooms = [
      entry('!low', { lowPriority: true, unread: 1 }),
      entry('!a'),
      entry('!fav', { favourite: true }),
    ];
    expect(keys(rooms, ['low'])).toEqual([
      'section:favourites',
      '!fav',
      'section:chats',
      '!a',
      'section:low',
    ]);
    expect(layOut(rooms, 'all', new Set(['low'])).at(-1)).toMatchObject({ count: 1, unread: 1, open: false });
  });

  test('a filter has no parts', () => {
    expect(layOut([entry('!fav', { favourite: true })], 'unread', new Set()).map((item) => item.key)).toEqual(
      ['!fav'],
    );
  });
});

test('rows in sight are found by their tops', () => {
  const tops = topsOf([
    { key: 'a', height: 34 },
    { key: 'b', height: 64 },
    { key: 'c', height: 64 },
  ]);
  expect(tops).toEqual([0, 34, 98, 162]);
  expect([0, 33, 34, 97, 98, 500].map((y) => rowAt(tops, y))).toEqual([0, 0, 1, 1, 2, 3]);
});

describe('the quick switcher', () => {
  const index = new NameIndex();
  test('begins with what waits, then the newest', () => {
    const rooms = [
      entry('!new', { ts: 9 }),
      entry('!unread', { ts: 1, unread: 1 }),
      entry('!low', { ts: 10, lowPriority: true }),
    ];
    expect(findRooms(rooms, ' ', index).map((each) => each.roomId)).toEqual(['!unread', '!new']);
  });

  test('puts the better fit before the newer, people before groups', () => {
    const rooms = [
      entry('!within', { name: 'Nessa', ts: 9 }),
      entry('!group', { name: 'Sales', ts: 8 }),
      entry('!person', { name: 'Sam', ts: 1, partner: '@sam:b' }),
    ];
    expect(findRooms(rooms, 'sa', index).map((each) => each.roomId)).toEqual([
      '!person',
      '!group',
      '!within',
    ]);
  });
});

test('the title tells the count once', () => {
  expect(badgedTitle('Chats · Qiao', 3)).toBe('(3) Chats · Qiao');
  expect(badgedTitle('(3) Chats · Qiao', 120)).toBe('(99+) Chats · Qiao');
  expect(badgedTitle('(99+) Chats · Qiao', 0)).toBe('Chats · Qiao');
  // A name of a conversation is not a count.
  expect(badgedTitle('(beta) Chats', 0)).toBe('(beta) Chats');
});

test('times are as short as they can be told', () => {
  const now = new Date(2026, 5, 15, 12, 0);
  const at = (...of: [number, number, number, number, number]) => new Date(...of).getTime();
  expect(shortWhen(at(2026, 5, 15, 9, 5), 'zh-Hans', now)).toBe('09:05');
  expect(shortWhen(at(2026, 5, 14, 23, 59), 'zh-Hans', now)).toBe('昨天');
  expect(shortWhen(at(2026, 5, 14, 23, 59), 'en', now)).toBe('Yesterday');
  expect(shortWhen(at(2026, 5, 12, 1, 0), 'zh-Hans', now)).toBe('周五');
  expect(shortWhen(at(2026, 0, 2, 1, 0), 'zh-Hans', now)).toBe('1/2');
  expect(shortWhen(at(2025, 0, 2, 1, 0), 'zh-Hans', now)).toBe('2025/1/2');
  expect(shortWhen(0, 'en', now)).toBe('');
});
