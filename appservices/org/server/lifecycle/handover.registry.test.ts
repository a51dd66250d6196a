import { expect, test } from 'vitest';
import { createHandoverRegistry } from './handover.registry.ts';

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
