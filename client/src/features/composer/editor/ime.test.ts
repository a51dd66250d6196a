import { describe, expect, test } from 'vitest';
import { AFTER_COMPOSITION_MS, endsCompositionFirst, ImeGuard, meaningOfEnter } from './ime.ts';

const key = (timeStamp: number, more: { isComposing?: boolean; keyCode?: number } = {}) => ({
  isComposing: false,
  keyCode: 13,
  timeStamp,
  ...more,
});

describe('whose key it is', () => {
  test('nobody composes: ours', () => {
    expect(new ImeGuard(false).owns(key(0))).toBe(false);
    expect(new ImeGuard(true).owns(key(0))).toBe(false);
  });

  test('within a composition: the input method’s, whatever the browser says', () => {
    const guard = new ImeGuard(false);
    guard.started();
    expect(guard.owns(key(10))).toBe(true);
    expect(guard.owns(key(11, { isComposing: true }))).toBe(true);
    expect(guard.owns(key(12, { keyCode: 229 }))).toBe(true);
  });

  test('key code 229 alone is enough', () => {
    expect(new ImeGuard(false).owns(key(0, { keyCode: 229 }))).toBe(true);
  });

  test('Chrome: Enter comes within the composition, the next one is ours', () => {
    const guard = new ImeGuard(false);
    guard.started();
    expect(guard.owns(key(10, { isComposing: true, keyCode: 229 }))).toBe(true);
    guard.ended({ timeStamp: 10 });
    expect(guard.owns(key(11))).toBe(false);
  });

  test('Safari: the end comes before the Enter that made it; only that one is the input method’s', () => {
    const guard = new ImeGuard(true);
    guard.started();
    guard.ended({ timeStamp: 100 });
    expect(guard.owns(key(101))).toBe(true);
    expect(guard.owns(key(102))).toBe(false);
  });

  test('Safari: a composition that was ended by a click does not swallow a later Enter', () => {
    const guard = new ImeGuard(true);
    guard.started();
    guard.ended({ timeStamp: 100 });
    expect(guard.owns(key(100 + AFTER_COMPOSITION_MS))).toBe(false);
  });

  test.each([
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15',
      true,
    ],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148', true],
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
      false,
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', false],
  ])('%s', (agent, first) => {
    expect(endsCompositionFirst(agent)).toBe(first);
  });
});

describe('Enter', () => {
  const enter = (name: string) => ({
    shiftKey: name.includes('Shift'),
    ctrlKey: name.includes('Ctrl'),
    metaKey: name.includes('Meta'),
    altKey: name.includes('Alt'),
  });
  test.each([
    ['Enter', 'send', 'newline'],
    ['Shift+Enter', 'newline', 'newline'],
    ['Ctrl+Enter', 'send', 'send'],
    ['Meta+Enter', 'send', 'send'],
    ['Alt+Enter', 'newline', 'newline'],
    ['Ctrl+Shift+Enter', 'newline', 'newline'],
  ] as const)('%s', (name, whenEnter, whenMod) => {
    expect(meaningOfEnter(enter(name), 'enter')).toBe(whenEnter);
    expect(meaningOfEnter(enter(name), 'mod-enter')).toBe(whenMod);
  });
});
