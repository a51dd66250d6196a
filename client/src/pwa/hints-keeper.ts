import type { RoomEntry, RoomsStore } from '../matrix/rooms.ts';
import type { Hints } from './hints.ts';

/** The texts of the hints, in the reader's language. */
export type HintWords = Omit<Hints, 'rooms'>;

/** Conversations whose names are kept; of more, the newest. */
const MOST_ROOMS = 5_000;
/** How long changes are gathered, in milliseconds. */
const REST_MS = 2_000;

/** @param rooms newest first */
export function hintsOf(words: HintWords, rooms: readonly RoomEntry[]): Hints {
  const { language, brand, icon, newMessage, testMessage } = words;
  return {
    language,
    brand,
    icon,
    newMessage,
    testMessage,
    rooms: Object.fromEntries(
      rooms
        // A stranger's invitation puts no words of theirs on somebody's lock screen.
        .filter((room) => room.invitation === undefined)
        .slice(0, MOST_ROOMS)
        .map((room) => [room.roomId, room.name] as const)
        // By id: so that a message, which changes the order only, writes nothing.
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    ),
  };
}

/** Keeps what the service worker may say in step with the conversations and the language. */
export class HintsKeeper {
  readonly #rooms: Pick<RoomsStore, 'subscribe' | 'getSnapshot'>;
  readonly #save: (hints: Hints) => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> = Promise.resolve();
  #saved = '';
  #end: (() => void) | undefined;

  constructor(rooms: Pick<RoomsStore, 'subscribe' | 'getSnapshot'>, save: (hints: Hints) => Promise<void>) {
    this.#rooms = rooms;
    this.#save = save;
  }

  /** Begins, unless it has; the first hints are saved as soon as the conversations are known. */
  start(words: () => HintWords, onWords: (listener: () => void) => () => void): void {
    if (this.#end) return;
    const write = (): void => {
      this.#timer = undefined;
      const { ready, rooms } = this.#rooms.getSnapshot();
      if (!ready) return;
      const hints = hintsOf(words(), rooms);
      const text = JSON.stringify(hints);
      if (text === this.#saved) return;
      this.#saved = text;
      this.#saving = this.#saving
        .then(() => this.#save(hints))
        .catch(() => {
          // The disk is full: tried again with the next change.
          this.#saved = '';
        });
    };
    const later = (): void => {
      this.#timer ??= setTimeout(write, REST_MS);
    };
    const ends = [this.#rooms.subscribe(later), onWords(later)];
    this.#end = () => {
      for (const end of ends) end();
    };
    write();
  }

  /** Ends; when it resolves, nothing is written any more. */
  async stop(): Promise<void> {
    this.#end?.();
    this.#end = undefined;
    this.#saved = '';
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#saving;
  }
}
