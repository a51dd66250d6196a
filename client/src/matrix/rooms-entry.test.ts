import { describe, expect, test } from 'vitest';
import { changedKeys, levelsOf, partnersOf, withDirect, withoutDirect } from './rooms-account.ts';
import {
  bareEntry,
  isUnread,
  orderRooms,
  passes,
  sameEntry,
  totalsOf,
  type RoomEntry,
} from './rooms-entry.ts';
import { childrenOf, findSpace, spaceTree, type SpaceFacts } from './rooms-spaces.ts';
import { isExternalUser, plainName } from './rooms-text.ts';

const entry = (roomId: string, more: Partial<RoomEntry> = {}): RoomEntry => ({
  ...bareEntry(roomId),
  encrypted: true,
  ...more,
});
const invited = { inviter: '@a:b', inviterName: 'A', external: false, reason: '', space: false };
const ids = (entries: readonly RoomEntry[]) => entries.map((each) => each.roomId);

describe('order', () => {
  const rooms = [
    entry('!old', { ts: 1, mentions: 1, unread: 1 }),
    entry('!b', { ts: 5 }),
    entry('!a', { ts: 5 }),
    entry('!quiet', { ts: 9, unread: 3, level: 'mute' }),
    entry('!unread', { ts: 2, unread: 3 }),
    entry('!marked', { ts: 3, markedUnread: true }),
  ];

  test('newest first, equals by id', () => {
    expect(ids(orderRooms(rooms, 'recent'))).toEqual(['!quiet', '!a', '!b', '!marked', '!unread', '!old']);
  });

  test('what waits first: mentions, unread, the rest; muted ones wait for nobody', () => {
    expect(ids(orderRooms(rooms, 'unread'))).toEqual(['!old', '!marked', '!unread', '!quiet', '!a', '!b']);
  });
});

describe('filters and sums', () => {
  const departments = new Set(['!dep']);
  test('let through what they say', () => {
    expect(passes(entry('!dep'), 'departments', departments)).toBe(true);
    expect(passes(entry('!x'), 'departments', departments)).toBe(false);
    expect(passes(entry('!x', { partner: '@a:b' }), 'people', departments)).toBe(true);
    expect(passes(entry('!x', { servers: ['b'] }), 'external', departments)).toBe(true);
    expect(passes(entry('!x', { favourite: true }), 'favourites', departments)).toBe(true);
    expect(passes(entry('!x', { unread: 2, level: 'mute' }), 'unread', departments)).toBe(false);
    expect(passes(entry('!x', { activity: true, level: 'mentions' }), 'unread', departments)).toBe(true);
    expect(passes(entry('!x', { invitation: invited, partner: '@a:b' }), 'people', departments)).toBe(false);
    expect(passes(entry('!x', { invitation: invited }), 'invites', departments)).toBe(true);
  });

  test('count each message once', () => {
    const all = [
      entry('!1', { unread: 3, mentions: 1 }),
      entry('!2', { markedUnread: true }),
      entry('!3', { unread: 5, level: 'mute' }),
      entry('!4', { invitation: invited }),
    ];
    expect(totalsOf(all)).toEqual({ unread: 4, mentions: 1, invites: 1 });
    expect(all.map(isUnread)).toEqual([true, true, false, false]);
  });

  test('equal entries are known', () => {
    expect(sameEntry(entry('!a', { typing: ['x'] }), entry('!a', { typing: ['x'] }))).toBe(true);
    expect(sameEntry(entry('!a'), entry('!a', { typing: ['x'] }))).toBe(false);
    expect(sameEntry(entry('!a', { invitation: invited }), entry('!a'))).toBe(false);
  });
});

