import type { MatrixClient } from 'matrix-js-sdk';
import {
  decodeRecoveryKey,
  deriveRecoveryKeyFromPassphrase,
  type VerificationRequest,
} from 'matrix-js-sdk/lib/crypto-api';

/** How the keys can be had back: not, by the recovery key, or by it and by the passphrase it was made of. */
export type RecoveryKind = 'none' | 'key' | 'passphrase';

/** A request older than this is not shown: the other side has given up, in milliseconds (as the specification says). */
const TOO_OLD_MS = 10 * 60_000;

/** Most rounds of a passphrase's key that are worked off here; an account's data could ask for any number. */
const MOST_ROUNDS = 10_000_000;

/** How the key is made of a passphrase, if it is; the account's data can hold anything. */
function passphraseOf(info: object): { salt: string; iterations: number } | undefined {
  const { passphrase } = info as { passphrase?: unknown };
  if (typeof passphrase !== 'object' || passphrase === null) return undefined;
  const { algorithm, salt, iterations } = passphrase as Record<string, unknown>;
  return algorithm === 'm.pbkdf2' &&
    typeof salt === 'string' &&
    typeof iterations === 'number' &&
    iterations > 0 &&
    iterations <= MOST_ROUNDS
    ? { salt, iterations }
    : undefined;
}

/** Whether the account has a recovery key, and of what kind. */
export async function recoveryKeyKind(client: MatrixClient): Promise<RecoveryKind> {
  const found = await client.secretStorage.getKey();
  if (!found) return 'none';
  return passphraseOf(found[1]) ? 'passphrase' : 'key';
}

/** A recovery key out of what was typed or read from a file: spaces and lines do not matter; undefined: it is none. */
export function decodeTyped(typed: string): Uint8Array<ArrayBuffer> | undefined {
  const candidates = [
    typed,
    // The file that is offered for saving has words around the key.
    ...typed.split(/\r?\n/),
  ].map((each) => each.replace(/[\s\u00a0]+/g, ''));
  for (const candidate of candidates) {
    if (!/^[1-9A-HJ-NP-Za-km-z]{40,70}$/.test(candidate)) continue;
    try {
      return decodeRecoveryKey(candidate);
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

/** The key of the secret storage out of a recovery key or passphrase; undefined: it is not the right one. */
export async function keyFrom(
  client: MatrixClient,
  typed: string,
): Promise<{ id: string; key: Uint8Array<ArrayBuffer> } | undefined> {
  const found = await client.secretStorage.getKey();
  if (!found) return undefined;
  const [id, info] = found;
  const check = async (key: Uint8Array<ArrayBuffer>) =>
    (await client.secretStorage.checkKey(key, info)) ? { id, key } : undefined;
  const decoded = decodeTyped(typed);
  const right = decoded && (await check(decoded));
  if (right) return right;
  const passphrase = passphraseOf(info);
  if (!passphrase) return undefined;
  return check(await deriveRecoveryKeyFromPassphrase(typed, passphrase.salt, passphrase.iterations));
}

/** Whether a request that came in is still worth showing. */
export const isNewer = (request: VerificationRequest): boolean =>
  request.timeout === null || (request.timeout > 0 && request.timeout <= TOO_OLD_MS);
