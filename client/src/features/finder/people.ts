import { asApiError, useEntering, useServices, type Services } from '@qiao/ui-kit';
import { useState } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import type { NameIndex } from '../../matrix/people-pinyin.ts';
import { names } from '../../matrix/people-pinyin.ts';
import { isUserId, type PeopleStore } from '../../matrix/people.ts';
import type { SearchPlaces } from '../../matrix/search-places.ts';
import { findPeople, inDirectory, lookUpPeople, type DirectoryPerson } from '../directory/api.ts';

/** Somebody who can be found, with what tells them from others of the same name. */
export interface FoundPerson {
  readonly userId: string;
  readonly name: string;
  readonly title: string;
  readonly departments: readonly string[];
  /** `mxc:` address. */
  readonly avatar: string | undefined;
  /** The other server of an external person. */
  readonly server: string | undefined;
  /** The rules of the company let one write to them. */
  readonly canContact: boolean;
  /** False: they have no device with keys yet and cannot read what is encrypted; undefined: not known. */
  readonly activated: boolean | undefined;
  /** The company's directory says who it is. */
  readonly listed: boolean;
}

/** People by pages; `next` asks for the page after. */
export interface FoundPage {
  readonly people: readonly FoundPerson[];
  readonly next: string | null;
}

/** Somebody as a conversation or the device knows them. */
interface KnownAs {
  readonly userId: string;
  readonly name: string;
  readonly avatar?: string | undefined;
}

/** People of one page. */
const LIMIT = 20;
/** Accounts looked up by one call: as many as the server takes. */
const LOOKED_UP = 200;
/** Bots' ids begin like this. */
const BOT = '@_';

/**
 * What tells somebody from others of the same name: title and departments; for accounts of no directory the user
 * name, for those of other servers the id.
 */
export const noteOf = (person: FoundPerson): string =>
  person.listed
    ? [person.title, ...person.departments].filter((part) => part !== '').join(' · ')
    : person.server === undefined
      ? person.userId.slice(1).replace(/:.*$/, '')
      : person.userId;

/** Names that more than one of the people has. */
export const namesakes = (people: readonly { readonly name: string }[]): ReadonlySet<string> => {
  const once = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of people) (once.has(name) ? twice : once).add(name);
  return twice;
};

/**
 * How well somebody fits what was typed, by name (pinyin too), title and departments, several words together; 0: not
 * at all. For people who are on the device: the server has the same rule for the directory.
 */
export function fitPerson(
  person: Pick<FoundPerson, 'userId' | 'name' | 'title' | 'departments'>,
  query: string,
  index: Pick<NameIndex, 'match'>,
): number {
  const wanted = query.trim();
  const whole = index.match(person.name, wanted);
  if (whole > 0) return whole + 1;
  const texts = [person.name, person.title, ...person.departments];
  const words = wanted.split(/\s+/).filter((word) => word !== '');
  if (words.length > 0 && words.every((word) => texts.some((text) => index.match(text, word) > 0))) return 1;
  return wanted !== '' && person.userId.slice(1).startsWith(wanted.toLowerCase()) ? 1 : 0;
}

/** The parts of a running session that people are found by. */
export interface PeoplePlaces {
  readonly services: Pick<Services, 'api' | 'queries' | 'session'>;
  readonly people: Pick<PeopleStore, 'isExternal' | 'known' | 'profile'>;
  /** Conversations on this device. */
  readonly places: Pick<SearchPlaces, 'people'>;
  readonly names: Pick<NameIndex, 'match' | 'load'>;
}

/**
 * Finds people, everywhere: in the company's directory, which knows name, pinyin, title and department and who may
 * see whom; on the device, who is in no directory; by a whole Matrix id, anybody.
 */
export class PeopleSearch {
  #with: PeoplePlaces;
  readonly #entered = new Set<() => void>();

  constructor(given: PeoplePlaces) {
    this.#with = given;
  }

