import { describe, expect, it } from 'vitest';
import { commandOf } from './bot.ts';

describe('commands', () => {
  it.each([
    ['!help', 'help', true],
    [' 帮助 ', 'help', false],
    ['！帮助', 'help', true],
    ['!HELP', 'help', true],
    ['Help', 'help', false],
    ['部门', 'where', false],
    ['!部门', 'where', true],
    ['!where', 'where', true],
  ])('takes %s', (text, command, addressed) => {
    expect(commandOf(text)).toEqual({ command, addressed });
  });

  it.each(['', '请帮助我', 'help me', '!'.repeat(5000), '部门聚餐', 'hilfe help'])(
    'leaves %s alone',
    (text) => {
      expect(commandOf(text)).toBeUndefined();
    },
  );

  it.each([
    ['组织助手 · Org: where', 'where'],
    ['@组织助手 · Org 部门？', 'where'],
    ['组织助手 · Org', 'help'],
    ['组织助手 · Org 你能做什么', 'help'],
    ['x'.repeat(5000), 'help'],
  ])('takes what mentions it: %s', (text, command) => {
    expect(commandOf(text, '组织助手 · Org')).toEqual({ command, addressed: true });
  });
});
