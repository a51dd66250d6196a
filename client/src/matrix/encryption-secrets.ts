import type { CryptoCallbacks } from 'matrix-js-sdk/lib/crypto-api';

/** Keys of the secret storage that the person has given, kept only while one piece of work needs them. */
export class GivenKeys {
  readonly #keys = new Map<string, Uint8Array<ArrayBuffer>>();

  /** What the SDK asks; made before the client. */
  readonly callbacks: CryptoCallbacks = {
    getSecretStorageKey: ({ keys }) => {
      for (const id of Object.keys(keys)) {
        const key = this.#keys.get(id);
        if (key) return Promise.resolve([id, key]);
      }
      return Promise.resolve(null);
    },
    cacheSecretStorageKey: (id, _info, key) => {
      this.#keys.set(id, key);
    },
  };

  give(id: string, key: Uint8Array<ArrayBuffer>): void {
    this.#keys.set(id, key);
  }

  forget(): void {
    for (const key of this.#keys.values()) key.fill(0);
    this.#keys.clear();
  }
}
