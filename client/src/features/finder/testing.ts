import type { FoundPerson } from './people.ts';

/** Somebody of the company, for tests. */
export const somebody = (userId: string, name = userId, more: Partial<FoundPerson> = {}): FoundPerson => ({
  userId,
  name,
  title: '',
  departments: [],
  avatar: undefined,
  server: undefined,
  canContact: true,
  activated: true,
  listed: true,
  ...more,
});
