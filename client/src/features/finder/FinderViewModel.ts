import { ViewModel } from '@qiao/ui-kit';
import { foldName } from '../../matrix/people-pinyin.ts';
import type { RoomEntry } from '../../matrix/rooms.ts';
import type { FoundPerson } from './people.ts';

/** A person or a conversation, in the list of what was found. */
export type FinderItem =
  | { readonly kind: 'person'; readonly key: string; readonly person: FoundPerson }
  | { readonly kind: 'room'; readonly key: string; readonly entry: RoomEntry };

export const asItem = (person: FoundPerson): FinderItem => ({ kind: 'person', key: person.userId, person });

/** Why somebody who is found cannot be chosen. */
export type Bar = 'no_contact' | 'here' | 'company_only';

/** The company's rules of who may be contacted. */
export const contactBar = (person: FoundPerson): Bar | undefined =>
  person.canContact ? undefined : 'no_contact';

/** Where a finder looks. */
export interface FinderSource {
  /** What the device knows, best first; asked again at every key. */
  readonly here?: (query: string) => readonly FinderItem[];
  /** What servers know, by pages; not asked for an empty query. @throws ApiError */
  readonly find?: (
    query: string,
    after: string | undefined,
    signal: AbortSignal,
  ) => Promise<{ readonly items: readonly FinderItem[]; readonly next: string | null }>;
  /** Done when `here` finds all it ever will (names by pinyin, titles). */
  readonly load?: () => Promise<unknown>;
  /** Calls back when servers would answer otherwise than before; answers what ends it. */
  readonly again?: (ask: () => void) => () => void;
  /** Calls back when `here` finds others than before; answers what ends it. */
  readonly watch?: (look: () => void) => () => void;
  /** Why somebody cannot be chosen; without it: whom the company's rules do not let one contact. */
  readonly bar?: (person: FoundPerson) => Bar | undefined;
}

/** A name out of several that were pasted, which does not say who is meant. */
export interface OpenName {
  readonly name: string;
  /** Several people go by it, or nobody does; `failed`: the directory did not answer. */
  readonly why: 'several' | 'nobody' | 'failed';
}

export interface FinderSnapshot {
  readonly query: string;
  readonly items: readonly FinderItem[];
  /** Index of the marked item; -1 where none is. */
  readonly active: number;
  /** `idle`: nothing was asked for. */
  readonly state: 'idle' | 'busy' | 'ready' | 'failed';
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
  readonly chosen: readonly FoundPerson[];
  readonly open: readonly OpenName[];
  /** Names that were pasted are looked for. */
  readonly resolving: boolean;
}

/** How long typing rests before the servers are asked, in milliseconds. */
const REST_MS = 180;
/** Most people chosen at once, where nothing else is said. */
const MAX_CHOSEN = 100;
/** What stands between names in a list. */
const BETWEEN = /[,，、;；\n\r\t]+/;
/** Names of a list that are looked for at the same time. */
const AT_ONCE = 4;

const EMPTY = { items: [], active: -1, state: 'idle', hasMore: false, loadingMore: false } as const;

/** Finds people (and conversations) while one types, and holds those who were chosen. */
export class FinderViewModel extends ViewModel<FinderSnapshot> {
  readonly #source: FinderSource;
  /** Several people are chosen, and names can come as a list. */
  readonly several: boolean;
  /** Most people that can be chosen. */
  readonly most: number;
  #found: readonly FinderItem[] = [];
  #next: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | undefined;
  #resolving: AbortController | undefined;

  constructor(source: FinderSource, options: { several?: boolean; most?: number } = {}) {
    super({ ...EMPTY, query: '', chosen: [], open: [], resolving: false });
    this.#source = source;
    this.several = options.several ?? false;
    this.most = options.most ?? MAX_CHOSEN;
    this.#show();
  }

