import type { MatrixClient, MatrixEvent } from 'matrix-js-sdk';
import { unreadOf } from './unread.ts';

/** Somebody who only scrolls through has not read, milliseconds. */
const AFTER_MS = 400;

/** Tells the homeserver how far a conversation or thread was read; only while the window has the focus. */
export class ReadReceipts {
  readonly #client: MatrixClient;
  readonly #roomId: string;
  readonly #threadId: string | undefined;
  #sent: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: MatrixClient, roomId: string, threadId: string | undefined) {
    this.#client = client;
    this.#roomId = roomId;
    this.#threadId = threadId;
  }

  /** The newest event is on the screen. */
  reach(event: MatrixEvent): void {
    if (!document.hasFocus() || event.status !== null || event.getId() === this.#sent) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (document.hasFocus()) void this.#send(event);
    }, AFTER_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #send(event: MatrixEvent): Promise<void> {
    const eventId = event.getId();
    if (eventId === undefined || eventId === this.#sent) return;
    const before = this.#sent;
    this.#sent = eventId;
    try {
      await unreadOf(this.#client).readTo(this.#roomId, this.#threadId, event);
      if (this.#threadId === undefined) await this.#client.setRoomReadMarkers(this.#roomId, eventId);
    } catch {
      // Tried again with the next message, or when the window gets the focus.
      this.#sent = before;
    }
  }
}