  /** Goes on with what our own interfaces say of the reader: at a start that is known a moment later. */
  readonly enter = (services: PeoplePlaces['services']): void => {
    const before = this.#with.services.session.personId;
    this.#with = { ...this.#with, services };
    if (before === services.session.personId) return;
    for (const listener of [...this.#entered]) listener();
  };

  /** Calls back when the directory lets the reader in, or not any more; answers what ends it. */
  readonly onEntered = (listener: () => void): (() => void) => {
    this.#entered.add(listener);
    return () => this.#entered.delete(listener);
  };

  /** Whether the company's directory lets the reader in. */
  get inCompany(): boolean {
    return inDirectory(this.#with.services.session);
  }

  /** Finds names by their pinyin, too, once it is done. */
  readonly load = (): Promise<void> => this.#with.names.load();

  /**
   * People of the directory, or for a whole Matrix id that person.
   * @throws ApiError when the directory does not answer
   */
  readonly find = async (text: string, after?: string, signal?: AbortSignal): Promise<FoundPage> => {
    const q = text.trim();
    if (q === '') return { people: [], next: null };
    if (isUserId(q)) return { people: await this.#typed(q, signal), next: null };
    return this.#directory({ q, limit: LIMIT, ...(after === undefined ? {} : { after }) }, signal);
  };

  /**
   * People of one's conversations who fit and are in no directory, best first: for people of the company those of
   * other servers, for others everybody.
   * @param isEverybody people of the company, too: they are in conversations with the reader anyway
   */
  readonly known = (text: string, isEverybody = !this.inCompany): FoundPerson[] => {
    const { people, places, services } = this.#with;
    if (text.trim() === '') return [];
    return places
      .people()
      .filter(
        ({ userId }) =>
          userId !== services.session.userId &&
          !userId.startsWith(BOT) &&
          (isEverybody || people.isExternal(userId)),
      )
      .map((known) => this.unlisted(known))
      .map((person) => ({ person, fit: fitPerson(person, text, this.#with.names) }))
      .filter(({ fit }) => fit > 0)
      .sort((one, other) => other.fit - one.fit)
      .slice(0, LIMIT)
      .map(({ person }) => person);
  };

  /** What the directory says of accounts; those it says nothing of are left out, as all are when it does not answer. */
  readonly lookUp = async (userIds: readonly string[]): Promise<ReadonlyMap<string, FoundPerson>> => {
    const { people, services } = this.#with;
    const found = new Map<string, FoundPerson>();
    if (!this.inCompany) return found;
    const own = userIds.filter((userId) => !people.isExternal(userId) && !userId.startsWith(BOT));
    const parts = Array.from({ length: Math.ceil(own.length / LOOKED_UP) }, (_, at) =>
      own.slice(at * LOOKED_UP, (at + 1) * LOOKED_UP),
    );
    const answers = await Promise.all(
      parts.map((user_ids) =>
        services.queries
          .query({
            queryKey: ['directory', 'lookup', ...user_ids],
            queryFn: ({ signal }) => services.api.call(lookUpPeople, { body: { user_ids }, signal }),
          })
          .catch(() => ({ items: [] })),
      ),
    );
    for (const person of answers.flatMap(({ items }) => items))
      found.set(person.user_id, this.listed(person));
    return found;
  };

  /** Somebody as far as only Matrix knows them. */
  readonly unlisted = ({ userId, name, avatar }: KnownAs): FoundPerson => {
    const { people } = this.#with;
    const external = people.isExternal(userId);
    return {
      userId,
      name,
      title: '',
      departments: [],
      avatar: avatar ?? people.known(userId).avatar,
      server: external ? people.known(userId).server : undefined,
      canContact: true,
      activated: undefined,
      listed: false,
    };
  };

  /** Somebody by the name a conversation has for them, with what the directory says. */
  readonly withListing = (known: KnownAs, listing: FoundPerson | undefined): FoundPerson => ({
    ...(listing ?? this.unlisted(known)),
    name: known.name,
    ...(known.avatar === undefined ? {} : { avatar: known.avatar }),
  });

  /** Somebody as the directory tells. */
  readonly listed = (person: DirectoryPerson): FoundPerson => {
    const { people } = this.#with;
    return {
      userId: person.user_id,
      name: person.display_name,
      title: person.title ?? '',
      departments: person.department_names,
      avatar: people.known(person.user_id).avatar,
      server: undefined,
      canContact: person.can_contact,
      activated: person.activated,
      listed: true,
    };
  };

  async #directory(query: object, signal?: AbortSignal): Promise<FoundPage> {
    const { services } = this.#with;
    if (!this.inCompany) return { people: [], next: null };
    try {
      const { items, next } = await services.api.call(findPeople, { query, ...(signal ? { signal } : {}) });
      return {
        people: items
          .filter((person) => person.user_id !== services.session.userId)
          .map((person) => this.listed(person)),
        next,
      };
    } catch (error) {
      // Whoever has just left the company finds nobody in it.
      if (asApiError(error).status === 403) return { people: [], next: null };
      throw error;
    }
  }

  async #typed(userId: string, signal?: AbortSignal): Promise<FoundPerson[]> {
    const { people, services } = this.#with;
    if (userId === services.session.userId) return [];
    if (!people.isExternal(userId)) {
      const { people: listed } = await this.#directory({ user_id: userId }, signal);
      if (listed.length > 0) return [...listed];
    }
    const profile = await people.profile(userId).catch(() => people.known(userId));
    return [this.unlisted(profile)];
  }
}

/** The search for people of the running session. */
export function usePeopleSearch(): PeopleSearch {
  const services = useServices();
  const { people, search } = useMatrix();
  const [made] = useState(() => new PeopleSearch({ services, people, places: search.places, names }));
  useEntering(made);
  return made;
}
