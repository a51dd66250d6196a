import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { EncryptedFile } from '@qiao/matrix-types';
import { BotError } from './errors.ts';

/** Everything of an encrypted attachment but its address. */
export type AttachmentKey = Omit<EncryptedFile, 'url'>;

const KEY_BYTES = 32;
/** Random half of the counter block; the other half counts blocks from zero. */
const NONCE_BYTES = 8;
const BLOCK_BYTES = 16;

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

/**
 * Encrypts a file as it streams by (AES-256-CTR, SHA-256 of the ciphertext; client-server API, "Sending encrypted
 * attachments"). Each call has its own key, so a second try with other bytes never shares a key stream.
 * `key` is there once `stream` has ended.
 */
export function encryptStream(source: AsyncIterable<Uint8Array>): {
  stream: AsyncIterable<Uint8Array>;
  key: () => AttachmentKey;
} {
  const secret = randomBytes(KEY_BYTES);
  const iv = Buffer.concat([randomBytes(NONCE_BYTES), Buffer.alloc(BLOCK_BYTES - NONCE_BYTES)]);
  const cipher = createCipheriv('aes-256-ctr', secret, iv);
  const hash = createHash('sha256');
  let digest: Buffer | undefined;
  async function* run(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      const sealed = cipher.update(chunk);
      hash.update(sealed);
      if (sealed.length > 0) yield sealed;
    }
    const rest = cipher.final();
    hash.update(rest);
    if (rest.length > 0) yield rest;
    digest = hash.digest();
  }
  return {
    stream: run(),
    key: () => {
      if (digest === undefined) throw new Error('the file was not read to its end');
      return {
        v: 'v2',
        key: {
          kty: 'oct',
          alg: 'A256CTR',
          k: secret.toString('base64url'),
          key_ops: ['encrypt', 'decrypt'],
          ext: true,
        },
        iv: unpadded(iv),
        hashes: { sha256: unpadded(digest) },
      };
    },
  };
}

/**
 * Decrypts a file as it streams by. The last step throws `BotError('bad_file')` if the bytes are not those the sender
 * meant: use nothing of it before the stream has ended.
 */
export async function* decryptStream(
  source: AsyncIterable<Uint8Array>,
  file: AttachmentKey,
): AsyncGenerator<Uint8Array> {
  const secret = Buffer.from(file.key.k, 'base64url');
  const iv = Buffer.from(file.iv, 'base64');
  const expected = Buffer.from(file.hashes.sha256, 'base64');
  if (secret.length !== KEY_BYTES || iv.length !== BLOCK_BYTES)
    throw new BotError('bad_file', 'bad key of a file');
  const decipher = createDecipheriv('aes-256-ctr', secret, iv);
  const hash = createHash('sha256');
  for await (const chunk of source) {
    hash.update(chunk);
    yield decipher.update(chunk);
  }
  const digest = hash.digest();
  if (expected.length !== digest.length || !timingSafeEqual(expected, digest)) {
    throw new BotError('bad_file', 'the file is not the one that was sent');
  }
}
