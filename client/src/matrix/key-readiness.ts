import type { CryptoApi } from 'matrix-js-sdk/lib/crypto-api';

/**
 * How many devices with keys people have. Of people this device follows it is known here; of others the homeserver
 * is asked.
 */
export async function devicesOf(
  crypto: CryptoApi,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (userIds.length === 0) return new Map();
  const all = await crypto.getUserDeviceInfo([...userIds], true);
  return new Map(
    userIds.map((userId) => [
      userId,
      [...(all.get(userId)?.values() ?? [])].filter((device) => !device.dehydrated).length,
    ]),
  );
}

/** How many devices of a person this device follows are signed by the person's identity: keys go to no other. */
export async function signedDevicesOf(crypto: CryptoApi, userId: string): Promise<number> {
  let signed = 0;
  for (const device of (await crypto.getUserDeviceInfo([userId])).get(userId)?.values() ?? []) {
    const trust = await crypto.getDeviceVerificationStatus(userId, device.deviceId);
    if (trust?.signedByOwner === true && !device.dehydrated) signed += 1;
  }
  return signed;
}

/** Whether the person's identity is another than the one seen before: then no keys go there or come from there. */
export async function isIdentityInDoubt(crypto: CryptoApi, userId: string): Promise<boolean> {
  const status = await crypto.getUserVerificationStatus(userId);
  return status.needsUserApproval || (status.wasCrossSigningVerified() && !status.isCrossSigningVerified());
}

/** Whether this device is signed by its person: without that nothing can be given. */
export async function isOwnDeviceSigned(
  crypto: CryptoApi,
  userId: string,
  deviceId: string,
): Promise<boolean> {
  return (await crypto.getDeviceVerificationStatus(userId, deviceId))?.crossSigningVerified === true;
}
