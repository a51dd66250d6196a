import { catalogueProblems } from '@qiao/ui-kit/testing';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { orgActs } from '../contract/acts.ts';

test.each(['en', 'zh_Hans'])('every administrative act has a text in %s', (language) => {
  const { acts } = JSON.parse(
    readFileSync(join(import.meta.dirname, `strings/${language}.json`), 'utf8'),
  ) as { acts: { actions: object } };
  // None without a text, and no text of an act that is none.
  expect(Object.keys(acts.actions).sort()).toEqual(orgActs.map((act) => act.replaceAll('.', '_')).sort());
});

test.each([
  ['org', import.meta.dirname],
  ['kit', `${import.meta.dirname}/../../../packages/ui-kit/src`],
  ['admin', `${import.meta.dirname}/../../../admin/src`],
])(
  'texts of %s are complete in both languages, used, and nowhere written into a view',
  (namespace, folder) => {
    expect(catalogueProblems(namespace, folder)).toEqual([]);
  },
);
