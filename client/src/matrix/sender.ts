import type { MatrixClient } from 'matrix-js-sdk';

/** Sends what a person writes, and keeps it until the homeserver has it. */
export class Sender {
  readonly client: MatrixClient;

  constructor(client: MatrixClient) {
    this.client = client;
  }
}
