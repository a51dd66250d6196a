/** Codes of Node under which a connection cannot be made or breaks off. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/**
 * PostgreSQL's: shut down, crashed, starting up or in recovery, and written to before a standby has taken over
 * (appendix A of its manual). Class 08 is added below.
 */
const SERVER = new Set(['57P01', '57P02', '57P03', '25006']);
/** pg gives these no code. */
const MESSAGES = [
  /^Connection terminated/,
  /^Client has encountered a connection error/,
  /^timeout exceeded when trying to connect/,
  /^timeout expired/,
];

/**
 * True for what the database says, or no longer says, while it is away for a moment: restarted, failing over, or not
 * there yet. What failed so is worth another try; anything else (a wrong password, a missing table) is not.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && (NETWORK.has(code) || SERVER.has(code) || /^08...$/.test(code)))
    return true;
  if (MESSAGES.some((pattern) => pattern.test(error.message))) return true;
  if (error instanceof AggregateError && error.errors.some(isDatabaseAway)) return true;
  return isDatabaseAway(error.cause);
}
