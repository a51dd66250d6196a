/* What the homeserver's refusals (client-server API, error codes) and the send queue's own mean to a person. */

const KEYS: Readonly<Record<string, string>> = {
  M_FORBIDDEN: 'forbidden',
  M_GUEST_ACCESS_FORBIDDEN: 'forbidden',
  M_USER_SUSPENDED: 'suspended',
  M_USER_LOCKED: 'suspended',
  M_NOT_FOUND: 'gone',
  M_TOO_LARGE: 'too_large',
  M_RESOURCE_LIMIT_EXCEEDED: 'full',
  'encrypted-meanwhile': 'encrypted_meanwhile',
  'file-lost': 'file_lost',
  unexpected: 'unexpected',
};

/** Key of the text below `room:refused`, for a code. */
export const reasonKey = (reason: string): string =>
  (Object.hasOwn(KEYS, reason) ? KEYS[reason] : undefined) ?? 'other';

/** Whether the same may work when it is sent again. */
export const mayRetry = (reason: string): boolean =>
  !['M_TOO_LARGE', 'encrypted-meanwhile', 'file-lost'].includes(reason);
