import type { MatrixClient } from 'matrix-js-sdk';
import { asRecord, asText, cleanBody, cleanName } from './safe-text.ts';

/** What the homeserver found at an address (OpenGraph). */
export interface LinkPreview {
  readonly url: string;
  readonly title: string;
  readonly description: string;
  readonly site: string;
}

const MOST_KEPT = 200;

/** Previews by the homeserver: only asked for links of rooms that are not encrypted. */
export class LinkPreviews {
  readonly #client: MatrixClient;
  readonly #known = new Map<string, Promise<LinkPreview | undefined>>();

  constructor(client: MatrixClient) {
    this.#client = client;
  }

  /** The preview, or undefined where there is none; never asks for an encrypted room. */
  of(roomId: string, url: string, ts: number): Promise<LinkPreview | undefined> {
    const room = this.#client.getRoom(roomId);
    if (!room || room.hasEncryptionStateEvent()) return Promise.resolve(undefined);
    const known = this.#known.get(url);
    if (known) return known;
    const asked = this.#client.getUrlPreview(url, ts).then(
      (answer) => {
        const found = asRecord(answer);
        const title = cleanName(found['og:title'], '');
        return title === ''
          ? undefined
          : {
              url,
              title,
              description: cleanBody(asText(found['og:description'])?.slice(0, 300)),
              site: cleanName(found['og:site_name'], ''),
            };
      },
      () => undefined,
    );
    this.#known.set(url, asked);
    if (this.#known.size > MOST_KEPT) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return asked;
  }
}
