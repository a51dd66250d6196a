/** A page that people sign in to; several share an origin and its storage. */
export interface SignInPlace {
  /** Under which the place is remembered. */
  readonly key: string;
  /** Path below which the page lies, with a slash at its beginning. */
  readonly base: string;
}

/** Remembers where single sign-on begins, to go back there. */
export function rememberPlace({ key }: SignInPlace): void {
  sessionStorage.setItem(key, location.pathname + location.search);
}

/**
 * Takes the token of a finished single sign-on from the address (`loginToken`, client-server API), and goes back to
 * the place it began. To be called before anything reads the address.
 */
export function takeLoginToken({ key, base }: SignInPlace): string | undefined {
  const here = new URL(location.href);
  const token = here.searchParams.get('loginToken');
  if (token === null) return undefined;
  here.searchParams.delete('loginToken');
  const place = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  history.replaceState(null, '', place?.startsWith(base) === true ? place : here.pathname + here.search);
  return token;
}
