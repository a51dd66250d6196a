import type { Obligation } from '@qiao/notices/contract';
import { dataOf, LOADING, ViewModel, watch, type Remote, type Services } from '@qiao/ui-kit';
import type { HistoryKeys } from '../../matrix/history-keys.ts';
import type { Reader, Reading } from '../../matrix/reading.ts';
import { NOTICES_KEY, readingApi } from './api.ts';
import { askFrom, BLANK_ASK, isDuePast, register, remind, type AskForm, type MessageRef } from './asking.ts';

/** Who was asked for what, by user id. */
export type Asked = Readonly<Record<string, Obligation>>;

export interface ReadingSnapshot {
  readonly loading: boolean;
  readonly read: readonly Reader[];
  readonly unread: readonly Reader[];
  /** Invited and not joined yet. */
  readonly invited: readonly Reader[];
  /** Those without any device that has keys: they cannot read yet. */
  readonly waiting: ReadonlySet<string>;
  /** How many more are in the conversation; whether they have read is not known. */
  readonly unlisted: number;
  /** Who has read is known without it. */
  readonly asked: Remote<Asked>;
  readonly chosen: ReadonlySet<string>;
  readonly form: AskForm;
  /** The form's time has passed. */
  readonly late: boolean;
  readonly busy: boolean;
}

/** Of one person what is open counts, else the newest; reminders to read are not listed. */
export function byPerson(items: readonly Obligation[]): Asked {
  const asked: Record<string, Obligation> = {};
  for (const one of items) {
    if (one.kind === 'unread') continue;
    if (asked[one.asked.user_id]?.state !== 'open' || one.state === 'open') asked[one.asked.user_id] = one;
  }
  return asked;
}

/** Who has read an own message, and asking those who have not, or somebody, for an answer. */
export class ReadingViewModel extends ViewModel<ReadingSnapshot> {
  readonly #services: Services;
  readonly #reading: Reading;
  readonly #history: HistoryKeys;
  readonly #message: MessageRef;
  #looking = false;
  #again = false;

  constructor(services: Services, reading: Reading, history: HistoryKeys, message: MessageRef) {
    super({
      loading: true,
      read: [],
      unread: [],
      invited: [],
      waiting: new Set(),
      unlisted: 0,
      asked: LOADING,
      chosen: new Set(),
      form: BLANK_ASK,
      late: false,
      busy: false,
    });
    this.#services = services;
    this.#reading = reading;
    this.#history = history;
    this.#message = message;
  }

  protected override onMount(): void {
    const { queries, api } = this.#services;
    const { roomId, eventId } = this.#message;
    this.#look();
    this.own(this.#reading.onReceipts(roomId, this.#look));
    this.own(this.#reading.onMembers(roomId, this.#look));
    this.own(() => {
      this.#again = false;
    });
    this.own(this.#history.watch(roomId));
    this.own(this.#history.subscribe(this.#waiting));
    this.#waiting();
    const watching = watch<Asked>(
      queries,
      {
        key: [...NOTICES_KEY, 'of', roomId, eventId],
        load: async (signal) => {
          const query = { room_id: roomId, event_id: eventId };
          return byPerson((await api.call(readingApi.of, { query, signal })).items);
        },
      },
      (asked) => {
        this.set({ asked });
      },
    );
    this.own(watching.end);
  }

  readonly #waiting = (): void => {
    const known = this.#history.getSnapshot().rooms.get(this.#message.roomId)?.waiting ?? [];
    this.set({ waiting: new Set(known.map(({ userId }) => userId)) });
  };

  /** One look at a time, and one more for all that comes meanwhile: where members are loaded each is told alone. */
  readonly #look = (): void => {
    this.#again = true;
    if (!this.#looking) void this.#lookWhileNeeded();
  };

  async #lookWhileNeeded(): Promise<void> {
    this.#looking = true;
    try {
      while (this.#again) {
        this.#again = false;
        await this.#readers();
      }
    } finally {
      this.#looking = false;
    }
  }

  async #readers(): Promise<void> {
    const { roomId, eventId } = this.#message;
    const { people, invited, unlisted } = await this.#reading.readers(roomId, eventId);
    this.set({
      loading: false,
      read: people.filter((one) => one.readAt !== undefined),
      unread: people.filter((one) => one.readAt === undefined),
      invited,
      unlisted,
    });
  }

  readonly choose = (userId: string, on: boolean): void => {
    const chosen = new Set(this.snapshot.chosen);
    if (on) chosen.add(userId);
    else chosen.delete(userId);
    this.set({ chosen });
  };

  readonly change = (form: AskForm): void => {
    this.set({ form, late: false });
  };

  /** Reminds everybody listed who has not read. */
  readonly remind = (): Promise<void> =>
    this.#busily(() => {
      const unread = this.snapshot.unread.map((one) => one.userId);
      return remind(this.#services, this.#message, unread);
    });

  /** Asks the chosen people. */
  readonly ask = (): Promise<void> =>
    this.#busily(async () => {
      const { chosen, form } = this.snapshot;
      if (isDuePast(form, Date.now())) {
        this.set({ late: true });
        return;
      }
      const items = await register(this.#services, this.#message, askFrom(form, [...chosen]));
      if (items !== undefined) this.set({ chosen: new Set() });
    });

  /** Whether the person is asked already and has not answered. */
  readonly isWaitedFor = (userId: string): boolean => dataOf(this.snapshot.asked)?.[userId]?.state === 'open';

  async #busily(work: () => Promise<void>): Promise<void> {
    this.set({ busy: true });
    try {
      await work();
    } finally {
      this.set({ busy: false });
    }
  }
}
