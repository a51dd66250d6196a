/*
 * The file of message keys that Matrix clients exchange (client-server API, "Key exports"): version 1, salt, IV,
 * rounds, AES-CTR ciphertext, HMAC-SHA-256; keys by PBKDF2-SHA-512 of a passphrase; armoured in base64.
 */

const HEAD = '-----BEGIN MEGOLM SESSION DATA-----';
const TAIL = '-----END MEGOLM SESSION DATA-----';
const VERSION = 1;
const SALT = 16;
const IV = 16;
const MAC = 32;
const BEFORE = 1 + SALT + IV + 4;
/** Rounds of PBKDF2 of a file made here, as other clients make them. */
const ROUNDS = 500_000;
/** Most rounds of a file that is read: more would only keep the browser busy. */
const MOST_ROUNDS = 10_000_000;
const LINE = 96;

/** Why a file could not be read. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
  readonly why: 'not-a-key-file' | 'wrong-passphrase';

  constructor(why: KeyFileError['why']) {
    super(why);
    this.why = why;
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

async function keysOf(
  passphrase: string,
  salt: Bytes,
  rounds: number,
): Promise<{ aes: CryptoKey; mac: CryptoKey }> {
  const { subtle } = crypto;
  const base = await subtle.importKey('raw', new TextEncoder().encode(passphrase), 'PBKDF2', false, [
    'deriveBits',
  ]);
  const bits = await subtle.deriveBits(
    { name: 'PBKDF2', hash: 'SHA-512', salt, iterations: rounds },
    base,
    512,
  );
  return {
    aes: await subtle.importKey('raw', bits.slice(0, 32), 'AES-CTR', false, ['encrypt', 'decrypt']),
    mac: await subtle.importKey('raw', bits.slice(32), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
      'verify',
    ]),
  };
}

/** A key file of this text. @param rounds of PBKDF2 */
export async function sealKeyFile(
  text: string,
  passphrase: string,
  rounds: number = ROUNDS,
): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT));
  const iv = crypto.getRandomValues(new Uint8Array(IV));
  // Bit 63 is zero, for implementations whose counter has 64 bits.
  iv[8] = (iv[8] ?? 0) & 0x7f;
  const { aes, mac } = await keysOf(passphrase, salt, rounds);
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt(
      { name: 'AES-CTR', counter: iv, length: 64 },
      aes,
      new TextEncoder().encode(text),
    ),
  );
  const body = new Uint8Array(BEFORE + sealed.length);
  body[0] = VERSION;
  body.set(salt, 1);
  body.set(iv, 1 + SALT);
  new DataView(body.buffer).setUint32(1 + SALT + IV, rounds);
  body.set(sealed, BEFORE);
  const whole = new Uint8Array(body.length + MAC);
  whole.set(body);
  whole.set(new Uint8Array(await crypto.subtle.sign('HMAC', mac, body)), body.length);
  const lines = base64(whole).match(new RegExp(`.{1,${String(LINE)}}`, 'g')) ?? [];
  return [HEAD, ...lines, TAIL, ''].join('\n');
}

/** The text of a key file. @throws KeyFileError */
export async function openKeyFile(file: string, passphrase: string): Promise<string> {
  const whole = unarmour(file);
  const body = whole.slice(0, -MAC);
  const rounds = new DataView(whole.buffer).getUint32(1 + SALT + IV);
  if (whole[0] !== VERSION || rounds === 0 || rounds > MOST_ROUNDS) throw new KeyFileError('not-a-key-file');
  const { aes, mac } = await keysOf(passphrase, whole.slice(1, 1 + SALT), rounds);
  if (!(await crypto.subtle.verify('HMAC', mac, whole.slice(-MAC), body)))
    throw new KeyFileError('wrong-passphrase');
  const counter = whole.slice(1 + SALT, 1 + SALT + IV);
  const text = await crypto.subtle.decrypt({ name: 'AES-CTR', counter, length: 64 }, aes, body.slice(BEFORE));
  return new TextDecoder().decode(text);
}

function unarmour(file: string): Bytes {
  const from = file.indexOf(HEAD);
  const to = file.indexOf(TAIL);
  if (from < 0 || to < from) throw new KeyFileError('not-a-key-file');
  try {
    const letters = atob(file.slice(from + HEAD.length, to).replace(/\s+/g, ''));
    const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    if (bytes.length > BEFORE + MAC) return bytes;
  } catch {
    // Not base64.
  }
  throw new KeyFileError('not-a-key-file');
}

function base64(bytes: Bytes): string {
  const PIECE = 0x8000;
  let letters = '';
  for (let at = 0; at < bytes.length; at += PIECE)
    letters += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(letters);
}
