import { expect, test, vi } from 'vitest';
import { OneBar } from './one-bar.ts';

test('who takes the bar takes it from who had it, unless something is open there', () => {
  const bar = new OneBar();
  const first = { yield: vi.fn(() => true) };
  const second = { yield: vi.fn(() => false) };
  expect(bar.take(first)).toBe(true);
  expect(bar.take(first)).toBe(true);
  expect(first.yield).not.toHaveBeenCalled();
  expect(bar.taken(second)).toBe(true);
  expect(bar.take(second)).toBe(true);
  expect(first.yield).toHaveBeenCalledOnce();
  expect(bar.take(first)).toBe(false);
  // Who has lost it gives nothing away.
  bar.give(first);
  expect(bar.taken(first)).toBe(true);
  bar.give(second);
  expect(bar.take(first)).toBe(true);
});
