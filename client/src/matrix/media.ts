import type { MatrixClient } from 'matrix-js-sdk';

/** Most object URLs kept at once; the oldest unused goes first. */
const KEPT = 300;

/** Pictures and files of the media repository, which wants the session's token with each request (MSC3916). */
export class Media {
  readonly #client: MatrixClient;
  readonly #urls = new Map<string, Promise<string>>();

  constructor(client: MatrixClient) {
    this.#client = client;
  }

  /**
   * A square thumbnail of an avatar as an object URL.
   * @param size CSS pixels of its side
   * @throws Error when there is none
   */
  avatar(mxc: string, size: number): Promise<string> {
    const pixels = Math.ceil(size * (globalThis.devicePixelRatio || 1));
    const url = this.#client.mxcUrlToHttp(mxc, pixels, pixels, 'crop', false, true, true);
    return url === null ? Promise.reject(new Error('not an mxc address')) : this.#fetchOnce(url);
  }

  #fetchOnce(url: string): Promise<string> {
    const known = this.#urls.get(url);
    if (known) {
      this.#urls.delete(url);
      this.#urls.set(url, known);
      return known;
    }
    const loading = this.#fetch(url);
    this.#urls.set(url, loading);
    loading.catch(() => this.#urls.delete(url));
    const [oldest] = this.#urls;
    if (this.#urls.size > KEPT && oldest) {
      this.#urls.delete(oldest[0]);
      void oldest[1].then((old) => {
        URL.revokeObjectURL(old);
      });
    }
    return loading;
  }

  async #fetch(url: string): Promise<string> {
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${this.#client.getAccessToken() ?? ''}` },
    });
    if (!answer.ok) throw new Error(`media: ${String(answer.status)}`);
    return URL.createObjectURL(await answer.blob());
  }
}
