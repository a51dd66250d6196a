import { catalogueProblems } from '@qiao/ui-kit/testing';
import { expect, test } from 'vitest';

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
