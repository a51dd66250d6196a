import { expect, test } from 'vitest';
import type { DepartmentTree } from '../directory/tree.ts';
import { searchWords } from '../directory/search.ts';
import { searchText } from '../imports/search-text.ts';
import { departmentsNamed } from './department-names.ts';

const tree = (name: string): DepartmentTree => {
  const node = { id: 'd', name, state: 'active' };
  const made: unknown = {
    get: () => node,
    ordered: () => [node],
    subtree: (ids: readonly string[]) => new Set(ids),
  };
  return made as DepartmentTree;
};

test.each([
  ['Développement', 'developpement'],
  ['Developpement', 'DÉVELOPPEMENT'],
  ['Ｓａｌｅｓ', 'sales'],
  ['Sales', 'Ｓａｌｅｓ'],
  ['José', 'jose'],
  ['Jose', 'José'],
  ['한국', '한국'],
])('%s is found by %s, as a department and as a person', (name, typed) => {
  const [word = ''] = searchWords(typed);
  expect(departmentsNamed(tree(name), new Set(), word)).toEqual(['d']);
  const person = { display_name: name, given_name: null, family_name: null, title: null, email: null };
  expect(searchText(person).split(' ')).toContain(word);
});
