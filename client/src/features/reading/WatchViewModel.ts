import type { Obligation, Pending } from '@qiao/notices/contract';
import { dataOf, LOADING, ViewModel, watch, type Glance, type Remote, type Services } from '@qiao/ui-kit';
import type { Answered, Reading } from '../../matrix/reading.ts';
import { BOT, NOTICES_KEY, readingApi, SIGNAL } from './api.ts';

/** How often a client looks that no signal reaches, milliseconds. */
const LOOK_MS = 60_000;

export interface WatchSnapshot {
  readonly pending: Remote<Pending>;
  /** What the message of the line says; undefined: it cannot be had (yet). */
  readonly glance: Glance | undefined;
}

/** The one that has the line: of urgent messages the newest, else one to read. */
export const inLine = (pending: Pending | undefined): Obligation | undefined =>
  pending?.urgent[0] ?? pending?.unread[0];

/** Keeps what the domain knows in step with what this client sees: signals, replies, reactions. */
export class WatchViewModel extends ViewModel<WatchSnapshot> {
  readonly #services: Services;
  readonly #reading: Reading;
  /** Reminders to read that were said to be done. */
  readonly #told = new Set<string>();
  /** Event of the line. */
  #looked: string | undefined;

  constructor(services: Services, reading: Reading) {
    super({ pending: LOADING, glance: undefined });
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
        void this.#look();
      },
    );
    this.own(watching.end);
    this.own(
      this.#reading.onReceipts(undefined, () => {
        this.#settleRead();
      }),
    );
    this.own(
      this.#reading.onReadable((eventId) => {
        if (eventId === this.#looked) void this.#look();
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

  /** What the message says is fetched where it is not loaded, and again with the next answer where it cannot be read. */
  async #look(): Promise<void> {
    const one = inLine(dataOf(this.snapshot.pending));
    if (one?.event_id !== this.#looked) this.set({ glance: undefined });
    this.#looked = one?.event_id;
    if (!one || this.snapshot.glance?.readable === true) return;
    const glance = await this.#services.matrix?.glance(one.room_id, one.event_id).catch(() => undefined);
    if (this.#looked === one.event_id && glance) this.set({ glance });
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

  /** The message was opened. */
  readonly opened = (one: Obligation): void => {
    const { api, queries } = this.#services;
    void api
      .call(readingApi.answered, { body: { room_id: one.room_id, event_id: one.event_id, how: 'read' } })
      .then(() => queries.invalidateQueries({ queryKey: NOTICES_KEY }))
      .catch(() => undefined);
  };
}
