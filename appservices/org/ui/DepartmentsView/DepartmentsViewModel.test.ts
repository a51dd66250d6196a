// @vitest-environment happy-dom
import { Refuse, testServices } from '@qiao/ui-kit/testing';
import { dataOf } from '@qiao/ui-kit';
import { expect, test, vi } from 'vitest';
import { orgUi } from '../module.tsx';
import { aDepartment } from '../testing/builders.ts';
import { DepartmentsViewModel } from './DepartmentsViewModel.ts';

const SOME = [
  aDepartment({ id: 'a', name: 'Sales', position: 0 }),
  aDepartment({ id: 'b', name: 'Engineering', position: 1 }),
  aDepartment({ id: 'c', name: 'Legal', position: 2, editable: false }),
];

async function make(refuse?: Refuse) {
  const patches: { path: string; body: unknown }[] = [];
  const services = await testServices({
    catalogues: { org: orgUi.strings },
    session: { permissions: { 'org.department.edit': { company: true, departments: [] } } },
    answer: ({ method, path, body }) => {
      if (method === 'GET') return { items: SOME, next: null, total: 0 };
      patches.push({ path, body });
      if (refuse) throw refuse;
      return { ...SOME[0], version: 2 };
    },
  });
  const model = new DepartmentsViewModel(services, undefined);
  model.mount();
  await vi.waitFor(() => {
    expect(dataOf(model.getSnapshot().departments)).toHaveLength(3);
  });
  return { model, patches, services };
}
const sales = SOME[0]!;
const engineering = SOME[1]!;

test('moving by keys asks for exactly the place that was shown', async () => {
  const { model, patches } = await make();
  model.startMoving(engineering);
  model.step('in');
  expect(model.getSnapshot().moving?.place).toEqual({ parent: 'a', index: 0 });
  expect(model.getSnapshot().rows.map((row) => `${row.level} ${row.department.name}`)).toEqual([
    '1 Sales',
    '2 Engineering',
    '1 Legal',
  ]);
  expect(model.getSnapshot().said).toBe('In Sales, position 1 of 1');
  await model.finishMoving();
  expect(patches).toEqual([
    { path: '/api/org/departments/b', body: { version: 1, parent_id: 'a', position: 0 } },
  ]);
});

test('a department may not go below one that the administrator does not look after', async () => {
  const { model } = await make();
  model.startMoving(sales);
  model.step('down');
  model.step('down');
  model.step('in');
  expect(model.getSnapshot().moving?.place).toEqual({ parent: null, index: 2 });
  expect(model.getSnapshot().said).toBe('It cannot stand there.');
});

test('dropping it where it was changes nothing', async () => {
  const { model, patches } = await make();
  model.startMoving(engineering);
  await model.finishMoving();
  expect(patches).toEqual([]);
  expect(model.getSnapshot().moving).toBeUndefined();
});

test('a refusal is told with its request id, and the dialog stays open', async () => {
  const { model, services } = await make(new Refuse(409, 'org.name_taken'));
  model.open({ kind: 'add', parent: undefined });
  await model.add({ name: 'Sales', parent_id: null, hidden: false, include_sub: false });
  expect(model.getSnapshot().dialog?.kind).toBe('add');
  expect(services.toasts.getSnapshot().toasts).toMatchObject([
    { kind: 'error', text: 'org.name_taken', requestId: 'req-1' },
  ]);
});
