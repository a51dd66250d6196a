import type {
  DirectoryDepartment as DepartmentSchema,
  DirectoryPage,
  DirectoryPerson as PersonSchema,
  DirectoryProfile as ProfileSchema,
  DirectoryQuery,
  DirectoryTree,
  FoundPeople,
  LookupPeople,
} from '@qiao/org/contract';
import { endpoint, type Session } from '@qiao/ui-kit';
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
/** Who accounts are, as far as the reader may see them. */
export const lookUpPeople = endpoint<{
  body: Static<typeof LookupPeople>;
  answer: Static<typeof FoundPeople>;
}>('POST', '/api/org/directory/people/lookup');
export const getProfile = endpoint<{ params: { id: string }; answer: DirectoryProfile }>(
  'GET',
  '/api/org/directory/people/:id',
);
export const getDepartments = endpoint<{ answer: Static<typeof DirectoryTree> }>(
  'GET',
  '/api/org/directory/departments',
);

/** True for people of the company; others (partners, guests, plain accounts) are not let into its directory. */
export const inDirectory = (session: Session): boolean => session.personId !== undefined;
