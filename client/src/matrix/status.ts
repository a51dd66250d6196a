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
}

/** Follows the client's sync loop. */
export class StatusModel extends ViewModel<StatusSnapshot> {
  constructor(client: MatrixClient) {
    super({ connection: 'starting', since: Date.now() });
    client.on(ClientEvent.Sync, (state, _previous, data) => {
      const connection = ((): Connection | undefined => {
        switch (state) {
          case SyncState.Prepared:
            return data?.fromCache === true ? 'catching-up' : 'live';
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
      })();
      if (connection !== undefined && connection !== this.snapshot.connection)
        this.set({ connection, since: Date.now() });
    });
  }
}
