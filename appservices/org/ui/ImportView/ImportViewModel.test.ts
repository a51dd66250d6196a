// @vitest-environment happy-dom
import { testServices } from '@qiao/ui-kit/testing';
import type { ImportRun } from '@qiao/org/contract';
import { dataOf } from '@qiao/ui-kit';
import { expect, test, vi } from 'vitest';
import { orgUi } from '../module.tsx';
import { mappingGaps } from './fields.ts';
import { ImportViewModel, openStatuses } from './ImportViewModel.ts';

const RUN: ImportRun = {
  id: 'i1',
  kind: 'csv',
  source: null,
  state: 'uploaded',
  file_name: 'people.csv',
  encoding: 'utf-8',
  columns: [{ name: 'Mail', samples: ['a@b.c'] }],
  mapping: { columns: { email: 'Mail' } },
  options: {},
  counts: {},
  progress: {},
  guard_tripped: false,
  error: null,
  started_by: '@a:b',
  started_by_name: 'A',
  created_at: '2026-01-01T00:00:00Z',
  ended_at: null,
};

async function make(run: Partial<ImportRun> = {}) {
  let now: ImportRun = { ...RUN, ...run };
  const sent: { method: string; path: string; body: unknown }[] = [];
  const services = await testServices({
    catalogues: { org: orgUi.strings },
    answer: ({ method, path, query, body }) => {
      if (method !== 'GET') sent.push({ method, path, body });
      if (path.endsWith('/changes')) {
        return {
          items: [{ seq: 1, kind: query.get('kind'), label: 'Ann', before: null, after: {} }],
          next: null,
        };
      }
      if (path.endsWith('/problems')) return { items: [], next: null };
      if (path.endsWith('/check')) {
        now = { ...now, state: 'checked', counts: { person_leave: 3, rows: 3 }, guard_tripped: true };
      }
      if (path.endsWith('/apply')) now = { ...now, state: 'done' };
      return now;
    },
  });
  const model = new ImportViewModel(services, 'i1');
  const unmount = model.mount();
  await vi.waitFor(() => {
    expect(dataOf(model.getSnapshot().run)).toBeDefined();
  });
  return { model, sent, unmount };
}

test('the corrected mapping is sent before the check', async () => {
  const { model, sent, unmount } = await make();
  model.map('display_name', 'Mail');
  model.map('email', '');
  await model.check();
  // The first is what the columns are read as while the mapping is made.
  expect(sent.map((each) => `${each.method} ${each.path}`)).toEqual([
    'PUT /api/org/imports/i1/mapping',
    'PUT /api/org/imports/i1/mapping',
    'POST /api/org/imports/i1/check',
  ]);
  expect(sent[1]?.body).toMatchObject({ mapping: { columns: { display_name: 'Mail' } }, encoding: 'utf-8' });
  expect(sent[1]?.body).not.toMatchObject({ mapping: { columns: { email: 'Mail' } } });
  unmount();
});

test('after the check the first tab that has changes is shown', async () => {
  const { model, unmount } = await make();
  await model.check();
  expect(model.getSnapshot().tab).toBe('leaving');
  await vi.waitFor(() => {
    expect(dataOf(model.getSnapshot().changes)?.map((change) => change.kind)).toEqual(['person_leave']);
  });
  unmount();
});

test('only what a person confirmed is confirmed to the server', async () => {
  const { model, sent, unmount } = await make({
    state: 'checked',
    counts: { person_leave: 3 },
    guard_tripped: true,
  });
  await model.apply();
  model.setConfirmed(true);
  await model.apply();
  expect(sent.filter((each) => each.path.endsWith('/apply')).map((each) => each.body)).toEqual([
    {},
    { confirm_leavers: true },
  ]);
  unmount();
});

test('a mapping needs a name and something to know people again by', () => {
  expect(mappingGaps({})).toEqual(['needs_name', 'needs_id']);
  expect(mappingGaps({ family_name: 'x', external_id: 'y' })).toEqual([]);
});

test('what a status means is asked for until it is said, and sent', async () => {
  const columns = { email: 'Mail', display_name: 'Name', status: 'State' };
  const { model, sent, unmount } = await make({
    mapping: { columns, statuses: { here: 'working' }, department_list: ';\n' },
    status_values: [
      { value: 'here', rows: 2 },
      { value: 'gone', rows: 1 },
    ],
  });
  const open = (): string[] => {
    const { run, draft } = model.getSnapshot();
    const loaded = dataOf(run);
    return loaded && draft ? openStatuses(loaded, draft) : ['nothing is loaded'];
  };
  expect(open()).toEqual(['gone']);
  model.mean('gone', 'left');
  expect(open()).toEqual([]);
  await model.check();
  expect(sent[0]?.body).toMatchObject({
    mapping: { statuses: { here: 'working', gone: 'left' }, department_list: ';\n' },
  });
  unmount();
});
