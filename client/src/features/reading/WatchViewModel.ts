import type { Obligation, Pending } from '@qiao/notices/contract';
import { dataOf, LOADING, ViewModel, watch, type Remote, type Services } from '@qiao/ui-kit';
import type { Answered, Reading } from '../../matrix/reading.ts';
import { BOT, NOTICES_KEY, readingApi, SIGNAL } from './api.ts';

/** How often a client looks that no signal reaches, milliseconds. */
const LOOK_MS = 60_000;

export interface WatchSnapshot {
  readonly pending: Remote<Pending>;
}

/** Keeps what the domain knows in step with what this client sees: signals, replies, reactions. */
export class WatchViewModel extends ViewModel<WatchSnapshot> {
  readonly #services: Services;
  readonly #reading: Reading;
  /** Reminders to read that were said to be done. */
  readonly #told = new Set<string>();

  constructor(services: Services, reading: Reading) {
    super({ pending: LOADING });
    this.#services = services;
    this.#reading = reading;
  }

  protected override onMount(): void {
    const { queries, api, session } = this.#services;
    const watching = watch<Pending>(
      queries,
      {
        key: [...NOTICES_KEY, 'pending'],
        every: LOOK_MS,
        enabled: session.personId !== undefined,
        load: (signal) => api.call(readingApi.pending, { signal }),
      },
      (pending) => {
        this.set({ pending });
        this.#settleRead();
      },
    );
    this.own(watching.end);
    this.own(
      this.#reading.onReceipts(undefined, () => {
        this.#settleRead();
      }),
    );
    const server = session.userId.slice(session.userId.indexOf(':'));
    this.own(
      this.#reading.onSignal(SIGNAL, `@${BOT}${server}`, () => {
        void queries.invalidateQueries({ queryKey: NOTICES_KEY });
      }),
    );
    this.own(
      this.#reading.onAnswer((answered) => {
        void this.#answered(answered);
      }),
    );
  }

  /** Who is reminded to read what they read in the conversation itself has done it. */
  #settleRead(): void {
    for (const one of dataOf(this.snapshot.pending)?.unread ?? []) {
      const key = `${one.id} ${one.reminded_at ?? ''}`;
      if (this.#told.has(key) || !this.#reading.hasRead(one.room_id, one.event_id)) continue;
      this.#told.add(key);
      this.opened(one);
    }
  }

  /** Tells only what can end something: while nothing is owed or waited for, nothing is sent. */
  async #answered({ roomId, eventId, by, how, mine }: Answered): Promise<void> {
    const { api, queries, session } = this.#services;
    const pending = dataOf(this.snapshot.pending);
    if (pending === undefined) return;
    const own = by === session.userId;
    const matters = own ? pending.owe + pending.unread.length > 0 : mine && pending.wait > 0;
    if (!matters) return;
    try {
      const { closed } = await api.call(readingApi.answered, {
        body: { room_id: roomId, event_id: eventId, how, ...(own ? {} : { by }) },
      });
      if (closed > 0) void queries.invalidateQueries({ queryKey: NOTICES_KEY });
    } catch {
      // The other side's client says it too, or the person does.
    }
  }

  /** Confirms an urgent message. */
  readonly confirm = async (one: Obligation, done: string): Promise<void> => {
    const { api, attempt } = this.#services;
    await attempt(
      () =>
        api.call(readingApi.answered, {
          body: { room_id: one.room_id, event_id: one.event_id, how: 'confirmed' },
        }),
      { done, invalidate: [NOTICES_KEY] },
    );
  };

  /** The message was opened. */
  readonly opened = (one: Obligation): void => {
    const { api, queries } = this.#services;
    void api
      .call(readingApi.answered, { body: { room_id: one.room_id, event_id: one.event_id, how: 'read' } })
      .then(() => queries.invalidateQueries({ queryKey: NOTICES_KEY }))
      .catch(() => undefined);
  };
}
