// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AIM_MS, Steady } from './steady.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const event = (type: string, x = 0, buttons = 0) => ({
  type,
  pointerId: 1,
  buttons,
  screenX: x,
  screenY: 0,
});
const made = () => {
  const steady = new Steady(() => Date.now());
  const then = vi.fn();
  return { steady, then };
};

test('a page that nobody points at may move', () => {
  const { steady, then } = made();
  expect(steady.isFree).toBe(true);
  steady.whenFree(then);
  vi.advanceTimersByTime(1);
  expect(then).toHaveBeenCalledOnce();
});

test('a page stands still from the move to a button until some time after the press', () => {
  const { steady, then } = made();
  steady.note(event('pointermove', 10));
  steady.whenFree(then);
  vi.advanceTimersByTime(AIM_MS / 2);
  steady.note(event('pointerdown', 10, 1));
  // Held down for long, and moved meanwhile.
  vi.advanceTimersByTime(10 * AIM_MS);
  steady.note(event('pointermove', 11, 1));
  vi.advanceTimersByTime(10 * AIM_MS);
  expect(then).not.toHaveBeenCalled();
  steady.note(event('pointerup', 11));
  vi.advanceTimersByTime(AIM_MS - 1);
  expect(steady.isFree).toBe(false);
  vi.advanceTimersByTime(100);
  expect(then).toHaveBeenCalledOnce();
});

test('a pointer that rests, and one whose release was not told, hold nothing up', () => {
  const { steady, then } = made();
  steady.note(event('pointerdown', 10, 1));
  // Let go outside of the window.
  steady.note(event('pointermove', 20));
  steady.whenFree(then);
  for (let at = 0; at < AIM_MS + 100; at += 50) {
    steady.note(event('pointermove', 20));
    vi.advanceTimersByTime(50);
  }
  expect(then).toHaveBeenCalledOnce();
});

test('who no longer waits is not called', () => {
  const { steady, then } = made();
  steady.whenFree(then)();
  vi.advanceTimersByTime(10 * AIM_MS);
  expect(then).not.toHaveBeenCalled();
});
