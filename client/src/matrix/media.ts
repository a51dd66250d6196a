import type { MatrixClient } from 'matrix-js-sdk';
import type { Tokens } from './tokens.ts';
import { decryptFile, parseEncryptedFile, type EncryptedFile } from './media-crypto.ts';
import { MAX_PIXELS, safeType, shownTypeOf, statedSize } from './media-types.ts';

/** Most object URLs of avatars and thumbnails kept at once; the oldest unused goes first. */
const KEPT = 300;
/** Bytes of loaded files kept although nobody shows them. */
const KEPT_BYTES = 96 * 1024 * 1024;
/** Largest file that is loaded into the page, in bytes. */
export const MAX_LOAD_BYTES = 512 * 1024 * 1024;
/** How long the homeserver's upload limit is remembered, in milliseconds. */
const LIMIT_MS = 10 * 60_000;

/** A file as an event's content describes it. */
export interface MediaSource {
  readonly mxc: string;
  /** How it is opened; absent: it is not encrypted. */
  readonly file?: EncryptedFile | undefined;
  /** As the sender claims. */
  readonly mimetype?: string | undefined;
  /** Bytes, as the sender claims. */
  readonly size?: number | undefined;
}

/** A file in the page. Give it back by `release` when it is not shown any more: its URL may end then. */
export interface LoadedMedia {
  /** Object URL. */
  readonly url: string;
  /** Its type is one that is safe within the page, else `application/octet-stream`. */
  readonly blob: Blob;
  readonly release: () => void;
}

/** Why a file cannot be had; `broken`: not the bytes that were sent. */
export type MediaTrouble = 'too-large' | 'missing' | 'unreachable' | 'broken';

export class MediaError extends Error {
  readonly why: MediaTrouble;

  constructor(why: MediaTrouble) {
    super(`media: ${why}`);
    this.why = why;
  }
}

/** Bytes that are there, of how many; the total is unknown for some servers. */
export type OnProgress = (done: number, total: number | undefined) => void;

interface Entry {
  readonly url: string;
  readonly blob: Blob;
  holders: number;
}

interface Loading {
  readonly work: Promise<Entry>;
  readonly abort: AbortController;
  readonly listeners: Set<OnProgress>;
  waiting: number;
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const describe = (url: unknown, file: unknown, info: unknown): MediaSource | undefined => {
  const { mimetype, size } = record(info);
  const encrypted = parseEncryptedFile(file);
  const mxc = encrypted?.url ?? url;
  if (typeof mxc !== 'string' || !mxc.startsWith('mxc://')) return undefined;
  return {
    mxc,
    file: encrypted,
    mimetype: typeof mimetype === 'string' ? mimetype : undefined,
    size: typeof size === 'number' && size >= 0 ? size : undefined,
  };
};

/** The file of a message's content (`m.image`, `m.file`, `m.audio`, `m.video`, sticker), or undefined. */
export function mediaOf(content: Readonly<Record<string, unknown>>): MediaSource | undefined {
  return describe(content['url'], content['file'], content['info']);
}

/** The thumbnail that the sender made, or undefined. */
export function thumbnailOf(content: Readonly<Record<string, unknown>>): MediaSource | undefined {
  const info = record(content['info']);
  return describe(info['thumbnail_url'], info['thumbnail_file'], info['thumbnail_info']);
}

/** Pictures and files of the media repository, which wants the session's token with each request (MSC3916). */
export class Media {
  readonly #client: MatrixClient;
  readonly #tokens: Pick<Tokens, 'fetch' | 'fresh'>;
  readonly #urls = new Map<string, Promise<string>>();
  /** By mxc address, least recently used first. */
  readonly #entries = new Map<string, Entry>();
  /** Where a file of this device is since it is uploaded, by what it was called before. */
  readonly #moved = new Map<string, string>();
  readonly #loading = new Map<string, Loading>();
  #limit: { readonly at: number; readonly bytes: Promise<number | undefined> } | undefined;

  constructor(client: MatrixClient, tokens: Pick<Tokens, 'fetch' | 'fresh'>) {
    this.#client = client;
    this.#tokens = tokens;
  }

  /**
   * A square thumbnail of an avatar as an object URL.
   * @param size CSS pixels of its side
   * @throws Error when there is none
   */
  avatar(mxc: string, size: number): Promise<string> {
    const pixels = Math.ceil(size * (globalThis.devicePixelRatio || 1));
    return this.serverThumbnail(mxc, pixels, pixels, 'crop');
  }

