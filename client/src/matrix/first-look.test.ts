import { describe, expect, test } from 'vitest';
import { askFirstSync, readLook } from './first-look.ts';
import type { StoredSession } from './vault.ts';
import { Tokens } from './tokens.ts';

const context = {
  me: '@me:example.org',
  words: {
    list: (names: readonly string[]) => names.join('、'),
    more: (names: string, count: number) => `${names} +${String(count)}`,
    empty: () => 'nobody',
    emptyWas: (name: string) => name,
  },
  customTypes: new Set<string>(),
};
const message = {
  type: 'm.room.message',
  event_id: '$e',
  sender: '@b:example.org',
  origin_server_ts: 1000,
  content: { msgtype: 'm.text', body: '你好' },
};

describe('the first look', () => {
  test('reads names, people, the newest message and what is unread', () => {
    const rooms = readLook(
      {
        rooms: {
          '!named': {
            name: '采购部',
            timeline: [message],
            notification_count: 3,
            highlight_count: 1,
            required_state: [],
          },
          '!two': {
            is_dm: true,
            joined_count: 2,
            heroes: [{ user_id: '@b:example.org', name: '赵丽', avatar: 'mxc://a/b' }],
            timeline: [
              { ...message, type: 'm.room.encrypted', content: { algorithm: 'm.megolm.v1.aes-sha2' } },
            ],
            required_state: [{ type: 'm.room.encryption', state_key: '' }],
          },
          '!many': {
            joined_count: 9,
            heroes: ['甲', '乙', '丙', '丁'].map((name) => ({ user_id: `@${name}:example.org`, name })),
          },
          '!invited': { invite_state: [] },
        },
      },
      context,
    );
    expect(rooms.map(({ roomId, name }) => [roomId, name])).toEqual([
      ['!named', '采购部'],
      ['!two', '赵丽'],
      ['!many', '甲、乙、丙 +5'],
    ]);
    expect(rooms[0]).toMatchObject({ unread: 3, mentions: 1, ts: 1000, encrypted: false });
    expect(rooms[0]?.last?.preview).toEqual({ kind: 'text', text: '你好' });
    expect(rooms[1]).toMatchObject({
      partner: '@b:example.org',
      avatar: 'mxc://a/b',
      encrypted: true,
      last: { senderName: '赵丽', preview: { kind: 'encrypted' } },
    });
  });

  test('takes any answer', () => {
    for (const answer of [
      undefined,
      7,
      { rooms: 'no' },
      { rooms: { '!a': null, b: {}, '!c': { timeline: [null, 5], heroes: 'x', name: 9, avatar: {} } } },
      { rooms: { '!d': { timeline: [{ ...message, content: null, origin_server_ts: 'soon' }] } } },
    ])
      expect(() => readLook(answer, context)).not.toThrow();
    const [first] = readLook({ rooms: { '!a': { name: 'a\u202eb\n', timeline: [] } } }, context);
    expect(first?.name).toBe('ab');
  });
});

describe('the first sync', () => {
  const session: StoredSession = {
    homeserverUrl: 'https://example.org',
    userId: '@me:example.org',
    deviceId: 'D',
    accessToken: 'secret',
  };
  const address = (filter: object, more = ''): string =>
    `https://example.org/_matrix/client/v3/sync?filter=${encodeURIComponent(JSON.stringify(filter))}&timeout=0&org.matrix.msc4222.use_state_after=true&_cacheBuster=1${more}`;
  // As the SDK writes it, in another order than ours.
  const filter = {
    room: { state: { lazy_load_members: true }, timeline: { limit: 10, unread_thread_notifications: true } },
  };
  const asked: { url: string; token: string | null }[] = [];
  const begin = (after: Promise<unknown>): Tokens => {
    asked.length = 0;
    const tokens = new Tokens(session, { save: () => Promise.resolve() }, (input, init) => {
      asked.push({ url: input as string, token: new Headers(init?.headers).get('authorization') });
      return Promise.resolve(new Response(`{"n":${String(asked.length)}}`));
    });
    askFirstSync(tokens, after);
    return tokens;
  };
  const ask = async (tokens: Tokens, url: string): Promise<unknown> =>
    (await tokens.fetch(url, { headers: { authorization: 'Bearer old' } })).json();

  test('is asked for once, and given to the SDK', async () => {
    const tokens = begin(Promise.resolve());
    expect(await ask(tokens, address(filter))).toEqual({ n: 1 });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.token).toBe('Bearer secret');
    expect(await ask(tokens, address(filter, '&since=s1'))).toEqual({ n: 2 });
  });

  test('is not given for another filter, or a later sync', async () => {
    for (const url of [address({ room: { timeline: { limit: 5 } } }), address(filter, '&since=s1')]) {
      const tokens = begin(Promise.resolve());
      await ask(tokens, url);
      expect(asked.at(-1)?.url).toBe(url);
    }
  });

  test('that fails is asked for again', async () => {
    const tokens = begin(Promise.reject(new Error('not yet')));
    expect(await ask(tokens, address(filter))).toEqual({ n: 1 });
    expect(asked[0]?.url).toContain('_cacheBuster');
  });
});
