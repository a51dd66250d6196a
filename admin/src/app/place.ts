import type { SignInPlace } from '@qiao/ui-kit';

/** The console, which shares its origin with the client. */
export const PLACE: SignInPlace = { key: 'qiao.console.place', base: '/admin' };
