import type { RoomEntry } from '../../matrix/rooms.ts';
import { asItem, contactBar, type Bar, type FinderItem, type FinderSource } from './FinderViewModel.ts';
import { fitPerson, type FoundPerson, type PeopleSearch } from './people.ts';
import type { NameIndex } from '../../matrix/people-pinyin.ts';

/**
 * People who can be written to: of the directory, of one's conversations, by a whole Matrix id.
 * @param bar why somebody cannot be chosen, besides the company's rules
 */
export const peopleSource = (
  search: PeopleSearch,
  bar?: (person: FoundPerson) => Bar | undefined,
): FinderSource => ({
  here: (query) => search.known(query).map(asItem),
  find: async (query, after, signal) => {
    const { people, next } = await search.find(query, after, signal);
    return { items: people.map(asItem), next };
  },
  load: search.load,
  again: search.onEntered,
  ...(bar ? { bar: (person) => bar(person) ?? contactBar(person) } : {}),
});

/**
 * Conversations that fit, then people.
 * @param rooms finds conversations, best first
 */
export function roomsAndPeopleSource(
  search: PeopleSearch,
  rooms: (query: string) => readonly RoomEntry[],
): FinderSource {
  const people = peopleSource(search);
  return {
    ...people,
    here: (query) => {
      const found = rooms(query);
      const partners = new Set(found.map((entry) => entry.partner));
      return [
        ...found.map((entry): FinderItem => ({ kind: 'room', key: entry.roomId, entry })),
        ...search
          .known(query)
          .filter((person) => !partners.has(person.userId))
          .map(asItem),
      ];
    },
  };
}

/** People out of those given who fit, best first; all of them without a query. */
export function peopleAmong<P extends FoundPerson>(
  people: readonly P[],
  query: string,
  index: Pick<NameIndex, 'match'>,
): P[] {
  if (query.trim() === '') return [...people];
  return people
    .map((person) => ({ person, fit: fitPerson(person, query, index) }))
    .filter(({ fit }) => fit > 0)
    .sort((one, other) => other.fit - one.fit)
    .map(({ person }) => person);
}
