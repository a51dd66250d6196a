import { EventStatus, type MatrixClient, type MatrixEvent, type Room } from 'matrix-js-sdk';
import type { ItemState, OutboxItem } from './outbox-types.ts';

/** The events in the timeline that stand for what is in the send queue, until the homeserver has it. */
export class SenderEchoes {
  readonly #client: MatrixClient;
  readonly #echoes = new Map<string, MatrixEvent>();

  constructor(client: MatrixClient) {
    this.#client = client;
  }

  /** The event of an item; made and shown when there is none yet. */
  of(room: Room, item: OutboxItem): MatrixEvent {
    const known = this.#echoes.get(item.txnId);
    if (known) return known;
    const echo = this.#client.getEventMapper({ decrypt: false })({
      event_id: `~${item.roomId}:${item.txnId}`,
      sender: this.#client.getSafeUserId(),
      room_id: item.roomId,
      origin_server_ts: item.at,
      type: item.type,
      content: item.content,
      ...(item.redacts === undefined ? {} : { redacts: item.redacts }),
    });
    const thread = item.threadId === undefined ? null : room.getThread(item.threadId);
    if (thread) echo.setThread(thread);
    echo.setTxnId(item.txnId);
    echo.setStatus(EventStatus.SENDING);
    this.#echoes.set(item.txnId, echo);
    room.addPendingEvent(echo, item.txnId);
    return echo;
  }

  /** Shows how an item stands. */
  show(item: OutboxItem, state: ItemState): void {
    const room = this.#client.getRoom(item.roomId);
    if (!room) return;
    const echo = this.of(room, item);
    const wanted = state === 'failed' ? EventStatus.NOT_SENT : EventStatus.QUEUED;
    const { status } = echo;
    if (status === wanted || status === null || status === EventStatus.SENT) return;
    // While it is sent the SDK sets the state.
    if (state === 'sending' && status !== EventStatus.NOT_SENT) return;
    room.updatePendingEvent(echo, wanted);
  }

  /** What takes an item out of the timeline, unless the homeserver has it by then; asked before it is forgotten. */
  cancelling(txnId: string): () => void {
    const echo = this.#echoes.get(txnId);
    return () => {
      const room = echo && this.#client.getRoom(echo.getRoomId());
      if (!room || echo.status === null || echo.status === EventStatus.SENT) return;
      if (echo.status === EventStatus.SENDING) room.updatePendingEvent(echo, EventStatus.NOT_SENT);
      if (echo.status !== EventStatus.CANCELLED) this.#client.cancelPendingEvent(echo);
    };
  }

  /** Forgets those that are not in the queue any more. @returns their transaction ids */
  prune(isQueued: (txnId: string) => boolean): readonly string[] {
    const gone = [...this.#echoes.keys()].filter((txnId) => !isQueued(txnId));
    for (const txnId of gone) this.#echoes.delete(txnId);
    return gone;
  }
}
