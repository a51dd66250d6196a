import type {
  DirectoryDepartment as DepartmentSchema,
  DirectoryPage,
  DirectoryPerson as PersonSchema,
  DirectoryProfile as ProfileSchema,
  DirectoryQuery,
  DirectoryTree,
} from '@qiao/org/contract';
import { endpoint } from '@qiao/ui-kit';
import type { Static } from 'typebox';

export type DirectoryPerson = Static<typeof PersonSchema>;
export type DirectoryProfile = Static<typeof ProfileSchema>;
export type DirectoryDepartment = Static<typeof DepartmentSchema>;
export type PeoplePage = Static<typeof DirectoryPage>;

/** People whom the reader may see; the server knows name, pinyin, title and department. */
export const findPeople = endpoint<{ query: Static<typeof DirectoryQuery>; answer: PeoplePage }>(
  'GET',
  '/api/org/directory/people',
);
export const getProfile = endpoint<{ params: { id: string }; answer: DirectoryProfile }>(
  'GET',
  '/api/org/directory/people/:id',
);
export const getDepartments = endpoint<{ answer: Static<typeof DirectoryTree> }>(
  'GET',
  '/api/org/directory/departments',
);
