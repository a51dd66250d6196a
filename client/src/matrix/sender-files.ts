import { decryptFile, encryptFile, parseEncryptedFile } from './media-crypto.ts';
import type { Media } from './media.ts';
import type { SealedStore } from './outbox-store.ts';
import type { OutboxItem, OutboxUpload } from './outbox-types.ts';
import { withAddress, type Content } from './sender-content.ts';

/** A file that is ready to be sent. */
export interface FileToSend {
  /** `m.image`, `m.file`, …; without addresses. */
  readonly content: Content;
  readonly name: string;
  readonly file: Blob;
  readonly thumbnail?: Blob | undefined;
}

/** What a file is called in a message until it is uploaded. */
const localAddress = (blob: string): string => `mxc://local.invalid/${blob}`;

interface SenderFilesEvents {
  readonly onStorageFailed: () => void;
  readonly onProgress: () => void;
}

/** The files of messages in the send queue: kept, shown from here, uploaded. */
export class SenderFiles {
  readonly #media: Media;
  readonly #store: SealedStore;
  readonly #events: SenderFilesEvents;
  /** By transaction id: the share that is uploaded. */
  readonly #progress = new Map<string, number>();
  /** Bytes to upload, in memory too: the storage may refuse them. */
  readonly #bytes = new Map<string, ArrayBuffer>();

  constructor(media: Media, store: SealedStore, events: SenderFilesEvents) {
    this.#media = media;
    this.#store = store;
    this.#events = events;
  }

  /** Puts a file and its thumbnail into a message, encrypted where its conversation is, and keeps their bytes. */
  async attach(item: OutboxItem, given: FileToSend, encrypted: boolean): Promise<OutboxItem> {
    let content: Content = item.content;
    const uploads: OutboxUpload[] = [];
    for (const part of ['thumbnail', 'file'] as const) {
      const blob = given[part];
      if (!blob) continue;
      const key = `${item.txnId}-${part}`;
      const plain = await blob.arrayBuffer();
      let bytes = plain;
      if (encrypted) {
        const sealed = await encryptFile(plain);
        bytes = sealed.data;
        content =
          part === 'file'
            ? { ...content, file: sealed.file }
            : { ...content, info: { ...(content['info'] as object), thumbnail_file: sealed.file } };
      }
      content = withAddress(content, part, localAddress(key));
      this.#media.keep(localAddress(key), blob);
      this.#bytes.set(key, bytes);
      uploads.push({
        blob: key,
        part,
        name: part === 'file' ? given.name : '',
        type: encrypted ? 'application/octet-stream' : blob.type || 'application/octet-stream',
        size: bytes.byteLength,
      });
      // Its item is in memory whether the storage takes the bytes or not.
      await this.#store.putBytes(key, bytes).catch(this.#events.onStorageFailed);
    }
    this.#progress.set(item.txnId, 0);
    return { ...item, content, uploads };
  }

  /** Shows a file again whose upload an earlier page began. */
  async showAgain(item: OutboxItem, upload: OutboxUpload): Promise<void> {
    const bytes = await this.#bytesOf(upload);
    if (!bytes) return;
    const info = item.content['info'] as Content | undefined;
    const key = upload.part === 'file' ? item.content['file'] : info?.['thumbnail_file'];
    const type = upload.part === 'file' ? info?.['mimetype'] : 'image/jpeg';
    const encrypted = parseEncryptedFile(key);
    const plain = encrypted ? await decryptFile(bytes, encrypted).catch(() => undefined) : bytes;
    if (plain)
      this.#media.keep(
        localAddress(upload.blob),
        new Blob([plain], { type: typeof type === 'string' ? type : '' }),
      );
  }

  /**
   * Uploads a file; answers its address, or undefined when its bytes are lost.
   * @throws what {@link Media.upload} throws
   */
  async upload(item: OutboxItem, upload: OutboxUpload, signal: AbortSignal): Promise<string | undefined> {
    const bytes = await this.#bytesOf(upload);
    if (!bytes) return undefined;
    const total = (item.uploads ?? []).reduce((sum, each) => sum + each.size, 0);
    const before = (item.uploads ?? []).reduce(
      (sum, each) => sum + (each.mxc === undefined ? 0 : each.size),
      0,
    );
    // The name of an encrypted file is in its event alone.
    const named = item.content['file'] === undefined && upload.name !== '';
    const mxc = await this.#media.upload(new Blob([bytes]), {
      type: upload.type,
      ...(named ? { name: upload.name } : {}),
      signal,
      onProgress: (done) => {
        this.#progress.set(item.txnId, total === 0 ? 1 : Math.min(1, (before + done) / total));
        this.#events.onProgress();
      },
    });
    // Shown from here, not fetched again.
    this.#media.move(localAddress(upload.blob), mxc);
    return mxc;
  }

  /** Share of a message's files that is uploaded, 0 to 1. */
  progressOf(item: OutboxItem): number {
    const uploads = item.uploads ?? [];
    if (uploads.every((upload) => upload.mxc !== undefined)) return 1;
    return this.#progress.get(item.txnId) ?? 0;
  }

  /** The message is gone from the queue. */
  forget(txnId: string): void {
    this.#progress.delete(txnId);
    for (const part of ['file', 'thumbnail']) this.#bytes.delete(`${txnId}-${part}`);
  }

  async #bytesOf(upload: OutboxUpload): Promise<ArrayBuffer | undefined> {
    return this.#bytes.get(upload.blob) ?? (await this.#store.getBytes(upload.blob).catch(() => undefined));
  }
}
