import type { MatrixClient } from 'matrix-js-sdk';

/** The timelines of conversations and threads that are open. */
export class Timelines {
  readonly client: MatrixClient;

  constructor(client: MatrixClient) {
    this.client = client;
  }
}
