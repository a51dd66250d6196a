import type { MatrixClient } from 'matrix-js-sdk';
import type { CryptoApi, UserVerificationStatus } from 'matrix-js-sdk/lib/crypto-api';
import { recoveryKeyKind, type RecoveryKind } from './encryption-recovery.ts';

/** What the keys of the person and of this device are like. */
export type KeysState =
  | 'checking'
  /** The person has no keys yet: nothing is backed up, other devices see nothing. */
  | 'not-set-up'
  /** The person has keys, this device is not confirmed with them. */
  | 'needs-verification'
  /** All there, but the person has not said that the recovery key is saved. */
  | 'recovery-unsaved'
  /** No recovery key, or it does not open all it should. */
  | 'no-recovery'
  /** No backup on the homeserver any more. */
  | 'backup-off'
  /** There is a backup, but not with the key that this device has. */
  | 'backup-broken'
  | 'ready';

/** How the identity of a person stands to this one. */
export type Trust =
  | 'unknown'
  | 'unverified'
  | 'verified'
  /** The identity is another than the one seen before. */
  | 'changed'
  /** It was verified, and is another now: nothing is sent until that is settled. */
  | 'verified-changed';

/** Of the account: whether the person has said that the recovery key is saved. */
const SAVED = 'im.qiao.recovery_key';

/** What the SDK knows of a person's identity, in our words. */
export const trustOf = (status: UserVerificationStatus): Trust => {
  if (status.isCrossSigningVerified()) return 'verified';
  if (status.wasCrossSigningVerified()) return 'verified-changed';
  if (status.needsUserApproval) return 'changed';
  return status.known ? 'unverified' : 'unknown';
};

/** How the person's keys stand, as far as this device knows. */
export interface KeysFound {
  readonly state: KeysState;
  /** This device is one of the person's confirmed ones. */
  readonly confirmed: boolean;
  /** The person has no other device with keys, confirmed or not. */
  readonly onlyDevice: boolean;
  /** Other confirmed devices. */
  readonly otherDevices: number;
  readonly recovery: RecoveryKind;
  readonly deviceNames: ReadonlyMap<string, string>;
}

/**
 * Looks how the person's keys stand, by local data where there is some.
 * @param askForKeys asks the homeserver whether the person has keys
 * @throws MatrixError when the homeserver does not answer
 */
export async function lookAt(
  client: MatrixClient,
  crypto: CryptoApi,
  askForKeys: () => Promise<boolean>,
): Promise<KeysFound> {
  const userId = client.getSafeUserId();
  const ownDevice = client.getDeviceId() ?? '';
  const hasIdentity = (await crypto.getCrossSigningStatus()).publicKeysOnDevice || (await askForKeys());
  const recovery = await recoveryKeyKind(client);
  const devices = (await crypto.getUserDeviceInfo([userId], true)).get(userId);
  const deviceNames = new Map<string, string>();
  let otherDevices = 0;
  let confirmed = false;
  for (const [id, device] of devices ?? []) {
    if (device.displayName !== undefined) deviceNames.set(id, device.displayName);
    const trust = await crypto.getDeviceVerificationStatus(userId, id);
    if (trust?.signedByOwner !== true) continue;
    if (id === ownDevice) confirmed = trust.crossSigningVerified;
    else if (!device.dehydrated) otherDevices += 1;
  }
  const state = !hasIdentity
    ? 'not-set-up'
    : confirmed
      ? await backupState(client, crypto, recovery)
      : 'needs-verification';
  const onlyDevice = [...(devices?.keys() ?? [])].every((id) => id === ownDevice);
  return { state, confirmed, onlyDevice, otherDevices, recovery, deviceNames };
}

async function backupState(
  client: MatrixClient,
  crypto: CryptoApi,
  recovery: RecoveryKind,
): Promise<KeysState> {
  if ((await crypto.getActiveSessionBackupVersion()) === null) {
    await crypto.checkKeyBackupAndEnable();
    if ((await crypto.getActiveSessionBackupVersion()) === null)
      return (await crypto.getKeyBackupInfo()) === null ? 'backup-off' : 'backup-broken';
  }
  const { ready, defaultKeyId } = await crypto.getSecretStorageStatus();
  if (!ready || recovery === 'none') return 'no-recovery';
  const said = client.getAccountData(SAVED as never)?.getContent<Record<string, unknown>>() ?? {};
  return said['key_id'] === defaultKeyId && said['saved'] === false ? 'recovery-unsaved' : 'ready';
}

/** Notes in the account whether the person has said that the recovery key of now is saved. */
export async function noteSaved(client: MatrixClient, saved: boolean): Promise<void> {
  const id = await client.secretStorage.getDefaultKeyId();
  await client.setAccountData(SAVED as never, { key_id: id, saved } as never);
}
