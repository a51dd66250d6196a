import { ApiError } from '@qiao/ui-kit';
import { ClientEvent, SyncState, type MatrixClient } from 'matrix-js-sdk';

/** A first sync that takes longer is not waited for, in milliseconds; with 2,000 conversations it takes 35 s. */
const PATIENCE_MS = 60_000;

/**
 * Whether the homeserver has told this page how the account is now. What is stored of an earlier page does not count:
 * another device may have changed it since.
 */
export class FirstSync {
  readonly #client: MatrixClient;
  #read = false;

  /** @param client one that has not been started yet */
  constructor(client: MatrixClient) {
    this.#client = client;
    const hear = (state: SyncState, _before: SyncState | null, data?: { fromCache?: boolean }): void => {
      if (state !== SyncState.Syncing && (state !== SyncState.Prepared || data?.fromCache === true)) return;
      this.#read = true;
      client.off(ClientEvent.Sync, hear);
    };
    client.on(ClientEvent.Sync, hear);
  }

  /**
   * Waits until it is read.
   * @param signal ends the waiting
   * @throws ApiError `kit.not_read` when it takes too long; the signal's reason when that ends it
   */
  async wait(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#read) return;
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#client.off(ClientEvent.Sync, hear);
        signal?.removeEventListener('abort', stop);
        settle();
      };
      const hear = (): void => {
        if (this.#read) end(resolve);
      };
      const stop = (): void => {
        end(() => {
          reject(signal?.reason as Error);
        });
      };
      const timer = setTimeout(() => {
        end(() => {
          reject(new ApiError('kit.not_read', 0, ''));
        });
      }, PATIENCE_MS);
      this.#client.on(ClientEvent.Sync, hear);
      signal?.addEventListener('abort', stop);
    });
  }
}
