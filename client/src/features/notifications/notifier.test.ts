import { describe, expect, test } from 'vitest';
import type { Arrival } from '../../matrix/arrivals.ts';
import type { PageNotification } from '../../pwa/show-notification.ts';
import { tellOf, type NotifierParts, type Wishes } from './notifier.ts';

const arrival = (more: Partial<Arrival> = {}): Arrival => ({
  roomId: '!a:b',
  eventId: '$1',
  threadId: undefined,
  room: '产品部',
  direct: false,
  sender: '李四',
  senderId: '@li:b',
  preview: { text: '合同好了' },
  sound: true,
  mention: false,
  urgent: false,
  invitation: false,
  ...more,
});
const NIGHT = '2026-11-23T15:00:00Z';
const wishes: Wishes = {
  zone: 'Asia/Shanghai',
  quiet: true,
  quiet_from: '20:00',
  quiet_to: '08:00',
  quiet_weekends: true,
  paused_until: null,
  urgent_through: false,
};

interface Told {
  readonly shown: PageNotification[];
  readonly sounds: number;
}

async function tell(
  arrivals: readonly Arrival[],
  more: {
    wishes?: Wishes;
    at?: string;
    settings?: Partial<ReturnType<NotifierParts['settings']>>;
    looksAt?: ReturnType<NotifierParts['looksAt']>;
    mute?: boolean;
  } = {},
): Promise<Told> {
  const shown: PageNotification[] = [];
  let sounds = 0;
  await tellOf(arrivals, {
    wishes: () => Promise.resolve(more.wishes),
    settings: () => ({ on: true, sound: true, words: false, ...more.settings }),
    looksAt: () => more.looksAt ?? { client: false, roomId: undefined },
    words: () => ({
      brand: 'Qiao',
      message: 'New message',
      messageOf: (name) => `New message from ${name}`,
      mentionOf: (name) => `${name} mentioned you`,
      messages: (count) => `${String(count)} new messages`,
      conversations: (count, rooms) => `${String(count)} in ${String(rooms)}`,
      invitation: 'You have an invitation',
      words: ({ sender, preview }) => `${sender}: ${'text' in preview ? preview.text : ''}`,
    }),
    show: (one) => {
      shown.push(one);
      return Promise.resolve();
    },
    play: () => {
      sounds++;
      return more.mute !== true;
    },
    now: () => new Date(more.at ?? '2026-11-23T04:00:00Z'),
  });
  return { shown, sounds };
}
const bodies = ({ shown }: Told): string[] => shown.map(({ body }) => body);

describe('a notification by the page', () => {
  test('names the conversation and who wrote, not what; leads to the message; sounds once', async () => {
    const told = await tell([arrival()]);
    expect(told.shown).toEqual([
      {
        title: '产品部',
        body: 'New message from 李四',
        tag: '!a:b',
        path: '/room/!a%3Ab?event=%241',
        events: ['$1'],
        // The page has made the sound itself.
        silent: true,
      },
    ]);
    expect(told.sounds).toBe(1);
    const [thread] = (await tell([arrival({ threadId: '$root', sound: false })])).shown;
    expect(thread).toMatchObject({ path: '/room/!a%3Ab?panel=thread&event=%24root', silent: true });
    // Nobody has touched the page yet: the system makes the sound.
    expect((await tell([arrival()], { mute: true })).shown[0]?.silent).toBe(false);
  });

  test('says as much as is wished', async () => {
    expect(bodies(await tell([arrival({ direct: true })]))).toEqual(['New message']);
    expect(bodies(await tell([arrival()], { settings: { words: true } }))).toEqual(['李四: 合同好了']);
    expect((await tell([arrival()], { settings: { on: false } })).shown).toEqual([]);
    expect((await tell([arrival()], { settings: { sound: false } })).sounds).toBe(0);
  });

  test('is one for each conversation, and one for many', async () => {
    const two = [arrival(), arrival({ eventId: '$2', mention: true }), arrival({ eventId: '$3' })];
    expect((await tell(two)).shown).toMatchObject([
      { body: '李四 mentioned you', path: '/room/!a%3Ab?event=%242', events: ['$1', '$2', '$3'] },
    ]);
    const many = Array.from({ length: 6 }, (_, at) => arrival({ roomId: `!${String(at)}:b` }));
    expect(await tell(many)).toMatchObject({
      shown: [{ title: 'Qiao', body: '6 in 6', path: '/' }],
      sounds: 1,
    });
  });

  test('of an invitation repeats nothing of a stranger’s', async () => {
    const invited = arrival({ invitation: true, room: 'Call 555', sender: 'Free money' });
    const { shown } = await tell([invited]);
    expect(shown).toMatchObject([{ title: 'Qiao', body: 'You have an invitation', path: '/room/!a%3Ab' }]);
    expect(JSON.stringify(shown)).not.toMatch(/555|money/);
  });

  test('is none where the person looks', async () => {
    const there = { client: true, roomId: '!a:b' };
    expect(await tell([arrival()], { looksAt: there })).toEqual({ shown: [], sounds: 0 });
    // At another conversation: the list shows it, a sound says so.
    expect(await tell([arrival({ roomId: '!c:b' })], { looksAt: there })).toEqual({ shown: [], sounds: 1 });
    // The window is behind another one.
    expect((await tell([arrival()], { looksAt: { client: false, roomId: '!a:b' } })).shown).toHaveLength(1);
  });
});

describe('quiet hours and “do not disturb”', () => {
  test('hold for notifications and sounds', async () => {
    expect(await tell([arrival()], { wishes, at: NIGHT })).toEqual({ shown: [], sounds: 0 });
    expect((await tell([arrival()], { wishes })).shown).toHaveLength(1);
    const paused = { ...wishes, paused_until: '2026-11-23T05:00:00.000Z' };
    expect(await tell([arrival()], { wishes: paused })).toEqual({ shown: [], sounds: 0 });
  });

  test('let urgent messages and their reminders through where that is wished', async () => {
    const urgent = arrival({ urgent: true });
    const bot = arrival({ roomId: '!bot:b', senderId: '@_qiao_notices_bot:b' });
    const all = [arrival({ roomId: '!c:b' }), urgent, bot];
    expect((await tell(all, { wishes, at: NIGHT })).shown).toEqual([]);
    const through = { ...wishes, urgent_through: true };
    expect((await tell(all, { wishes: through, at: NIGHT })).shown.map(({ tag }) => tag)).toEqual([
      '!a:b',
      '!bot:b',
    ]);
  });
});
