import { expect, test } from 'vitest';
import { csvField } from './activation.routes.ts';
import { createHandoverRegistry } from './handover.registry.ts';

test.each([
  ['王伟', '王伟'],
  ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
  ['+86', `'+86`],
  ['-1', `'-1`],
  ['@SUM(A1)', `'@SUM(A1)`],
  ['\tx', `'\tx`],
  ['a,b', '"a,b"'],
  ['a"b', '"a""b"'],
  ['a\nb', '"a\nb"'],
])('a spreadsheet takes %j for text', (value, field) => {
  expect(csvField(value)).toBe(field);
});

test('a kind of hand-over has one source, and none of ours', () => {
  const registry = createHandoverRegistry();
  const source = {
    kind: 'tasks.task',
    collect: () => Promise.resolve([]),
    handOver: () => Promise.resolve(),
  };
  registry.register(source);
  expect(registry.sources()).toEqual([source]);
  expect(() => registry.register(source)).toThrow('tasks.task');
  expect(() => registry.register({ ...source, kind: 'report' })).toThrow('report');
});
