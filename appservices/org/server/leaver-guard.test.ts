import { describe, expect, test } from 'vitest';
import { guardHolds, leaversAllowed } from './leaver-guard.ts';

describe('how many may leave without a person being asked', () => {
  test.each([
    // Of single calls: a few always, never half.
    [1, 0.1, true, 1],
    [2, 0.1, true, 1],
    [3, 0.1, true, 1],
    [8, 0.1, true, 3],
    [10, 0.1, true, 4],
    [11, 0.1, true, 5],
    [50, 0.1, true, 5],
    [60, 0.1, true, 6],
    [1000, 0.1, true, 100],
    // A `real` of the database.
    [1000, Math.fround(0.1), true, 100],
    [30, Math.fround(0.3), true, 9],
    // Of a file, which shows all leavers at once: the share alone.
    [4, 0.1, false, 0],
    [10, 0.1, false, 1],
    [100, 0.1, false, 10],
    // Nothing is always asked, everything never.
    [100, 0, true, 0],
    [8, 1, true, 8],
  ])('of %i people with a limit of %d, few %s: %i', (people, limit, few, allowed) => {
    expect(leaversAllowed(people, limit, { few })).toBe(allowed);
  });

  test('what has gone before counts', () => {
    const files = { few: false };
    expect(guardHolds(0, { people: 10, gone: 9 }, 0.1, files)).toBe(false);
    expect(guardHolds(5, { people: 100, gone: 5 }, 0.1, files)).toBe(false);
    expect(guardHolds(6, { people: 100, gone: 5 }, 0.1, files)).toBe(true);
    expect(guardHolds(50, { people: 100, gone: 0 }, 0.1, files)).toBe(true);
    expect(guardHolds(1, { people: 100, gone: 9 }, 0.1, { few: true })).toBe(false);
    expect(guardHolds(1, { people: 100, gone: 10 }, 0.1, { few: true })).toBe(true);
  });
});
