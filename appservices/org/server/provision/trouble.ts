import { MatrixError, MatrixUnreachableError } from '@qiao/platform/matrix';

/** True for failures of the homeserver as a whole, which pass: down, overloaded, restarting, our token not known yet. */
export function isTrouble(error: unknown): boolean {
  if (error instanceof MatrixUnreachableError) return true;
  if (!(error instanceof MatrixError)) return false;
  if (error.status === 429 || error.status >= 500 || error.status === 401) return true;
  // The module's API as a whole is closed (its token file is missing or not ours), or not loaded.
  return error.route.startsWith('module ') && (error.errcode === 'M_UNRECOGNIZED' || isTokenRefused(error));
}

const isTokenRefused = (error: MatrixError): boolean =>
  error.status === 403 && error.message.includes('token');

const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']);

/** True where the database went away or restarts: class 57P, class 08, or the connection broke. */
export function isDatabaseTrouble(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && (code.startsWith('57P') || code.startsWith('08'))) return true;
  if (typeof code === 'string' && CONNECTION_CODES.has(code)) return true;
  return (
    typeof message === 'string' &&
    /connection (terminated|timeout|ended)|timeout exceeded when trying to connect/i.test(message)
  );
}
