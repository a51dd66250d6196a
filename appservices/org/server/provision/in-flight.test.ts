import { describe, expect, it } from 'vitest';
import { batches, inFlight } from './in-flight.ts';

describe('in flight', () => {
  it('never has more at work than allowed, and takes what is added on the way', async () => {
    let at = 0;
    let most = 0;
    const seen: number[] = [];
    await inFlight(3, [1, 2, 3, 4, 5], async (item, more) => {
      at += 1;
      most = Math.max(most, at);
      await Promise.resolve();
      if (item < 3) more(item * 10);
      seen.push(item);
      at -= 1;
    });
    expect(most).toBe(3);
    expect(seen.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 10, 20]);
  });

  it('begins nothing after an error, waits for the rest, and throws it', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    await expect(
      inFlight(2, [1, 2, 3, 4], async (item) => {
        begun.push(item);
        if (item === 1) throw new Error('first');
        await new Promise((resolve) => setImmediate(resolve));
        ended.push(item);
      }),
    ).rejects.toThrow('first');
    expect(begun).toEqual([1, 2]);
    expect(ended).toEqual([2]);
  });
});

describe('batches', () => {
  it('keeps a room together where it fits', () => {
    const items = ['a', 'a', 'b', 'b', 'b', 'c'];
    expect(batches(items, 4, (item) => item)).toEqual([
      ['a', 'a'],
      ['b', 'b', 'b', 'c'],
    ]);
    expect(batches(['x', 'x', 'x', 'x', 'x'], 2, (item) => item)).toEqual([['x', 'x'], ['x', 'x'], ['x']]);
    expect(batches([], 2)).toEqual([]);
  });
});