  /**
   * A thumbnail that the homeserver makes of an unencrypted picture, as an object URL.
   * @param width device pixels
   */
  serverThumbnail(mxc: string, width: number, height: number, method: 'crop' | 'scale'): Promise<string> {
    const url = this.#client.mxcUrlToHttp(mxc, width, height, method, false, true, true);
    return url === null ? Promise.reject(new Error('not an mxc address')) : this.#fetchOnce(url);
  }

  /**
   * Loads a file, opens it if it is encrypted, and keeps it for the next one who asks.
   * @throws MediaError; DOMException `AbortError` after `signal`
   */
  async load(source: MediaSource, onProgress?: OnProgress, signal?: AbortSignal): Promise<LoadedMedia> {
    const mxc = this.#moved.get(source.mxc) ?? source.mxc;
    const known = this.#entries.get(mxc);
    if (known) {
      this.#entries.delete(mxc);
      this.#entries.set(mxc, known);
      return this.#hold(known);
    }
    signal?.throwIfAborted();
    if ((source.size ?? 0) > MAX_LOAD_BYTES) throw new MediaError('too-large');
    const loading = this.#loading.get(source.mxc) ?? this.#begin(source);
    loading.waiting++;
    if (onProgress) loading.listeners.add(onProgress);
    const { promise: given, reject: giveUp } = Promise.withResolvers<never>();
    const onAbort = (): void => {
      giveUp(new DOMException('aborted', 'AbortError'));
    };
    signal?.addEventListener('abort', onAbort);
    try {
      return this.#hold(await Promise.race([loading.work, given]));
    } finally {
      signal?.removeEventListener('abort', onAbort);
      if (onProgress) loading.listeners.delete(onProgress);
      // The last one who waited has gone.
      if (--loading.waiting === 0) loading.abort.abort();
    }
  }

  /**
   * Saves a file under a name, as the browser saves downloads.
   * @throws MediaError
   */
  async save(
    source: MediaSource,
    name: string,
    onProgress?: OnProgress,
    signal?: AbortSignal,
  ): Promise<void> {
    const loaded = await this.load(source, onProgress, signal);
    const link = document.createElement('a');
    link.href = loaded.url;
    // Control and direction characters would let a name show another ending than it has.
    link.download = name.replaceAll(/[\p{Cc}\p{Cf}\\/]/gu, '_').slice(0, 200) || 'file';
    link.click();
    // The browser reads the URL after this turn.
    setTimeout(loaded.release, 60_000);
  }

  /** Puts a file of this device into the cache, under the address it has or will have. */
  keep(mxc: string, blob: Blob): void {
    if (this.#entries.has(mxc)) return;
    const safe = blob.slice(0, blob.size, safeType(blob.type));
    this.#remember(mxc, { url: URL.createObjectURL(safe), blob: safe, holders: 0 });
  }

  /** A kept file has got another address: who shows it goes on with the same URL. */
  move(from: string, to: string): void {
    const entry = this.#entries.get(from);
    if (!entry || this.#entries.has(to)) return;
    this.#entries.delete(from);
    this.#entries.set(to, entry);
    this.#moved.set(from, to);
  }

  /** Whether two addresses are of one file, as {@link Media.move} told. */
  isSame(one: string, other: string): boolean {
    return (this.#moved.get(one) ?? one) === (this.#moved.get(other) ?? other);
  }

  /** Largest upload the homeserver takes, in bytes; undefined: it does not say, or cannot be asked now. */
  uploadLimit(): Promise<number | undefined> {
    if (this.#limit === undefined || Date.now() - this.#limit.at > LIMIT_MS) {
      const bytes = this.#client.getMediaConfig(true).then(
        (config) => config['m.upload.size'],
        () => {
          this.#limit = undefined;
          return undefined;
        },
      );
      this.#limit = { at: Date.now(), bytes };
    }
    return this.#limit.bytes;
  }

  /**
   * Uploads bytes; answers their mxc address.
   * @throws MatrixError, ConnectionError of the SDK; DOMException `AbortError` after `signal`
   */
  async upload(
    data: Blob,
    options: { name?: string; type: string; onProgress?: OnProgress; signal?: AbortSignal },
  ): Promise<string> {
    const abort = new AbortController();
    const stop = (): void => {
      abort.abort();
    };
    options.signal?.throwIfAborted();
    options.signal?.addEventListener('abort', stop);
    try {
      // The SDK uploads by a request that does not renew the token by itself.
      await this.#tokens.fresh();
      const answer = await this.#client.uploadContent(data, {
        type: options.type,
        includeFilename: options.name !== undefined,
        ...(options.name === undefined ? {} : { name: options.name }),
        abortController: abort,
        progressHandler: ({ loaded, total }) => options.onProgress?.(loaded, total),
      });
      return answer.content_uri;
    } finally {
      options.signal?.removeEventListener('abort', stop);
    }
  }

