import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { TestStackInfo } from './stack.ts';
import { login, type TestUser } from './users.ts';

/* People who can read, without a client: cheap enough for whole companies. */

/** Accounts made ready at once. */
const AT_ONCE = 8;
/** A password for those whom no test signs in by hand. */
const PASSWORD = 'Radfahren-im-Regen-7';

const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
const rawKey = (key: KeyObject): string =>
  base64(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'));

/** Uploads signed identity keys for the device a user is signed in with, as every client does at its first start. */
export async function uploadKeys(user: TestUser): Promise<void> {
  const { userId, deviceId } = user;
  const signing = generateKeyPairSync('ed25519');
  // In the order of canonical JSON, which is what is signed.
  const keys = {
    algorithms: ['m.olm.v1.curve25519-aes-sha2', 'm.megolm.v1.aes-sha2'],
    device_id: deviceId,
    keys: {
      [`curve25519:${deviceId}`]: rawKey(generateKeyPairSync('x25519').publicKey),
      [`ed25519:${deviceId}`]: rawKey(signing.publicKey),
    },
    user_id: userId,
  };
  const signature = base64(sign(null, Buffer.from(JSON.stringify(keys)), signing.privateKey));
  const signatures = { [userId]: { [`ed25519:${deviceId}`]: signature } };
  await user.request('POST', '/v3/keys/upload', { device_keys: { ...keys, signatures } });
}

/**
 * Gives accounts of the directory a password and a first device with keys, in the order given. What activation writes
 * in the directory is not done: use a link where that matters.
 */
export async function activatePeople(
  stack: Pick<TestStackInfo, 'homeserverUrl' | 'moduleToken'>,
  userIds: readonly string[],
  password = PASSWORD,
): Promise<TestUser[]> {
  const users: TestUser[] = [];
  const one = async (userId: string): Promise<TestUser> => {
    const answer = await fetch(`${stack.homeserverUrl}/_synapse/client/qiao/v1/accounts/password`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.moduleToken}` },
      body: JSON.stringify({ user_id: userId, password, logout_devices: false }),
    });
    if (!answer.ok) throw new Error(`${userId}: ${String(answer.status)} ${await answer.text()}`);
    const user = await login(stack.homeserverUrl, userId, password);
    await uploadKeys(user);
    return user;
  };
  for (let at = 0; at < userIds.length; at += AT_ONCE)
    users.push(...(await Promise.all(userIds.slice(at, at + AT_ONCE).map(one))));
  return users;
}
