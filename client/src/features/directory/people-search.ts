import { asApiError, type ApiClient, type Session } from '@qiao/ui-kit';
import type { PeopleStore } from '../../matrix/people.ts';
import { findPeople } from './api.ts';

/** Somebody who can be written to. */
export interface FoundPerson {
  readonly userId: string;
  readonly name: string;
  /** Title and departments, or the user id of people who are in no directory. */
  readonly note: string;
  readonly avatar: string | undefined;
  /** The other server of an external person. */
  readonly server: string | undefined;
  /** The rules of the company let one write to them. */
  readonly canContact: boolean;
}

export interface SearchPlaces {
  readonly api: ApiClient;
  readonly people: PeopleStore;
  readonly session: Session;
}

/** Most people told for one search. */
const LIMIT = 20;

/** True for people of the company; others (partners, guests, plain accounts) are not let into its directory. */
export const inDirectory = (session: Session): boolean => session.personId !== undefined;

/**
 * Finds people: those of the company's directory first, then whoever else the homeserver lets one find.
 * @throws ApiError when the directory does not answer
 */
export async function searchPeople(
  places: SearchPlaces,
  text: string,
  signal?: AbortSignal,
): Promise<FoundPerson[]> {
  const { people, session } = places;
  const fromDirectory = async (): Promise<FoundPerson[]> => {
    if (!inDirectory(session)) return [];
    try {
      const { items } = await places.api.call(findPeople, {
        query: { q: text, limit: LIMIT },
        ...(signal ? { signal } : {}),
      });
      return items.map((person) => ({
        userId: person.user_id,
        name: person.display_name,
        note: [person.title ?? '', ...person.department_names].filter((each) => each !== '').join(' · '),
        avatar: people.known(person.user_id).avatar,
        server: people.isExternal(person.user_id) ? people.known(person.user_id).server : undefined,
        canContact: person.can_contact,
      }));
    } catch (error) {
      if (asApiError(error).status === 403) return [];
      throw error;
    }
  };
  const [own, others] = await Promise.all([
    fromDirectory(),
    // The homeserver's own directory says less; without it the company's still counts.
    people.search(text).catch(() => []),
  ]);
  const known = new Set(own.map((person) => person.userId));
  return [
    ...own.filter((person) => person.userId !== session.userId),
    ...others
      .filter((person) => !known.has(person.userId))
      // Whom the rules hide, the homeserver must not show: it says only who is not of the company.
      .filter(
        (person) => !inDirectory(session) || person.server !== undefined || person.userId === text.trim(),
      )
      .map((person) => ({
        userId: person.userId,
        name: person.name,
        note: person.userId,
        avatar: person.avatar,
        server: person.server,
        canContact: true,
      })),
  ];
}
