import type { CloseHow, Obligation, Pending } from '@qiao/notices/contract';
import {
  dataOf,
  LOADING,
  ViewModel,
  watch,
  watchPages,
  type Glance,
  type MatrixAccess,
  type Pages,
  type Remote,
  type Services,
  type WatchingPages,
  type WatchPages,
} from '@qiao/ui-kit';
import { keys, LOOK_MS, noticesApi } from '../api.ts';

/** Messages fetched from the homeserver at once. */
const LOOKS_AT_ONCE = 4;

export type Side = 'owe' | 'wait';
export interface AnswerSnapshot {
  readonly side: Side;
  readonly state: 'open' | 'closed';
  readonly list: Remote<Pages<Obligation>>;
  /** How much is open on each side; undefined: not known (yet). */
  readonly counts: Pick<Pending, Side> | undefined;
  /** By event id; only this device can read messages, so that they come after the list. */
  readonly glances: ReadonlyMap<string, Glance>;
}

/** What I owe, and what I wait for. */
export class AnswerViewModel extends ViewModel<AnswerSnapshot> {
  readonly #services: Services;
  readonly #looked = new Set<string>();
  readonly #toLook: Obligation[] = [];
  #looking = 0;
  #watching: WatchingPages<Obligation> | undefined;

  constructor(services: Services) {
    super({ side: 'owe', state: 'open', list: LOADING, counts: undefined, glances: new Map() });
    this.#services = services;
  }

  protected override onMount(): void {
    const watching = watchPages(this.#services.queries, this.#query(), (list) => {
      this.set({ list });
      this.#look();
    });
    this.#watching = watching;
    const { queries, api } = this.#services;
    const pending = watch<Pending>(
      queries,
      { key: keys.pending, every: LOOK_MS, load: (signal) => api.call(noticesApi.pending, { signal }) },
      (remote) => {
        this.set({ counts: dataOf(remote) });
      },
    );
    this.own(() => {
      watching.end();
      pending.end();
    });
  }

  /** Asks for what the messages of the list say, each once, and again where nothing came. */
  #look(): void {
    const { matrix } = this.#services;
    if (!matrix) return;
    for (const one of dataOf(this.snapshot.list)?.items ?? []) {
      if (this.#looked.has(one.event_id)) continue;
      this.#looked.add(one.event_id);
      this.#toLook.push(one);
    }
    while (this.#looking < LOOKS_AT_ONCE && this.#toLook.length > 0) {
      this.#looking++;
      void this.#lookOn(matrix);
    }
  }

  /** Looks at one message after the other, until there is none left. */
  async #lookOn(matrix: MatrixAccess): Promise<void> {
    for (let one = this.#toLook.shift(); one !== undefined; one = this.#toLook.shift()) {
      const { room_id, event_id } = one;
      // The list says who asked and when all the same.
      const glance = await matrix.glance(room_id, event_id).catch(() => undefined);
      // The next time the list comes it is tried again.
      if (glance?.readable !== true) this.#looked.delete(event_id);
      if (glance) this.set({ glances: new Map([...this.snapshot.glances, [event_id, glance]]) });
    }
    this.#looking--;
  }

  #query(): WatchPages<Obligation> {
    const { side, state } = this.snapshot;
    return {
      key: [...keys.obligations, side, state],
      every: LOOK_MS,
      load: (after, signal) =>
        this.#services.api.call(noticesApi.obligations, {
          query: { side, state, ...(after === undefined ? {} : { after }) },
          signal,
        }),
    };
  }

  readonly show = (part: Partial<Pick<AnswerSnapshot, 'side' | 'state'>>): void => {
    this.set(part);
    this.#watching?.change(this.#query());
  };

  readonly close = async (one: Obligation, how: CloseHow, done: string): Promise<void> => {
    const { api, attempt } = this.#services;
    await attempt(() => api.call(noticesApi.close, { params: { id: one.id }, body: { how } }), {
      done,
      invalidate: [keys.all],
    });
  };
}
