import { catalogueProblems } from '@qiao/ui-kit/testing';
import { expect, test } from 'vitest';

test('texts are complete in both languages, used, and nowhere written into a view', () => {
  expect(catalogueProblems('notices', import.meta.dirname)).toEqual([]);
});
