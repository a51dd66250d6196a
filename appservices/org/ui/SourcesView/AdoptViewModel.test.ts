// @vitest-environment happy-dom
import type { Source } from '@qiao/org/contract';
import { testServices } from '@qiao/ui-kit/testing';
import { expect, test } from 'vitest';
import { orgUi } from '../module.tsx';
import { AdoptViewModel } from './AdoptViewModel.ts';

test('what several ticks mean is asked once, for the last of them', async () => {
  const asked: unknown[] = [];
  const services = await testServices({
    catalogues: { org: orgUi.strings },
    answer: ({ path, body }) => {
      if (!path.endsWith('/adopt')) return { items: [], next: null, total: 0 };
      asked.push(body);
      return { people: 2, departments: 0, staying: 0 };
    },
  });
  const model = new AdoptViewModel(services, () => undefined);
  model.handTo({ id: 's1', name: 'SCIM' } as Source);
  expect(model.getSnapshot().counts).toBeUndefined();
  model.choose('a', true);
  model.choose('b', true);
  model.choose('c', true);
  model.choose('b', false);
  expect(model.getSnapshot().counts).toBe('running');
  await expect.poll(() => model.getSnapshot().counts).toEqual({ people: 2, departments: 0, staying: 0 });
  expect(asked).toEqual([{ person_ids: ['a', 'c'], dry_run: true }]);
  // Nothing is asked any more where nobody is chosen.
  model.choose('a', false);
  model.choose('c', false);
  expect(model.getSnapshot().counts).toBeUndefined();
});
