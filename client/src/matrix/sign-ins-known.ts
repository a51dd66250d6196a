import type { MatrixClient } from 'matrix-js-sdk';

/*
 * The account's list of devices that the person has said to know. Whoever has the password alone can write account
 * data, and would name themselves in it: so it carries a proof by a key that only confirmed devices have, the one of
 * the backup.
 */

const INFO = new TextEncoder().encode('im.qiao.known_devices');

const base64 = (bytes: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(bytes)));

async function proofOf(client: MatrixClient, devices: readonly string[]): Promise<string | undefined> {
  const secret = await client.getCrypto()?.getSessionBackupPrivateKey();
  if (!secret) return undefined;
  const raw = await crypto.subtle.importKey('raw', new Uint8Array(secret), 'HKDF', false, ['deriveKey']);
  const key = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: INFO },
    raw,
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const text = JSON.stringify([client.getSafeUserId(), ...[...devices].sort()]);
  return base64(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text)));
}

/** The content that says which devices are known; undefined on a device that is not confirmed. */
export async function sealKnown(
  client: MatrixClient,
  devices: readonly string[],
): Promise<{ devices: readonly string[]; proof: string } | undefined> {
  const proof = await proofOf(client, devices);
  return proof === undefined ? undefined : { devices, proof };
}

/** The devices that a content names; none where the proof is not right or cannot be checked here. */
export async function knownIn(
  client: MatrixClient,
  content: Readonly<Record<string, unknown>> | undefined,
): Promise<readonly string[]> {
  const { devices, proof } = content ?? {};
  if (!Array.isArray(devices) || typeof proof !== 'string') return [];
  const ids = devices.filter((id): id is string => typeof id === 'string');
  return (await proofOf(client, ids)) === proof ? ids : [];
}
