import { ViewModel } from '@qiao/ui-kit';
import { foldName, names, type NameIndex } from '../../matrix/people-pinyin.ts';
import { isUnread, type RoomEntry, type RoomsStore } from '../../matrix/rooms.ts';
import type { FoundPerson } from '../directory/people-search.ts';

export type SwitcherItem =
  | { readonly kind: 'room'; readonly key: string; readonly entry: RoomEntry }
  | { readonly kind: 'person'; readonly key: string; readonly person: FoundPerson };

export interface SwitcherSnapshot {
  readonly query: string;
  readonly items: readonly SwitcherItem[];
  /** People are still looked for. */
  readonly busy: boolean;
  readonly failed: boolean;
  readonly active: number;
}

const MAX_ROOMS = 12;
const MAX_PEOPLE = 8;
/** How long typing rests before the servers are asked, in milliseconds. */
const REST_MS = 180;

/** Conversations that fit a query, best first; without one those that wait to be read, then the newest. */
export function findRooms(
  rooms: readonly RoomEntry[],
  query: string,
  index: Pick<NameIndex, 'match'>,
): RoomEntry[] {
  if (foldName(query) === '')
    return rooms
      .filter((entry) => !entry.lowPriority || isUnread(entry))
      .toSorted((one, other) => Number(isUnread(other)) - Number(isUnread(one)) || other.ts - one.ts)
      .slice(0, MAX_ROOMS);
  return rooms
    .map((entry) => ({ entry, fit: index.match(entry.name, query) }))
    .filter(({ fit }) => fit > 0)
    .toSorted(
      (one, other) =>
        other.fit - one.fit ||
        Number(other.entry.partner !== undefined) - Number(one.entry.partner !== undefined) ||
        other.entry.ts - one.entry.ts,
    )
    .slice(0, MAX_ROOMS)
    .map(({ entry }) => entry);
}

/** Finds conversations and people by a few letters. */
export class SwitcherViewModel extends ViewModel<SwitcherSnapshot> {
  readonly #store: RoomsStore;
  readonly #search: (text: string, signal: AbortSignal) => Promise<readonly FoundPerson[]>;
  #people: readonly FoundPerson[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | undefined;

  constructor(
    store: RoomsStore,
    search: (text: string, signal: AbortSignal) => Promise<readonly FoundPerson[]>,
  ) {
    super({ query: '', items: [], busy: false, failed: false, active: 0 });
    this.#store = store;
    this.#search = search;
    this.#show();
  }

  protected override onMount(): void {
    void names.load().then(
      () => {
        this.#show();
      },
      () => undefined,
    );
    this.own(() => {
      clearTimeout(this.#timer);
      this.#abort?.abort();
    });
  }

  readonly type = (query: string): void => {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    const text = query.trim();
    this.#people = text === '' ? [] : this.#people;
    this.set({ query, busy: text !== '', failed: false, active: 0 });
    this.#show();
    if (text === '') return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#timer = setTimeout(() => {
      this.#search(text, abort.signal).then(
        (people) => {
          if (abort.signal.aborted) return;
          this.#people = people;
          this.set({ busy: false });
          this.#show();
        },
        () => {
          if (abort.signal.aborted) return;
          this.#people = [];
          this.set({ busy: false, failed: true });
          this.#show();
        },
      );
    }, REST_MS);
  };

  readonly move = (step: number): void => {
    const { items, active } = this.snapshot;
    if (items.length > 0) this.set({ active: (active + step + items.length) % items.length });
  };

  readonly point = (active: number): void => {
    this.set({ active });
  };

  #show(): void {
    const { rooms } = this.#store.getSnapshot();
    const found = findRooms(rooms, this.snapshot.query, names);
    const partners = new Set(found.map((entry) => entry.partner));
    const people = this.#people.filter((person) => !partners.has(person.userId)).slice(0, MAX_PEOPLE);
    this.set({
      items: [
        ...found.map((entry): SwitcherItem => ({ kind: 'room', key: entry.roomId, entry })),
        ...people.map((person): SwitcherItem => ({ kind: 'person', key: person.userId, person })),
      ],
    });
  }
}
