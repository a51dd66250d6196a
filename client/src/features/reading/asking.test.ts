import { describe, expect, test } from 'vitest';
import { askFrom, BLANK_ASK, isDuePast } from './asking.ts';

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
