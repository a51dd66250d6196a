import { ViewModel } from '@qiao/ui-kit';
import type { NameIndex } from '../../matrix/people-pinyin.ts';
import type { SearchFeed } from '../../matrix/search-feed.ts';
import type { KnownRoom } from '../../matrix/search-places.ts';
import { marksOf, parseQuery, type Query } from '../../search/query.ts';
import { IndexDamaged, type SearchDoc, type SearchRequest } from '../../search/types.ts';
import type { FoundPerson, PeopleSearch } from '../finder/people.ts';
import { FILE_FILTERS, spanOf, type SearchAddress } from './address.ts';

/** Hits of one page. */
const PAGE = 30;
/** Characters shown before the first mark of a long message, and in all. */
const BEFORE = 24;
const SHOWN = 220;
/** Conversations shown at most. */
const MOST_NAMES = 50;

/** A piece of text, marked or not. */
export interface Piece {
  readonly text: string;
  readonly marked: boolean;
}

export interface Hit {
  readonly doc: SearchDoc;
  readonly sender: string;
  readonly room: string;
  readonly text: readonly Piece[];
  readonly file: readonly Piece[] | undefined;
}

export type Results =
  /** Nothing is asked for. */
  | { readonly state: 'idle' }
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly error: unknown }
  | {
      readonly state: 'messages';
      readonly hits: readonly Hit[];
      readonly total: number;
      readonly exact: boolean;
      readonly next: number | undefined;
      readonly loadingMore: boolean;
    }
  | {
      readonly state: 'people';
      readonly people: readonly FoundPerson[];
      readonly next: string | null;
      readonly loadingMore: boolean;
    }
  | {
      readonly state: 'rooms';
      readonly rooms: readonly (KnownRoom & { readonly pieces: readonly Piece[] })[];
    };

export interface SearchSnapshot {
  readonly address: SearchAddress;
  /** Of the address; while `busy`, still of the one before. */
  readonly results: Results;
  readonly busy: boolean;
}

/** What the search needs. */
export interface SearchPlacesAndIndex {
  readonly feed: SearchFeed;
  readonly people: PeopleSearch;
  /** Finds names by pinyin too. */
  readonly names: NameIndex;
}

/** Text in pieces around its marks; of a long one the part with the first mark. */
export function piecesOf(query: Query, text: string): Piece[] {
  const marks = marksOf(query, text);
  const first = marks[0]?.[0] ?? 0;
  let from = text.length > SHOWN && first > BEFORE * 2 ? first - BEFORE : 0;
  let to = Math.min(text.length, from + SHOWN);
  // Not in the middle of a surrogate pair.
  if (/[\udc00-\udfff]/.test(text.charAt(from))) from++;
  if (/[\ud800-\udbff]/.test(text.charAt(to - 1))) to++;
  const pieces: Piece[] = [];
  const add = (begin: number, end: number, marked: boolean): void => {
    if (end > begin) pieces.push({ text: text.slice(begin, end), marked });
  };
  if (from > 0) pieces.push({ text: '…', marked: false });
  let at = from;
  for (const [begin, end] of marks) {
    if (begin >= to) break;
    if (end <= from) continue;
    add(at, Math.max(begin, from), false);
    add(Math.max(begin, from), Math.min(end, to), true);
    at = Math.min(end, to);
  }
  add(at, to, false);
  if (to < text.length) pieces.push({ text: '…', marked: false });
  return pieces;
}

/** A search over everything the person may see, or over one conversation. */
export class SearchViewModel extends ViewModel<SearchSnapshot> {
  readonly #with: SearchPlacesAndIndex;
  readonly #onAddress: (address: SearchAddress) => void;
  #run = 0;
  #stop: AbortController | undefined;
  #feedReady = false;
  #messages = 0;

  /** @param onAddress told every change of what is searched for */
  constructor(
    given: SearchPlacesAndIndex,
    address: SearchAddress,
    onAddress: (address: SearchAddress) => void,
  ) {
    super({ address, results: { state: 'idle' }, busy: false });
    this.#with = given;
    this.#onAddress = onAddress;
  }

