import { asApiError, ViewModel, type ApiError } from '@qiao/ui-kit';
import type { RoomsStore } from '../../matrix/rooms.ts';
import type { FoundPerson } from '../finder/people.ts';

export interface NewChatSnapshot {
  readonly name: string;
  readonly busy: boolean;
  readonly error: ApiError | undefined;
}

/** Most characters of a group's name. */
export const MAX_GROUP_NAME = 80;

/** Begins a chat with a person, or a group of several. */
export class NewChatViewModel extends ViewModel<NewChatSnapshot> {
  readonly #store: RoomsStore;
  readonly #nameOf: (people: readonly FoundPerson[]) => string;
  #making: AbortController | undefined;

  /** @param nameOf a group's name where the person gives none */
  constructor(store: RoomsStore, nameOf: (people: readonly FoundPerson[]) => string) {
    super({ name: '', busy: false, error: undefined });
    this.#store = store;
    this.#nameOf = nameOf;
  }

  protected override onMount(): void {
    this.own(() => {
      this.#making?.abort();
    });
  }

  readonly rename = (name: string): void => {
    this.set({ name: name.slice(0, MAX_GROUP_NAME) });
  };

  /**
   * Makes it, or finds the direct chat there is.
   * @returns its room, and who could not be added to it; undefined after an error, which is shown, and when the window was closed meanwhile
   */
  readonly create = async (
    chosen: readonly FoundPerson[],
  ): Promise<{ roomId: string; leftOut: readonly FoundPerson[] } | undefined> => {
    const { name, busy } = this.snapshot;
    const [first] = chosen;
    if (!first || busy) return undefined;
    const making = new AbortController();
    this.#making = making;
    this.set({ busy: true, error: undefined });
    try {
      const { actions } = this.#store;
      const { roomId, leftOut } =
        chosen.length === 1
          ? { roomId: await actions.openDirect(first.userId, making.signal), leftOut: [] }
          : await actions.createGroup(
              name.trim() === '' ? this.#nameOf(chosen) : name.trim(),
              chosen.map((person) => person.userId),
            );
      await this.#store.appears(roomId);
      if (making.signal.aborted) return undefined;
      return { roomId, leftOut: chosen.filter(({ userId }) => leftOut.some((each) => each === userId)) };
    } catch (error) {
      this.set({ error: asApiError(error) });
      return undefined;
    } finally {
      this.set({ busy: false });
    }
  };
}
