import { ROOT, type Records, type SealedRecord } from './records.ts';
import { IndexDamaged } from './types.ts';

const IV_BYTES = 12;
/** Changes with every change of what records hold: an index of another version is made anew. */
const VERSION = 3;

/**
 * Records, encrypted by AES-GCM under the device's key, each with an IV of its own. What a record was written as
 * (index, key) is authenticated with it: none can stand in another's place.
 */
export class SealedRecords {
  readonly #records: Records;
  readonly #key: CryptoKey;
  #indexId = '';

  constructor(records: Records, key: CryptoKey) {
    this.#records = records;
    this.#key = key;
  }

  /** Records of another index are refused from now on. */
  set indexId(id: string) {
    this.#indexId = id;
  }

  #options(key: number, iv: Uint8Array<ArrayBuffer>): AesGcmParams {
    const about = key === ROOT ? 'root' : `${this.#indexId}/${String(key)}`;
    return {
      name: 'AES-GCM',
      iv,
      additionalData: new TextEncoder().encode(`qiao-search/${VERSION}/${about}`),
    };
  }

  async #open(key: number, sealed: SealedRecord | undefined): Promise<Uint8Array<ArrayBuffer>> {
    try {
      if (sealed === undefined) throw new Error('missing');
      const plain = await crypto.subtle.decrypt(this.#options(key, sealed.iv), this.#key, sealed.data);
      return new Uint8Array(plain);
    } catch (error) {
      throw new IndexDamaged(`record ${String(key)}`, { cause: error });
    }
  }

  /** @throws IndexDamaged when one is missing, changed or of another key */
  async read(keys: readonly number[]): Promise<Uint8Array<ArrayBuffer>[]> {
    const sealed = await this.#records.read(keys);
    return Promise.all(keys.map((key, index) => this.#open(key, sealed[index])));
  }

  /** The root record, or undefined: there is no index. @throws IndexDamaged */
  async root(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const [sealed] = await this.#records.read([ROOT]);
    return sealed === undefined ? undefined : this.#open(ROOT, sealed);
  }

  async seal(key: number, plain: Uint8Array<ArrayBuffer>): Promise<readonly [number, SealedRecord]> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    return [key, { iv, data: await crypto.subtle.encrypt(this.#options(key, iv), this.#key, plain) }];
  }

  commit(puts: readonly (readonly [number, SealedRecord])[], deletes: readonly number[]): Promise<void> {
    return this.#records.commit(puts, deletes);
  }

  /** Removes records that nothing names: of a write that was broken off. */
  async sweep(named: ReadonlySet<number>): Promise<void> {
    const lost = (await this.#records.keys()).filter((key) => key !== ROOT && !named.has(key));
    if (lost.length > 0) await this.#records.commit([], lost);
  }

  clear(): Promise<void> {
    return this.#records.clear();
  }

  close(): void {
    this.#records.close();
  }
}
