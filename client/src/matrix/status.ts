import { ViewModel } from '@qiao/ui-kit';
import { ClientEvent, SyncState, type MatrixClient } from 'matrix-js-sdk';

/** How far the device is in step with the homeserver. */
export type Connection =
  /** Nothing is known yet; the conversation list would be empty. */
  | 'starting'
  /** What was stored is shown; the homeserver is asked for the rest. */
  | 'catching-up'
  | 'live'
  /** The homeserver does not answer; tried again by itself. */
  | 'offline'
  | 'stopped';

export interface StatusSnapshot {
  readonly connection: Connection;
  /** When the connection became what it is, milliseconds since 1970. */
  readonly since: number;
  /** How far the device's clock is ahead of the homeserver's, in milliseconds; 0 where that does no harm. */
  readonly clockOff: number;
  /** When that was noticed, by the device's clock. */
  readonly heardAt: number;
  /** The browser's storage is full: what comes waits at the homeserver until it can be kept. */
  readonly full: boolean;
}

/** A difference of clocks that people notice in the times of messages, in milliseconds; a long request is shorter. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;

const connectionOf = (state: SyncState | null, fromCache: boolean): Connection | undefined => {
  switch (state) {
    case SyncState.Prepared:
      return fromCache ? 'catching-up' : 'live';
    case SyncState.Syncing:
      return 'live';
    case SyncState.Catchup:
      return 'catching-up';
    case SyncState.Reconnecting:
    case SyncState.Error:
      return 'offline';
    case SyncState.Stopped:
      return 'stopped';
    default:
      return undefined;
  }
};

/** Follows the client's sync loop, the browser's own word of the network, and the homeserver's clock. */
export class StatusModel extends ViewModel<StatusSnapshot> {
  readonly #client: MatrixClient;

  constructor(client: MatrixClient) {
    super({ connection: 'starting', since: Date.now(), clockOff: 0, heardAt: 0, full: false });
    this.#client = client;
    client.on(ClientEvent.Sync, (state, _previous, data) => {
      this.#become(connectionOf(state, data?.fromCache === true));
    });
    // A request that hangs would tell of it only after a minute.
    globalThis.addEventListener('offline', this.#offline);
    globalThis.addEventListener('online', this.#online);
  }

  /** How far the device's clock is ahead of the homeserver's, in milliseconds. */
  get clockOff(): number {
    return this.snapshot.clockOff;
  }

  /** An answer of the homeserver said what time it is. */
  hearServerTime(serverMs: number): void {
    const off = Date.now() - serverMs;
    const clockOff = Math.abs(off) < CLOCK_TOLERANCE_MS ? 0 : off;
    if (Math.abs(clockOff - this.snapshot.clockOff) >= CLOCK_TOLERANCE_MS)
      this.set({ clockOff, heardAt: Date.now() });
  }

  /** News wait because the browser's storage is full, or do not any more. */
  readonly setFull = (full: boolean): void => {
    if (full !== this.snapshot.full) this.set({ full });
  };

  /** The session ends on this page. */
  stop(): void {
    globalThis.removeEventListener('offline', this.#offline);
    globalThis.removeEventListener('online', this.#online);
  }

  #become(connection: Connection | undefined): void {
    if (connection !== undefined && connection !== this.snapshot.connection)
      this.set({ connection, since: Date.now() });
  }

  readonly #offline = (): void => {
    if (this.snapshot.connection === 'live') this.#become('offline');
  };

  readonly #online = (): void => {
    // The loop may not have noticed: then nothing was missed.
    this.#become(connectionOf(this.#client.getSyncState(), false));
  };
}
