import { useLocation } from 'react-router';

/** Address of a person's page. */
export const personPath = (userId: string): string => `/person/${encodeURIComponent(userId)}`;

/**
 * Address at which somebody is shown who is named on a page: in a conversation beside it, so that nobody loses what
 * is being read or written; elsewhere on the person's page.
 * @param pathname of the page
 */
export const personFrom = (pathname: string, userId: string): string =>
  pathname.startsWith('/room/')
    ? `${pathname}?panel=person&user=${encodeURIComponent(userId)}`
    : personPath(userId);

/** State of an address whose panel was opened over another panel: it leads back there. */
export const BESIDE = { beside: true };

/** {@link personFrom} the page that is shown. */
export function usePersonPath(): (userId: string) => string {
  const { pathname } = useLocation();
  return (userId) => personFrom(pathname, userId);
}
