import type { SignInPlace } from '@qiao/ui-kit';

/** The client, which has the origin to itself but for the console. */
export const PLACE: SignInPlace = { key: 'qiao.place', base: '/' };
