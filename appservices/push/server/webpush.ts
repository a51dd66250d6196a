import {
  createCipheriv,
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';

/* Web push by hand: message encryption (RFC 8291 over RFC 8188) and VAPID (RFC 8292), with Node's own cryptography. */

const CURVE = 'prime256v1';
const SALT_BYTES = 16;
const POINT_BYTES = 65;
const AUTH_BYTES = 16;
const RECORD_BYTES = 4096;
/** Every message has this length (bytes) before encryption: its size tells a push service nothing. */
export const PADDED_BYTES = 1024;
/** Validity of a VAPID token in seconds; at most a day (RFC 8292, 2). */
const TOKEN_SECONDS = 12 * 3600;

/** A browser's keys: `p256dh` (uncompressed point) and `auth` of a `PushSubscription`. */
export interface BrowserKeys {
  readonly p256dh: Buffer;
  readonly auth: Buffer;
}

/** Reads a browser's keys from base64url; undefined where they are none (the point has to be on the curve). */
export function readKeys(p256dh: string, auth: string): BrowserKeys | undefined {
  const keys = { p256dh: Buffer.from(p256dh, 'base64url'), auth: Buffer.from(auth, 'base64url') };
  if (keys.p256dh.length !== POINT_BYTES || keys.p256dh[0] !== 4 || keys.auth.length !== AUTH_BYTES)
    return undefined;
  try {
    createPublicKey({
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: keys.p256dh.subarray(1, 33).toString('base64url'),
        y: keys.p256dh.subarray(33).toString('base64url'),
      },
      format: 'jwk',
    });
    return keys;
  } catch {
    return undefined;
  }
}

const hkdf = (salt: Buffer, key: Buffer, info: Buffer | string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, info, bytes));

/**
 * Encrypts a message for a browser (`aes128gcm`, one record).
 * @param padded length before encryption in bytes; less than the message's: no padding
 * @param fixed the sender's key and salt, for the vector of RFC 8291
 */
export function encryptMessage(
  message: Buffer,
  keys: BrowserKeys,
  padded = PADDED_BYTES,
  fixed?: { readonly privateKey: Buffer; readonly salt: Buffer },
): Buffer {
  const sender = createECDH(CURVE);
  if (fixed) sender.setPrivateKey(fixed.privateKey);
  else sender.generateKeys();
  const salt = fixed?.salt ?? randomBytes(SALT_BYTES);
  const own = sender.getPublicKey();
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.p256dh, own]);
  const secret = hkdf(keys.auth, sender.computeSecret(keys.p256dh), info, 32);
  const key = hkdf(salt, secret, 'Content-Encoding: aes128gcm\0', 16);
  const nonce = hkdf(salt, secret, 'Content-Encoding: nonce\0', 12);
  // The delimiter of the last record, then padding.
  const plain = Buffer.concat([
    message,
    Buffer.from([2]),
    Buffer.alloc(Math.max(0, padded - message.length - 1)),
  ]);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(RECORD_BYTES, 0);
  head[4] = own.length;
  return Buffer.concat([salt, head, own, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Makes the signing key of an installation: PKCS #8, base64. Losing it ends every subscription. */
export function makeVapidKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: CURVE });
  return privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
}

/** Says to push services who sends (RFC 8292). */
export class Vapid {
  readonly #key: KeyObject;
  readonly #contact: string;
  /** The public key as browsers want it: an uncompressed point, base64url. */
  readonly publicKey: string;

  /** @param contact `mailto:` or `https:` address of the operator */
  constructor(key: string, contact: string) {
    this.#key = createPrivateKey({ key: Buffer.from(key, 'base64'), type: 'pkcs8', format: 'der' });
    this.#contact = contact;
    const { x = '', y = '' } = createPublicKey(this.#key).export({ format: 'jwk' });
    this.publicKey = Buffer.concat([
      Buffer.from([4]),
      Buffer.from(x, 'base64url'),
      Buffer.from(y, 'base64url'),
    ]).toString('base64url');
  }

  /** The `Authorization` header for a push service. */
  authorization(endpoint: string, now: Date): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ typ: 'JWT', alg: 'ES256' })}.${part({
      aud: new URL(endpoint).origin,
      exp: Math.floor(now.getTime() / 1000) + TOKEN_SECONDS,
      sub: this.#contact,
    })}`;
    const signature = sign('sha256', Buffer.from(text), { key: this.#key, dsaEncoding: 'ieee-p1363' });
    return `vapid t=${text}.${signature.toString('base64url')}, k=${this.publicKey}`;
  }
}
