import type { MatrixClient } from 'matrix-js-sdk';

/** The conversations of the device, for lists. */
export class RoomsStore {
  readonly client: MatrixClient;

  constructor(client: MatrixClient) {
    this.client = client;
  }
}
