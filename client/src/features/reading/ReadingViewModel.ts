import type { Obligation, ObligationKind } from '@qiao/notices/contract';
import { ViewModel, type Services } from '@qiao/ui-kit';
import type { Reader, Reading } from '../../matrix/reading.ts';
import { NOTICES_KEY, readingApi } from './api.ts';

/** Most people asked at once; the server takes no more. */
const MAX_ASKED = 200;

export interface ReadingSnapshot {
  readonly loading: boolean;
  readonly read: readonly Reader[];
  readonly unread: readonly Reader[];
  /** Who was asked for what, by user id. */
  readonly asked: Readonly<Record<string, Obligation>>;
  readonly chosen: ReadonlySet<string>;
  readonly busy: boolean;
}

/** Who has read an own message, and asking those who have not, or somebody, for an answer. */
export class ReadingViewModel extends ViewModel<ReadingSnapshot> {
  readonly #services: Services;
  readonly #reading: Reading;
  readonly #message: { readonly roomId: string; readonly eventId: string };

  constructor(services: Services, reading: Reading, message: { roomId: string; eventId: string }) {
    super({ loading: true, read: [], unread: [], asked: {}, chosen: new Set(), busy: false });
    this.#services = services;
    this.#reading = reading;
    this.#message = message;
  }

  protected override onMount(): void {
    void this.#load();
    this.own(this.#reading.onReceipts(this.#message.roomId, () => void this.#readers()));
  }

  async #readers(): Promise<void> {
    const { roomId, eventId } = this.#message;
    const readers = await this.#reading.readers(roomId, eventId);
    this.set({
      read: readers.filter((one) => one.readAt !== undefined),
      unread: readers.filter((one) => one.readAt === undefined),
    });
  }

  async #load(): Promise<void> {
    await this.#readers();
    const { roomId, eventId } = this.#message;
    try {
      const { items } = await this.#services.api.call(readingApi.of, {
        query: { room_id: roomId, event_id: eventId },
      });
      this.#note(items);
    } catch {
      // Who has read is known without it.
    }
    this.set({ loading: false });
  }

  #note(items: readonly Obligation[]): void {
    const listed = items.filter((one) => one.kind !== 'unread');
    this.set({
      asked: { ...this.snapshot.asked, ...Object.fromEntries(listed.map((one) => [one.asked.user_id, one])) },
    });
  }

  readonly choose = (userId: string, on: boolean): void => {
    const chosen = new Set(this.snapshot.chosen);
    if (on) chosen.add(userId);
    else chosen.delete(userId);
    this.set({ chosen });
  };

  /** Asks the chosen people; `unread` reminds all who have not read. */
  readonly ask = async (kind: ObligationKind, done: (count: number) => string): Promise<void> => {
    const { api, attempt, toasts } = this.#services;
    const { chosen, unread } = this.snapshot;
    const asked = (kind === 'unread' ? unread.map((one) => one.userId) : [...chosen]).slice(0, MAX_ASKED);
    if (asked.length === 0) return;
    this.set({ busy: true });
    const { roomId, eventId } = this.#message;
    const answer = await attempt(
      () => api.call(readingApi.create, { body: { room_id: roomId, event_id: eventId, kind, asked } }),
      { invalidate: [NOTICES_KEY] },
    );
    this.set({ busy: false, ...(answer.ok ? { chosen: new Set<string>() } : {}) });
    if (!answer.ok) return;
    this.#note(answer.value.items);
    toasts.success(done(answer.value.items.length));
  };
}
