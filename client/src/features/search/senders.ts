import { names } from '../../matrix/people-pinyin.ts';
import type { SearchPlaces } from '../../matrix/search-places.ts';
import { asItem, type FinderItem, type FinderSource } from '../finder/FinderViewModel.ts';
import type { FoundPerson, PeopleSearch } from '../finder/people.ts';
import { peopleAmong } from '../finder/sources.ts';

/** People of conversations who are shown at once. */
const MOST = 50;
/** People of one conversation who are looked up, so that title and department find them; more are found by name. */
const MOST_KNOWN = 1000;

/** Whose messages can be searched for: people of the conversation; without one of all of them, and of the directory. */
export class SendersSource implements FinderSource {
  readonly #search: PeopleSearch;
  readonly #people: FoundPerson[];
  readonly #roomId: string | undefined;
  #listings: ReadonlyMap<string, FoundPerson> = new Map();

  constructor(search: PeopleSearch, places: Pick<SearchPlaces, 'people'>, roomId: string | undefined) {
    this.#search = search;
    this.#roomId = roomId;
    this.#people = places
      .people(roomId === undefined ? undefined : [roomId])
      .map((known) => search.withListing(known, undefined));
  }

  readonly load = async (): Promise<void> => {
    const shown = this.#people.slice(0, this.#roomId === undefined ? MOST : MOST_KNOWN);
    const [listings] = await Promise.all([
      this.#search.lookUp(shown.map(({ userId }) => userId)),
      this.#search.load().catch(() => undefined),
    ]);
    this.#listings = listings;
  };

  readonly again: NonNullable<FinderSource['again']> = (ask) =>
    this.#search.onEntered(() => void this.load().then(ask));

  readonly here = (query: string): readonly FinderItem[] =>
    peopleAmong(
      this.#people.map((person) => this.#search.withListing(person, this.#listings.get(person.userId))),
      query,
      names,
    )
      .slice(0, MOST)
      .map(asItem);

  readonly find: NonNullable<FinderSource['find']> = async (query, after, signal) => {
    if (this.#roomId !== undefined) return { items: [], next: null };
    const { people, next } = await this.#search.find(query, after, signal);
    return { items: people.map(asItem), next };
  };

  /** One's own messages can be searched for as well, and those of people one may not write to. */
  readonly bar = (): undefined => undefined;
}