  #begin(source: MediaSource): Loading {
    const abort = new AbortController();
    const listeners = new Set<OnProgress>();
    const tell: OnProgress = (done, total) => {
      for (const listener of listeners) listener(done, total);
    };
    const work = this.#load(source, tell, abort.signal).finally(() => this.#loading.delete(source.mxc));
    const loading: Loading = { work, abort, listeners, waiting: 0 };
    this.#loading.set(source.mxc, loading);
    work.catch(() => undefined);
    return loading;
  }

  async #load(source: MediaSource, tell: OnProgress, signal: AbortSignal): Promise<Entry> {
    const raw = await this.#bytes(source, tell, signal);
    let data: BlobPart = raw;
    if (source.file) {
      data = await decryptFile(await raw.arrayBuffer(), source.file).catch(() => {
        throw new MediaError('broken');
      });
    }
    const plain = new Blob([data]);
    const blob = plain.slice(0, plain.size, await shownTypeOf(plain, source.mimetype ?? raw.type));
    if (blob.type.startsWith('image/')) {
      // Dimensions come within the first kilobytes, but a JPEG's colour profile may be before them.
      const size = statedSize(new Uint8Array(await blob.slice(0, 256 * 1024).arrayBuffer()));
      if (size && size.width * size.height > MAX_PIXELS) throw new MediaError('too-large');
    }
    const entry: Entry = { url: URL.createObjectURL(blob), blob, holders: 0 };
    this.#remember(source.mxc, entry);
    return entry;
  }

  async #bytes(source: MediaSource, tell: OnProgress, signal: AbortSignal): Promise<Blob> {
    const url = this.#client.mxcUrlToHttp(source.mxc, undefined, undefined, undefined, false, true, true);
    if (url === null) throw new MediaError('missing');
    let answer: Response;
    try {
      answer = await this.#tokens.fetch(url, { headers: this.#authorization(), signal });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new MediaError('unreachable');
    }
    if (answer.status === 404 || answer.status === 403) throw new MediaError('missing');
    if (!answer.ok || !answer.body) throw new MediaError('unreachable');
    const length = Number(answer.headers.get('content-length') ?? NaN);
    const total = Number.isFinite(length) ? length : source.size;
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let done = 0;
    try {
      for await (const part of answer.body) {
        done += part.byteLength;
        if (done > MAX_LOAD_BYTES) throw new MediaError('too-large');
        parts.push(part);
        tell(done, total);
      }
    } catch (error) {
      if (signal.aborted || error instanceof MediaError) throw error;
      throw new MediaError('unreachable');
    }
    return new Blob(parts, { type: answer.headers.get('content-type') ?? '' });
  }

  #hold(entry: Entry): LoadedMedia {
    entry.holders++;
    let held = true;
    return {
      url: entry.url,
      blob: entry.blob,
      release: () => {
        if (!held) return;
        held = false;
        entry.holders--;
        this.#tidy();
      },
    };
  }

  #remember(mxc: string, entry: Entry): void {
    this.#entries.set(mxc, entry);
    this.#tidy(mxc);
  }

  /** Forgets files that nobody shows, beyond what is kept; `except` has just come and will be asked for. */
  #tidy(except?: string): void {
    let idle = 0;
    for (const entry of this.#entries.values()) if (entry.holders === 0) idle += entry.blob.size;
    for (const [mxc, entry] of this.#entries) {
      if (idle <= KEPT_BYTES) return;
      if (entry.holders > 0 || mxc === except) continue;
      idle -= entry.blob.size;
      this.#entries.delete(mxc);
      URL.revokeObjectURL(entry.url);
    }
  }

  #authorization(): Record<string, string> {
    return { authorization: `Bearer ${this.#client.getAccessToken() ?? ''}` };
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
    const answer = await this.#tokens.fetch(url, { headers: this.#authorization() });
    if (!answer.ok) throw new Error(`media: ${String(answer.status)}`);
    const blob = await answer.blob();
    // Another homeserver may answer with any type.
    return URL.createObjectURL(blob.slice(0, blob.size, await shownTypeOf(blob)));
  }
}
