import { describe, expect, it } from 'vitest';
import { commandOf } from './bot.ts';

describe('commands', () => {
  it.each([
    ['!help', 'help'],
    [' 帮助 ', 'help'],
    ['！帮助', 'help'],
    ['!HELP', 'help'],
    ['部门', 'where'],
    ['!where', 'where'],
  ])('takes %s', (text, command) => {
    expect(commandOf(text)).toBe(command);
  });

  it.each(['', '请帮助我', 'help me', '!'.repeat(5000), '部门聚餐'])('leaves %s alone', (text) => {
    expect(commandOf(text)).toBeUndefined();
  });
});
