import type { CreateObligations } from '@qiao/notices/contract';
import { Refuse, testServices } from '@qiao/ui-kit/testing';
import { describe, expect, test } from 'vitest';
import { catalogues } from '../../strings/index.ts';
import { askFrom, BLANK_ASK, isDuePast, remind } from './asking.ts';

describe('asking', () => {
  test('takes a time for questions only, an interval for urgent messages only', () => {
    const asked = ['@li:x'];
    const form = { ...BLANK_ASK, due: '2026-11-24T09:30', every: 15 };
    expect(askFrom(form, asked)).toEqual({
      kind: 'question',
      asked,
      dueAt: new Date('2026-11-24T09:30').toISOString(),
      everyMinutes: undefined,
    });
    expect(askFrom({ ...form, kind: 'urgent' }, asked)).toEqual({
      kind: 'urgent',
      asked,
      dueAt: undefined,
      everyMinutes: 15,
    });
    expect(askFrom(BLANK_ASK, asked).dueAt).toBeUndefined();
    expect(askFrom({ ...BLANK_ASK, due: 'soon' }, asked).dueAt).toBeUndefined();
  });

  test('knows a time that has passed', () => {
    const now = new Date('2026-11-23T12:00').getTime();
    expect(isDuePast({ ...BLANK_ASK, due: '2026-11-23T11:59' }, now)).toBe(true);
    expect(isDuePast({ ...BLANK_ASK, due: '2026-11-23T12:01' }, now)).toBe(false);
    expect(isDuePast(BLANK_ASK, now)).toBe(false);
    expect(isDuePast({ ...BLANK_ASK, kind: 'urgent', due: '2026-11-23T11:59' }, now)).toBe(false);
  });
});

describe('reminding many people', () => {
  const people = Array.from({ length: 700 }, (_, index) => `@p${String(index)}:x`);
  const message = { roomId: '!r:x', eventId: '$e' };
  const at = '2026-11-23T04:00:00.000Z';

  /** A server on which the first people were reminded; answers requests by their first person. */
  async function run(
    refuse: Readonly<Record<number, string>>,
    remindedBefore = 0,
  ): Promise<{ asked: string[][]; toasts: string[] }> {
    const asked: string[][] = [];
    const services = await testServices({
      catalogues,
      answer: ({ method, body }) => {
        if (method === 'GET')
          return {
            items: people
              .slice(0, remindedBefore)
              .map((user_id) => ({ kind: 'unread', asked: { user_id }, created_at: at, reminded_at: null })),
          };
        asked.push((body as CreateObligations).asked);
        const code = refuse[asked.length];
        if (code !== undefined) throw new Refuse(429, code);
        const { length } = (body as CreateObligations).asked;
        return { items: Array.from({ length }, () => ({})), left_out: [] };
      },
    });
    await remind(services, message, people);
    return { asked, toasts: services.toasts.getSnapshot().toasts.map((one) => one.text) };
  }

  test('goes on after people who cannot be reminded now, and says how many were', async () => {
    const { asked, toasts } = await run({ 1: 'notices.reminded_already', 3: 'notices.nobody_to_ask' });
    expect(asked.map((part) => part.length)).toEqual([200, 200, 200, 100]);
    expect(toasts[0]).toBe('300 of 700 people are reminded. notices.reminded_already');
    expect((await run({})).toasts).toEqual(['700 people are reminded.']);
  });

  test('begins with those who were never reminded, and stops at the limit', async () => {
    const { asked, toasts } = await run({ 2: 'notices.asked_too_much' }, 500);
    expect(asked).toHaveLength(2);
    expect(asked[0]?.[0]).toBe('@p500:x');
    expect(asked[0]?.at(-1)).toBe('@p699:x');
    expect(toasts).toEqual(['200 of 700 people are reminded. notices.asked_too_much']);
  });

  test('where nobody was, says why', async () => {
    const all = Object.fromEntries([1, 2, 3, 4].map((part) => [part, 'notices.reminded_already']));
    expect((await run(all)).toasts).toEqual(['notices.reminded_already']);
  });
});
