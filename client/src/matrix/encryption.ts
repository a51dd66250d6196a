import type { CryptoCallbacks } from 'matrix-js-sdk/lib/crypto-api';
import type { MatrixClient } from 'matrix-js-sdk';

/** What the device's keys are like and what can be done about it: set-up, backup, recovery, verification. */
export class Encryption {
  readonly client: MatrixClient;

  constructor(client: MatrixClient) {
    this.client = client;
  }

  /** Callbacks the client asks for secrets; made before the client. */
  static callbacks(): CryptoCallbacks {
    return {};
  }
}
