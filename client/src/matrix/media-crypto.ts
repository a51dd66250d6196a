/*
 * Encrypted attachments (client-server API, "Sending encrypted attachments", EncryptedFile v2): AES-CTR with 256
 * bits, the SHA-256 of the ciphertext, everything in unpadded base64.
 */

/** Where an encrypted file lies and how it is opened; `m.room.message` content's `file`. */
export interface EncryptedFile {
  readonly url: string;
  readonly v: 'v2';
  readonly key: {
    readonly alg: 'A256CTR';
    readonly ext: true;
    readonly k: string;
    readonly key_ops: readonly string[];
    readonly kty: 'oct';
  };
  /** 16 bytes: 8 random ones, 8 of the counter, which begins with zero. */
  readonly iv: string;
  readonly hashes: { readonly sha256: string };
}

const IV_BYTES = 16;
const IV_RANDOM_BYTES = 8;
/** Bits of the initialisation vector that count blocks. */
const COUNTER_BITS = 64;

/** The file's bytes are not those that were sent. */
export class BrokenFileError extends Error {}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const toBase64 = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')).replace(/=+$/, '');

/** The usual alphabet without padding: some clients write the URL-safe one, some pad. */
const plainBase64 = (text: string): string =>
  text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(plainBase64(text)), (letter) => letter.charCodeAt(0));

/** The `file` of an event's content, or undefined where it is none that can be opened. */
export function parseEncryptedFile(value: unknown): EncryptedFile | undefined {
  const { url, key, iv, hashes, v } = record(value);
  const { k, alg } = record(key);
  const { sha256 } = record(hashes);
  if (typeof url !== 'string' || !url.startsWith('mxc://')) return undefined;
  if (typeof k !== 'string' || typeof iv !== 'string' || typeof sha256 !== 'string') return undefined;
  if (v !== 'v2' || (alg !== undefined && alg !== 'A256CTR')) return undefined;
  return {
    url,
    v: 'v2',
    key: { alg: 'A256CTR', ext: true, k, key_ops: ['encrypt', 'decrypt'], kty: 'oct' },
    iv,
    hashes: { sha256 },
  };
}

const importKey = (k: string, use: KeyUsage): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', fromBase64(k), { name: 'AES-CTR' }, false, [use]);

const digest = async (data: BufferSource): Promise<string> =>
  toBase64(new Uint8Array(await crypto.subtle.digest('SHA-256', data)));

/** Encrypts a file under a key of its own; where it lies (`url`) is known after the upload. */
export async function encryptFile(
  data: BufferSource,
): Promise<{ data: ArrayBuffer; file: Omit<EncryptedFile, 'url'> }> {
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const iv = new Uint8Array(IV_BYTES);
  crypto.getRandomValues(iv.subarray(0, IV_RANDOM_BYTES));
  const k = toBase64(raw).replaceAll('+', '-').replaceAll('/', '_');
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-CTR', counter: iv, length: COUNTER_BITS },
    await importKey(k, 'encrypt'),
    data,
  );
  return {
    data: sealed,
    file: {
      v: 'v2',
      key: { alg: 'A256CTR', ext: true, k, key_ops: ['encrypt', 'decrypt'], kty: 'oct' },
      iv: toBase64(iv),
      hashes: { sha256: await digest(sealed) },
    },
  };
}

/**
 * Opens an encrypted file.
 * @throws BrokenFileError when the bytes are not those that were sent, or key or vector are malformed
 */
export async function decryptFile(
  data: BufferSource,
  file: Pick<EncryptedFile, 'key' | 'iv' | 'hashes'>,
): Promise<ArrayBuffer> {
  if ((await digest(data)) !== plainBase64(file.hashes.sha256)) throw new BrokenFileError('hash');
  try {
    return await crypto.subtle.decrypt(
      { name: 'AES-CTR', counter: fromBase64(file.iv), length: COUNTER_BITS },
      await importKey(file.key.k, 'decrypt'),
      data,
    );
  } catch {
    throw new BrokenFileError('key');
  }
}