  protected override onMount(): void {
    const { feed } = this.#with;
    const look = (): void => {
      const { state, messages } = feed.getSnapshot();
      const ready = state === 'ready';
      const { results } = this.snapshot;
      // What came may fit, but a long list that is read does not move; what went must not be shown.
      const changed =
        results.state === 'messages' &&
        (messages < this.#messages || (results.hits.length < PAGE && messages !== this.#messages));
      if (ready && (!this.#feedReady || changed)) void this.#search();
      this.#feedReady = ready;
      this.#messages = messages;
    };
    this.own(feed.subscribe(look));
    this.own(() => this.#stop?.abort());
    look();
    if (!this.#feedReady) void this.#search();
  }

  /** Searches for something else. */
  readonly change = (patch: Partial<SearchAddress>): void => {
    const address = { ...this.snapshot.address, ...patch };
    this.set({ address, busy: true });
    this.#onAddress(address);
    void this.#search();
  };

  readonly setText = (text: string): void => {
    if (text !== this.snapshot.address.text) this.change({ text });
  };

  readonly retry = (): void => {
    void this.#search();
  };

  /** Conversations that can be filtered by. */
  rooms(): readonly KnownRoom[] {
    return this.#with.feed.places.rooms();
  }

  #request(after: number | undefined): SearchRequest | undefined {
    const { text, order, roomId, sender, file, tab, from, to } = this.snapshot.address;
    const kinds = file !== undefined ? FILE_FILTERS[file] : tab === 'files' ? FILE_FILTERS.any : undefined;
    const empty = parseQuery(text).needs.length === 0;
    // All messages of a conversation are its timeline, no search.
    if (empty && kinds === undefined && sender === undefined) return undefined;
    return {
      text,
      order: empty ? 'time' : order,
      limit: PAGE,
      ...spanOf({ from, to }),
      ...(roomId === undefined ? {} : { roomIds: [roomId] }),
      ...(sender === undefined ? {} : { senders: [sender] }),
      ...(kinds === undefined ? {} : { kinds }),
      ...(after === undefined ? {} : { after }),
    };
  }

  async #search(): Promise<void> {
    const run = ++this.#run;
    this.#stop?.abort();
    const stop = (this.#stop = new AbortController());
    const { tab, text } = this.snapshot.address;
    try {
      const results = await (tab === 'people'
        ? this.#people(text, stop.signal)
        : tab === 'rooms'
          ? this.#rooms(text)
          : this.#messagesOf(run));
      if (run === this.#run) this.set({ results, busy: false });
    } catch (error) {
      if (run === this.#run && !stop.signal.aborted)
        this.set({ results: { state: 'failed', error }, busy: false });
    }
  }

  async #messagesOf(run: number): Promise<Results> {
    const request = this.#request(undefined);
    if (!request) return { state: 'idle' };
    if (this.#with.feed.getSnapshot().state !== 'ready') return { state: 'loading' };
    if (this.snapshot.results.state !== 'messages' && run === this.#run) {
      this.set({ results: { state: 'loading' } });
    }
    const page = await this.#with.feed.search(request).catch((error: unknown) => {
      // It has been made anew by now, and fills again.
      if (error instanceof IndexDamaged) return this.#with.feed.search(request);
      throw error;
    });
    return {
      state: 'messages',
      hits: this.#hits(page.hits),
      total: page.total,
      exact: page.exact,
      next: page.next,
      loadingMore: false,
    };
  }

  #hits(docs: readonly SearchDoc[]): Hit[] {
    const query = parseQuery(this.snapshot.address.text);
    const { places } = this.#with.feed;
    return docs.map((doc) => ({
      doc,
      sender: places.personName(doc.roomId, doc.sender),
      room: places.roomName(doc.roomId),
      text: piecesOf(query, doc.text),
      file: doc.file && piecesOf(query, doc.file.name),
    }));
  }

  /** The next page of messages. */
  readonly more = async (): Promise<void> => {
    const { results } = this.snapshot;
    if (results.state !== 'messages' || results.next === undefined || results.loadingMore) return;
    const run = this.#run;
    const request = this.#request(results.next);
    if (!request) return;
    this.set({ results: { ...results, loadingMore: true } });
    try {
      const page = await this.#with.feed.search(request);
      if (run !== this.#run) return;
      this.set({
        results: {
          ...results,
          hits: [...results.hits, ...this.#hits(page.hits)],
          next: page.next,
          loadingMore: false,
        },
      });
    } catch (error) {
      if (run === this.#run) this.set({ results: { state: 'failed', error } });
    }
  };

  /** People whom the device knows, and those of the company's directory: only this asks our own server. */
  async #people(text: string, signal: AbortSignal): Promise<Results> {
    const wanted = text.trim();
    if (wanted === '') return { state: 'idle' };
    const { people } = this.#with;
    // Without the directory those whom one knows are still found.
    const [page] = await Promise.all([
      people.find(wanted, undefined, signal).catch(() => undefined),
      people.load(),
    ]);
    const found = new Map([
      ...people.known(wanted, true).map((person) => [person.userId, person] as const),
      // The directory says more of the same person.
      ...(page?.people ?? []).map((person) => [person.userId, person] as const),
    ]);
    return { state: 'people', people: [...found.values()], next: page?.next ?? null, loadingMore: false };
  }

  /** The next page of people of the directory. */
  readonly morePeople = async (): Promise<void> => {
    const { results, address } = this.snapshot;
    if (results.state !== 'people' || results.next === null || results.loadingMore) return;
    const run = this.#run;
    this.set({ results: { ...results, loadingMore: true } });
    try {
      const { people, next } = await this.#with.people.find(address.text, results.next, this.#stop?.signal);
      if (run !== this.#run) return;
      const known = new Set(results.people.map(({ userId }) => userId));
      const more = people.filter(({ userId }) => !known.has(userId));
      this.set({ results: { ...results, people: [...results.people, ...more], next, loadingMore: false } });
    } catch (error) {
      if (run === this.#run) this.set({ results: { state: 'failed', error } });
    }
  };

  async #rooms(text: string): Promise<Results> {
    const wanted = text.trim();
    if (wanted === '') return { state: 'idle' };
    const { names } = this.#with;
    await names.load();
    const query = parseQuery(wanted);
    const rooms = this.#with.feed.places
      .rooms()
      .map((room) => ({ ...room, fit: names.match(room.name, wanted) }))
      .filter(({ fit }) => fit > 0)
      .sort((one, other) => other.fit - one.fit)
      .slice(0, MOST_NAMES)
      .map((room) => ({ ...room, pieces: piecesOf(query, room.name) }));
    return { state: 'rooms', rooms };
  }
}