describe('account data of anybody’s making', () => {
  test('direct chats', () => {
    const direct = { '@a:b': ['!1', 7, '!2'], '@c:d': ['!2'], bad: ['!3'], '@e:f': 'x' };
    expect([...partnersOf(direct)]).toEqual([
      ['!1', '@a:b'],
      ['!2', '@a:b'],
    ]);
    for (const bad of [null, undefined, [], 'x', 3]) expect(partnersOf(bad).size).toBe(0);
    expect(withDirect(direct, '@a:b', '!2')['@a:b']).toEqual(['!2', '!1']);
    expect(withDirect(undefined, '@a:b', '!9')).toEqual({ '@a:b': ['!9'] });
    expect(withoutDirect({ '@a:b': ['!1', '!2'] }, '!1')).toEqual({ '@a:b': ['!2'] });
  });

  test('levels', () => {
    const room = { kind: 'event_match', key: 'room_id', pattern: '!mute' };
    const rules = {
      global: {
        override: [
          { rule_id: '!mute', conditions: [room], actions: [] },
          { rule_id: '!off', conditions: [{ ...room, pattern: '!off' }], actions: [], enabled: false },
          { rule_id: '!other', conditions: [room], actions: [] },
          { rule_id: '.m.rule.master', actions: [] },
          null,
        ],
        room: [
          { rule_id: '!all', actions: ['notify', { set_tweak: 'sound' }] },
          { rule_id: '!mentions', actions: ['dont_notify'] },
          { rule_id: '!mute', actions: ['notify'] },
        ],
      },
    };
    expect(Object.fromEntries(levelsOf(rules))).toEqual({
      '!all': 'all',
      '!mentions': 'mentions',
      '!mute': 'mute',
    });
    for (const bad of [null, {}, { global: [] }, { global: { room: 'x', override: {} } }])
      expect(levelsOf(bad).size).toBe(0);
  });

  test('changes', () => {
    expect(changedKeys(new Map([['a', 1]]), new Map([['b', 1]])).sort()).toEqual(['a', 'b']);
    expect(changedKeys(new Map([['a', 1]]), new Map([['a', 1]]))).toEqual([]);
  });
});

describe('spaces', () => {
  const via = ['b'];
  const space = (roomId: string, children: string[], company = false): SpaceFacts => ({
    roomId,
    name: roomId.slice(1),
    avatar: undefined,
    company,
    department: company,
    children,
  });
  const mapOf = (...spaces: SpaceFacts[]) => new Map(spaces.map((each) => [each.roomId, each]));

  test('children in force, in their order', () => {
    expect(
      childrenOf([
        { roomId: '!late', content: { via }, ts: 9 },
        { roomId: '!early', content: { via }, ts: 1 },
        { roomId: '!second', content: { via, order: 'b' }, ts: 5 },
        { roomId: '!first', content: { via, order: 'a' }, ts: 6 },
        { roomId: '!bad-order', content: { via, order: '字' }, ts: 0 },
        { roomId: '!gone', content: {}, ts: 0 },
        { roomId: '!empty', content: { via: [] }, ts: 0 },
        { roomId: '!null', content: null, ts: 0 },
      ]),
    ).toEqual(['!first', '!second', '!bad-order', '!early', '!late']);
  });

  test('a tree with sums, the company on top, each conversation counted once', () => {
    const rooms = new Map(
      [entry('!r1', { unread: 2 }), entry('!r2', { unread: 1, mentions: 1 }), entry('!r3')].map((each) => [
        each.roomId,
        each,
      ]),
    );
    const tree = spaceTree(
      mapOf(
        space('!another', []),
        space('!sales', ['!r1', '!r2', '!unknown']),
        space('!company', ['!sales', '!r2', '!r3'], true),
      ),
      rooms,
    );
    expect(tree.map((node) => node.name)).toEqual(['company', 'another']);
    expect(tree[0]).toMatchObject({ unread: 3, mentions: 1 });
    expect([...tree[0]!.rooms].sort()).toEqual(['!r1', '!r2', '!r3']);
    expect(findSpace(tree, '!sales')?.unread).toBe(3);
    expect(findSpace(tree, '!nowhere')).toBeUndefined();
  });

  test('a department without those between it and the company is below the company', () => {
    const team = { ...space('!team', ['!r1']), department: true };
    const rooms = new Map([['!r1', entry('!r1', { unread: 1 })]]);
    const tree = spaceTree(mapOf(team, space('!group', []), space('!company', ['!sales'], true)), rooms);
    expect(tree.map((node) => node.name)).toEqual(['company', 'group']);
    expect(tree[0]?.spaces.map((node) => node.name)).toEqual(['team']);
    expect(tree[0]?.unread).toBe(1);
  });

  test('circles end', () => {
    const tree = spaceTree(mapOf(space('!a', ['!b']), space('!b', ['!a', '!b'])), new Map());
    expect(tree).toHaveLength(1);
    expect(tree[0]?.spaces).toHaveLength(1);
    expect(tree[0]?.spaces[0]?.spaces).toHaveLength(0);
  });
});

describe('people', () => {
  test('of other servers are external', () => {
    expect(isExternalUser('@a:partner.example', 'qiao.example')).toBe(true);
    expect(isExternalUser('@a:qiao.example', 'qiao.example')).toBe(false);
    expect(isExternalUser('@a:qiao.example:8448', 'qiao.example')).toBe(true);
    expect(isExternalUser('nobody', 'qiao.example')).toBe(false);
  });

  test('have a visible name', () => {
    expect(plainName(' 张\u202e三\n', '@z:q')).toBe('张三');
    expect(plainName('\u200b\u2066', '@z:q')).toBe('@z:q');
    expect(plainName({ toString: () => 'x' }, '@z:q')).toBe('@z:q');
  });
});
