import { useServices } from '@qiao/ui-kit';
import { useEffect, useMemo, useState } from 'react';
import { usePeopleSearch, type FoundPerson } from './people.ts';

/** People who are looked up; of a larger conversation the others are known by their names alone. */
const MOST = 1000;

/** People as a conversation knows them, with what the directory says of them as soon as it has answered. */
export function useWho(
  people: readonly {
    readonly userId: string;
    readonly name: string;
    readonly avatar?: string | undefined;
  }[],
): readonly FoundPerson[] {
  const search = usePeopleSearch();
  const [found, setFound] = useState<ReadonlyMap<string, FoundPerson>>(new Map());
  const { session } = useServices();
  const ids = people
    .slice(0, MOST)
    .map(({ userId }) => userId)
    .sort()
    .join(' ');
  useEffect(() => {
    if (ids === '') return;
    let shown = true;
    void Promise.all([search.lookUp(ids.split(' ')), search.load().catch(() => undefined)]).then(
      ([answered]) => {
        if (shown) setFound(answered);
      },
    );
    return () => {
      shown = false;
    };
  }, [search, ids, session.personId]);
  return useMemo(
    () => people.map((person) => search.withListing(person, found.get(person.userId))),
    [search, people, found],
  );
}