  protected override onMount(): void {
    void this.#source.load?.().then(
      () => {
        this.#show();
      },
      () => undefined,
    );
    const end = this.#source.watch?.(() => {
      this.#show();
    });
    const endAgain = this.#source.again?.(this.retry);
    this.own(() => {
      end?.();
      endAgain?.();
      clearTimeout(this.#timer);
      this.#abort?.abort();
      this.#resolving?.abort();
      this.#resolving = undefined;
    });
  }

  /** @param composing an input method has not ended yet: nobody is looked for */
  readonly type = (query: string, composing = false): void => {
    if (composing) {
      this.set({ query });
      return;
    }
    const parts = this.several ? query.split(BETWEEN) : [query];
    const rest = parts.pop() ?? '';
    if (parts.some((part) => part.trim() !== '')) void this.#resolve(parts);
    this.#ask(parts.length > 0 ? rest.trimStart() : query);
  };

  /** Takes a list of names. @returns false where the text is none: then it is typed */
  readonly paste = (text: string): boolean => {
    const parts = text.split(BETWEEN).filter((part) => part.trim() !== '');
    if (!this.several || parts.length < 2) return false;
    void this.#resolve(parts);
    return true;
  };

  readonly move = (step: number): void => {
    const { items, active, hasMore } = this.snapshot;
    if (items.length === 0) return;
    if (step > 0 && active === items.length - 1 && hasMore) {
      void this.more();
      return;
    }
    const from = active < 0 && step < 0 ? 0 : active;
    this.set({ active: (from + step + items.length) % items.length });
  };

  readonly point = (active: number): void => {
    this.set({ active });
  };

  readonly retry = (): void => {
    this.#ask(this.snapshot.query);
  };

  /** The next page of what servers know. */
  readonly more = async (): Promise<void> => {
    const { loadingMore } = this.snapshot;
    const signal = this.#abort?.signal;
    if (loadingMore || this.#next === null || !signal) return;
    this.set({ loadingMore: true });
    await this.#look(this.#next, signal);
  };

  /** Why an item cannot be chosen. */
  readonly barOf = (item: FinderItem): Bar | undefined => {
    if (item.kind === 'room') return undefined;
    return (this.#source.bar ?? contactBar)(item.person);
  };

  readonly isChosen = (userId: string): boolean =>
    this.snapshot.chosen.some((person) => person.userId === userId);

  /** Chooses a person, or gives up the choice. */
  readonly toggle = (person: FoundPerson): void => {
    const { chosen, query, open } = this.snapshot;
    const without = chosen.filter((each) => each.userId !== person.userId);
    if (without.length < chosen.length) {
      this.set({ chosen: without });
      return;
    }
    if (chosen.length >= this.most || this.barOf(asItem(person)) !== undefined) return;
    const asked = foldName(query);
    const left = open.filter(({ name }) => foldName(name) !== asked);
    this.set({ chosen: [...chosen, person], open: left });
    const next = left.find(({ why }) => why === 'several');
    // One question after the other, where a list of names left some.
    this.#ask(left.length < open.length && next ? next.name : '');
  };

  /** Takes the last chosen person away: the key that deletes, in an empty box. */
  readonly removeLast = (): void => {
    this.set({ chosen: this.snapshot.chosen.slice(0, -1) });
  };

  /** Looks for a name that did not say who is meant. */
  readonly lookInto = (name: string): void => {
    this.#ask(name);
  };

  /** Gives a name of a list up. */
  readonly drop = (name: string): void => {
    this.set({ open: this.snapshot.open.filter((each) => each.name !== name) });
  };

  #ask(query: string): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#found = [];
    this.#next = null;
    const { find } = this.#source;
    const isAsked = query.trim() !== '' && find !== undefined;
    this.set({ ...EMPTY, query, state: query.trim() === '' ? 'idle' : isAsked ? 'busy' : 'ready' });
    this.#show();
    if (!isAsked) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#timer = setTimeout(() => void this.#look(undefined, abort.signal), REST_MS);
  }

  async #look(after: string | undefined, signal: AbortSignal): Promise<void> {
    const { query } = this.snapshot;
    try {
      const page = await this.#source.find?.(query.trim(), after, signal);
      if (signal.aborted || !page) return;
      this.#found = [...this.#found, ...page.items];
      this.#next = page.next;
      this.set({ state: 'ready', loadingMore: false, hasMore: page.next !== null });
    } catch {
      if (signal.aborted) return;
      this.set({ state: 'failed', loadingMore: false });
    }
    this.#show();
  }

  /** What the device and what servers know, each once; what is marked stays marked. */
  #show(): void {
    const { query, items: before, active } = this.snapshot;
    const marked = before[active]?.key;
    const told = new Map(this.#found.map((item) => [item.key, item]));
    // The directory knows more of somebody than a conversation does.
    const here = (this.#source.here?.(query.trim()) ?? []).map((item) =>
      item.kind === 'person' && !item.person.listed ? (told.get(item.key) ?? item) : item,
    );
    const keys = new Set(here.flatMap((item) => [item.key, item.kind === 'room' ? item.entry.partner : '']));
    const items = [...here, ...this.#found.filter((item) => !keys.has(item.key))];
    const at = marked === undefined ? 0 : items.findIndex((item) => item.key === marked);
    this.set({ items, active: items.length === 0 ? -1 : at });
  }

  async #resolve(parts: readonly string[]): Promise<void> {
    const names = [...new Set(parts.map((part) => part.trim()).filter((part) => part !== ''))];
    const abort = this.#resolving ?? new AbortController();
    this.#resolving = abort;
    this.set({ resolving: true });
    const waiting = [...names];
    const work = async (): Promise<void> => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
        await this.#resolveOne(name, abort.signal);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (abort.signal.aborted) return;
    this.set({ resolving: false });
    const [first] = this.snapshot.open.filter(({ why }) => why === 'several');
    if (first && this.snapshot.query === '') this.#ask(first.name);
  }

  async #resolveOne(name: string, signal: AbortSignal): Promise<void> {
    let why: OpenName['why'] | undefined;
    try {
      const page = await this.#source.find?.(name, undefined, signal);
      const items = [...(this.#source.here?.(name) ?? []), ...(page?.items ?? [])];
      const people = new Map(
        items.flatMap((item) => (item.kind === 'person' ? [[item.key, item.person] as const] : [])),
      );
      const fitting = [...people.values()];
      const namesakes = fitting.filter((person) => foldName(person.name) === foldName(name));
      const meant = namesakes.length > 0 ? namesakes : page?.next === null ? fitting : [];
      const [only, ...others] = meant;
      if (only && others.length === 0 && this.barOf(asItem(only)) === undefined) {
        if (signal.aborted || this.isChosen(only.userId)) return;
        if (this.snapshot.chosen.length < this.most) {
          this.set({ chosen: [...this.snapshot.chosen, only] });
          return;
        }
      }
      why = fitting.length === 0 ? 'nobody' : 'several';
    } catch {
      why = 'failed';
    }
    if (signal.aborted) return;
    const open = this.snapshot.open.filter((each) => each.name !== name);
    this.set({ open: [...open, { name, why }] });
  }
}
