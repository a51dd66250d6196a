import { expect, it } from 'vitest';
import { catalogueKeys } from '@qiao/platform';
import { PEOPLE_FIELDS } from '../../contract/api.ts';
import { orgTexts } from '../texts.ts';
import { PROBLEM_SEVERITY } from './problems.ts';

it.each(['en', 'zh_Hans'] as const)('every problem and field has a text in %s', (language) => {
  const keys = new Set(catalogueKeys(orgTexts[language]));
  const wanted = [
    ...Object.keys(PROBLEM_SEVERITY).map((code) => `imports.problems.${code}`),
    ...PEOPLE_FIELDS.map((field) => `imports.fields.${field}`),
  ];
  expect(wanted.filter((key) => !keys.has(key))).toEqual([]);
});

it('both languages have the same texts', () => {
  expect(catalogueKeys(orgTexts.zh_Hans)).toEqual(catalogueKeys(orgTexts.en));
});
