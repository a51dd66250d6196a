import { openIdToken, signIn, signOut, type OpenIdAnswer, type Proof } from '@qiao/ui-kit';

/** Signs in at the homeserver only to prove who it is: the device is gone again when this returns. @throws AuthError */
export async function prove(proof: Proof): Promise<OpenIdAnswer> {
  const device = await signIn('', proof, { name: 'Qiao console' });
  try {
    return await openIdToken(device);
  } finally {
    await signOut(device);
  }
}
