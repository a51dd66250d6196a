import { describe, expect, it } from 'vitest';
import {
  MAX_QUESTION_REMINDERS,
  MAX_URGENT_REMINDERS,
  mayClose,
  nextReminder,
  type Reminded,
  type Wishes,
} from './obligation.ts';

const wishes = (more: Partial<Wishes> = {}): Wishes => ({
  zone: 'Asia/Shanghai',
  quiet: true,
  quiet_from: '20:00',
  quiet_to: '08:00',
  quiet_weekends: true,
  paused_until: null,
  urgent_through: false,
  every_minutes: 240,
  ...more,
});
/** A Monday noon in Shanghai. */
const NOON = new Date('2026-11-23T04:00:00Z');
const at = (minutes: number, from = NOON): Date => new Date(from.getTime() + minutes * 60_000);
const open = (more: Partial<Reminded>): Reminded => ({
  kind: 'question',
  created_at: NOON,
  due_at: null,
  every_minutes: null,
  reminders: 0,
  reminded_at: null,
  ...more,
});

/** Runs the reminders as the job does, looking every minute. */
function run(one: Reminded, hours: Wishes, days: number): Date[] {
  const sent: Date[] = [];
  let now = one.created_at;
  let state = one;
  for (;;) {
    const next = nextReminder(state, hours, now);
    if (next === null || next > at(days * 24 * 60, one.created_at)) return sent;
    expect(next >= now).toBe(true);
    sent.push(next);
    now = next;
    state = { ...state, reminders: state.reminders + 1, reminded_at: next };
  }
}
const gaps = (dates: readonly Date[]): number[] =>
  dates.slice(1).map((date, index) => (date.getTime() - (dates[index]?.getTime() ?? 0)) / 60_000);

describe('urgent messages', () => {
  it('repeat no sooner than every five minutes, and end', () => {
    const sent = run(open({ kind: 'urgent' }), wishes(), 10);
    expect(sent).toHaveLength(MAX_URGENT_REMINDERS);
    expect(sent[0]).toEqual(at(5));
    expect(new Set(gaps(sent))).toEqual(new Set([5]));
  });

  it('keep five minutes even where less is asked for', () => {
    expect(nextReminder(open({ kind: 'urgent', every_minutes: 1 }), wishes(), NOON)).toEqual(at(5));
    expect(nextReminder(open({ kind: 'urgent', every_minutes: 30 }), wishes(), NOON)).toEqual(at(30));
  });

  it('wait for the end of the quiet hours, unless the person lets them through', () => {
    const night = new Date('2026-11-23T15:00:00Z');
    const one = open({ kind: 'urgent', created_at: night });
    expect(nextReminder(one, wishes(), night)).toEqual(new Date('2026-11-24T00:00:00Z'));
    expect(nextReminder(one, wishes({ urgent_through: true }), night)).toEqual(at(5, night));
  });

  it('do not catch up on what was missed while the host was away', () => {
    const one = open({ kind: 'urgent', reminders: 1, reminded_at: at(5) });
    expect(nextReminder(one, wishes(), at(60))).toEqual(at(60));
  });
});

describe('questions', () => {
  it('are reminded of later and later, never more often than wished, never in quiet hours, and with an end', () => {
    const hours = wishes();
    const sent = run(open({}), hours, 365);
    expect(sent).toHaveLength(MAX_QUESTION_REMINDERS);
    for (const gap of gaps(sent)) expect(gap).toBeGreaterThanOrEqual(hours.every_minutes);
    for (const date of sent) {
      const hour = (date.getUTCHours() + 8) % 24;
      expect(hour).toBeGreaterThanOrEqual(8);
      expect(hour).toBeLessThan(20);
      expect([0, 6]).not.toContain(new Date(date.getTime() + 8 * 3_600_000).getUTCDay());
    }
  });

  it('are first reminded of after the wished time, at the least after two hours', () => {
    expect(nextReminder(open({}), wishes(), NOON)).toEqual(at(240));
    expect(nextReminder(open({}), wishes({ every_minutes: 30 }), NOON)).toEqual(at(120));
  });

  it('are reminded of an hour before they are due', () => {
    expect(nextReminder(open({ due_at: at(150) }), wishes(), NOON)).toEqual(at(90));
    // Due at once: at once.
    expect(nextReminder(open({ due_at: at(20) }), wishes(), NOON)).toEqual(NOON);
    // After a first reminder: before it is due, but not sooner than wished.
    const reminded = open({ due_at: at(3000), reminders: 3, reminded_at: at(2000) });
    expect(nextReminder(reminded, wishes({ every_minutes: 900, quiet: false }), at(2000))).toEqual(at(2940));
  });
});

describe('reminders to read', () => {
  it('go out once, outside of quiet hours', () => {
    const night = new Date('2026-11-27T15:00:00Z');
    const one = open({ kind: 'unread', created_at: night });
    expect(nextReminder(one, wishes(), night)).toEqual(new Date('2026-11-30T00:00:00Z'));
    expect(nextReminder({ ...one, reminders: 1, reminded_at: night }, wishes(), night)).toBeNull();
  });
});

describe('who may close', () => {
  const one = { asker: '@a:x', asked: '@b:x', kind: 'question' } as const;
  it.each([
    ['@b:x', 'reply', true],
    ['@b:x', 'handled', true],
    ['@b:x', 'withdrawn', false],
    ['@b:x', 'read', false],
    ['@a:x', 'withdrawn', true],
    ['@a:x', 'reply', true],
    ['@a:x', 'handled', false],
    ['@a:x', 'confirmed', false],
    ['@c:x', 'reply', undefined],
    ['@c:x', 'withdrawn', undefined],
  ] as const)('%s by %s: %s', (userId, how, expected) => {
    expect(mayClose(one, userId, how)).toBe(expected);
  });
  it('reading ends only a reminder to read', () => {
    expect(mayClose({ ...one, kind: 'unread' }, '@b:x', 'read')).toBe(true);
    expect(mayClose({ ...one, kind: 'urgent' }, '@b:x', 'read')).toBe(false);
  });
});
