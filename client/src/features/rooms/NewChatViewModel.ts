import { asApiError, ViewModel, type ApiError } from '@qiao/ui-kit';
import type { RoomsStore } from '../../matrix/rooms.ts';
import type { FoundPerson } from '../directory/people-search.ts';

export interface NewChatSnapshot {
  readonly query: string;
  readonly found: readonly FoundPerson[] | undefined;
  readonly searchFailed: boolean;
  readonly chosen: readonly FoundPerson[];
  readonly name: string;
  readonly busy: boolean;
  readonly error: ApiError | undefined;
}

/** How long typing rests before the servers are asked, in milliseconds. */
const REST_MS = 200;
/** Most characters of a group's name. */
export const MAX_GROUP_NAME = 80;
/** Most people of a new group; more come by a department or by invitation. */
const MAX_CHOSEN = 100;

/** Begins a chat with a person, or a group of several. */
export class NewChatViewModel extends ViewModel<NewChatSnapshot> {
  readonly #store: RoomsStore;
  readonly #search: (text: string, signal: AbortSignal) => Promise<readonly FoundPerson[]>;
  readonly #nameOf: (people: readonly FoundPerson[]) => string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | undefined;
  #making: AbortController | undefined;

  /** @param nameOf a group's name where the person gives none */
  constructor(
    store: RoomsStore,
    search: (text: string, signal: AbortSignal) => Promise<readonly FoundPerson[]>,
    nameOf: (people: readonly FoundPerson[]) => string,
  ) {
    super({
      query: '',
      found: undefined,
      searchFailed: false,
      chosen: [],
      name: '',
      busy: false,
      error: undefined,
    });
    this.#store = store;
    this.#search = search;
    this.#nameOf = nameOf;
  }

  protected override onMount(): void {
    this.own(() => {
      clearTimeout(this.#timer);
      this.#abort?.abort();
      this.#making?.abort();
    });
  }

  readonly type = (query: string): void => {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.set({ query, searchFailed: false });
    const text = query.trim();
    if (text === '') {
      this.set({ found: undefined });
      return;
    }
    const abort = new AbortController();
    this.#abort = abort;
    this.#timer = setTimeout(() => {
      this.#search(text, abort.signal).then(
        (found) => {
          if (!abort.signal.aborted) this.set({ found });
        },
        () => {
          if (!abort.signal.aborted) this.set({ found: [], searchFailed: true });
        },
      );
    }, REST_MS);
  };

  readonly toggle = (person: FoundPerson): void => {
    const { chosen } = this.snapshot;
    const without = chosen.filter((each) => each.userId !== person.userId);
    if (without.length < chosen.length) this.set({ chosen: without, error: undefined });
    else if (chosen.length < MAX_CHOSEN) {
      this.set({ chosen: [...chosen, person], query: '', found: undefined, error: undefined });
    }
  };

  readonly rename = (name: string): void => {
    this.set({ name: name.slice(0, MAX_GROUP_NAME) });
  };

  /**
   * Makes it, or finds the direct chat there is.
   * @returns its room; undefined after an error, which is shown, and when the window was closed meanwhile
   */
  readonly create = async (): Promise<string | undefined> => {
    const { chosen, name, busy } = this.snapshot;
    const [first] = chosen;
    if (!first || busy) return undefined;
    const making = new AbortController();
    this.#making = making;
    this.set({ busy: true, error: undefined });
    try {
      const { actions } = this.#store;
      const roomId =
        chosen.length === 1
          ? await actions.openDirect(first.userId, making.signal)
          : await actions.createGroup(
              name.trim() === '' ? this.#nameOf(chosen) : name.trim(),
              chosen.map((person) => person.userId),
            );
      await this.#store.appears(roomId);
      return making.signal.aborted ? undefined : roomId;
    } catch (error) {
      this.set({ error: asApiError(error) });
      return undefined;
    } finally {
      this.set({ busy: false });
    }
  };
}
