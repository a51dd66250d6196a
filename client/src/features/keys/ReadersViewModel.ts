import { dataOf, ViewModel, watch, type Services } from '@qiao/ui-kit';
import type { HistoryKeys } from '../../matrix/history-keys.ts';
import type { RoomReaders } from '../../matrix/history-types.ts';
import { findPeople, inDirectory } from '../directory/api.ts';

/** People asked the directory about; with more it is only told how many. */
const MOST_ASKED = 5;
/** How often it is asked again, in milliseconds. */
const EVERY_MS = 60_000;

export interface ReadersSnapshot {
  /** Undefined while nothing is known. */
  readonly readers: RoomReaders | undefined;
  /** Of those who wait: they were here once, and have no device now. */
  readonly away: ReadonlySet<string>;
}

/** Who of a conversation cannot read yet: by their devices; the directory tells who has never been here. */
export class ReadersViewModel extends ViewModel<ReadersSnapshot> {
  #services: Services;
  readonly #history: HistoryKeys;
  readonly #roomId: string;
  readonly #asked = new Map<string, () => void>();

  constructor(services: Services, history: HistoryKeys, roomId: string) {
    super({ readers: history.getSnapshot().rooms.get(roomId), away: new Set() });
    this.#services = services;
    this.#history = history;
    this.#roomId = roomId;
  }

  protected override onMount(): void {
    this.own(this.#history.watch(this.#roomId));
    this.own(this.#history.subscribe(this.#show));
    this.own(() => {
      for (const end of this.#asked.values()) end();
      this.#asked.clear();
    });
    this.#show();
  }

  readonly #show = (): void => {
    const readers = this.#history.getSnapshot().rooms.get(this.#roomId);
    if (readers !== this.snapshot.readers) this.set({ readers });
    for (const { userId } of readers?.waiting.slice(0, MOST_ASKED) ?? []) this.#ask(userId);
  };

  #ask(userId: string): void {
    const { api, queries, session } = this.#services;
    if (!inDirectory(session) || this.#asked.has(userId)) return;
    const watching = watch<boolean>(
      queries,
      {
        key: ['directory', 'activated', userId, session.personId ?? ''],
        load: async (signal) => {
          const { items } = await api.call(findPeople, { query: { user_id: userId }, signal });
          return items[0]?.activated === true;
        },
        every: EVERY_MS,
      },
      (activated) => {
        if (dataOf(activated) !== true || this.snapshot.away.has(userId)) return;
        this.set({ away: new Set([...this.snapshot.away, userId]) });
      },
    );
    this.#asked.set(userId, watching.end);
  }

  /** Goes on with what is known of the reader now: before, the directory could not be asked. */
  readonly enter = (services: Services): void => {
    const before = this.#services.session.personId;
    this.#services = services;
    if (before !== services.session.personId) this.#show();
  };

  readonly seen = (userId: string): void => {
    this.#history.seen(this.#roomId, userId);
  };
}
