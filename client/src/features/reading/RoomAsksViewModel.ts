import type { AskedMessage } from '@qiao/notices/contract';
import {
  LOADING,
  ViewModel,
  watch,
  type Remote,
  type Services,
  type Watch,
  type Watching,
} from '@qiao/ui-kit';
import type { Ask } from '../../matrix/ask-content.ts';
import { NOTICES_KEY, readingApi } from './api.ts';
import { register, type MessageRef } from './asking.ts';

/** Messages of a conversation by which somebody is asked. */
export interface Asks {
  readonly byEvent: ReadonlyMap<string, readonly AskedMessage[]>;
  /** Of older messages it is not known, milliseconds since 1970; undefined: all are known. */
  readonly since: number | undefined;
}
export interface RoomAsksSnapshot {
  readonly asks: Remote<Asks>;
}

/** What became of the questions and urgent messages of one conversation, as far as they are this person's. */
export class RoomAsksViewModel extends ViewModel<RoomAsksSnapshot> {
  #services: Services;
  #watching: Watching<Asks> | undefined;
  readonly #roomId: string;

  constructor(services: Services, roomId: string) {
    super({ asks: LOADING });
    this.#services = services;
    this.#roomId = roomId;
  }

  protected override onMount(): void {
    const watching = watch<Asks>(this.#services.queries, this.#watch(), (asks) => {
      this.set({ asks });
    });
    this.#watching = watching;
    this.own(watching.end);
  }

  #watch(): Watch<Asks> {
    const { api, session } = this.#services;
    return {
      key: [...NOTICES_KEY, 'room', this.#roomId],
      enabled: session.personId !== undefined,
      load: async (signal) => {
        const query = { room_id: this.#roomId };
        const { items, since } = await api.call(readingApi.inRoom, { query, signal });
        return {
          byEvent: Map.groupBy(items, (one) => one.event_id),
          since: since === null ? undefined : Date.parse(since),
        };
      },
    };
  }

  /** Goes on with what is known of the reader now. */
  readonly enter = (services: Services): void => {
    const before = this.#services.session.personId;
    this.#services = services;
    if (before !== services.session.personId) this.#watching?.change(this.#watch());
  };

  /** Confirms an urgent message, or says that a question is handled. */
  readonly close = async (id: string, how: 'confirmed' | 'handled'): Promise<void> => {
    const { api, attempt } = this.#services;
    await attempt(() => api.call(readingApi.close, { params: { id }, body: { how } }), {
      invalidate: [NOTICES_KEY],
    });
  };

  /** Asks the people that a message names, where that had failed. */
  readonly askAgain = async (message: MessageRef, ask: Ask): Promise<void> => {
    // A time that has passed meanwhile is no reason not to ask.
    const dueAt = ask.dueAt !== undefined && Date.parse(ask.dueAt) > Date.now() ? ask.dueAt : undefined;
    await register(this.#services, message, { ...ask, dueAt });
  };
}
