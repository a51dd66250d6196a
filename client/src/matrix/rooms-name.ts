import type { RoomNameState } from 'matrix-js-sdk';

/** Words of the reader's language for conversations that have no name of their own. */
export interface NameWords {
  readonly list: (names: readonly string[]) => string;
  readonly more: (names: string, count: number) => string;
  readonly empty: () => string;
  readonly emptyWas: (name: string) => string;
}

/** Names told before "and n more". */
const TOLD = 3;

/**
 * Names a conversation without a name by its people, in the reader's language; for the client's
 * `roomNameGenerator`. Null: the SDK's own.
 */
export const nameByPeople =
  (words: NameWords) =>
  (_roomId: string, state: RoomNameState): string | null => {
    // RoomNameType: a const in the SDK's types only.
    if ('name' in state) return state.name;
    if ('names' in state) {
      const others = Math.max(0, state.count - 1);
      const told = state.names.slice(0, TOLD);
      if (told.length === 0) return words.empty();
      const list = words.list(told);
      return others > told.length ? words.more(list, others - told.length) : list;
    }
    return state.oldName === undefined || state.oldName === ''
      ? words.empty()
      : words.emptyWas(state.oldName);
  };
