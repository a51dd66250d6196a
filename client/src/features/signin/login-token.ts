const PLACE = 'qiao.place';

/** Remembers where single sign-on begins, to go back there. */
export function rememberPlace(): void {
  sessionStorage.setItem(PLACE, location.pathname + location.search);
}

/** Takes the token of a finished single sign-on from the address, and goes back to the place it began. */
export function takeLoginToken(): string | undefined {
  const here = new URL(location.href);
  const token = here.searchParams.get('loginToken');
  if (token === null) return undefined;
  here.searchParams.delete('loginToken');
  const place = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  history.replaceState(null, '', place?.startsWith('/') === true ? place : here.pathname + here.search);
  return token;
}
