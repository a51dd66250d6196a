import { expect, test } from 'vitest';
import { judgePassword } from './password.ts';

const personal = ['王伟', 'wang.wei', 'wang.wei@example.com', 'Adventure Works', 'qiao'];

test.each([
  ['桥上的风7吹过了', 'short'],
  ['a1!', 'short'],
  ['password123456', 'common'],
  ['qwertyuiop', 'common'],
  ['aaaaaaaaaaaaaa', 'repeated'],
  ['1234567890', 'common'],
  ['woaini1314', 'common'],
  ['woaini1314520', 'common'],
  ['wang.wei1990', 'personal'],
  ['wangwei2026!', 'personal'],
  ['adventureworks', 'personal'],
  ['WangWei!!!!!!', 'personal'],
  ['王伟王伟王伟王伟王伟', 'personal'],
  ['Qiao2026!!', 'personal'],
])('refuses %s: %s', (password, reason) => {
  expect(judgePassword(password, personal).problems).toEqual([reason]);
});

test.each([
  'correct horse battery staple',
  'x7Kp-2mQz!aa',
  '山高水长风起云落明月几时',
  'wang.wei und die violette Tuba',
])('takes %s', (password) => {
  expect(judgePassword(password, personal)).toEqual({ strength: 4, problems: [] });
});

test('a person without anything known still gets an answer, and a long password soon', () => {
  expect(judgePassword('x7Kp-2mQz!aa', [null, '']).problems).toEqual([]);
  expect(judgePassword('ab'.repeat(256), personal).problems).toEqual(['repeated']);
});

test.each(['Summer2026!', 'Beijing-2026', 'qwertzuiop1A!', 'a1!'])(
  'is never called good when it is refused: %s',
  (password) => {
    const { strength, problems } = judgePassword(password, personal);
    expect([strength < 3, problems.length]).toEqual([true, 1]);
  },
);
