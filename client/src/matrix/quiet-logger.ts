import type { Logger } from 'matrix-js-sdk/lib/logger';

const silent = (): void => undefined;
const say = (...message: unknown[]): void => {
  // Operators ask people for the browser's console; the SDK's warnings carry ids, never content.
  // eslint-disable-next-line no-console
  console.warn(...message);
};

/** The SDK's log without its steps: warnings and errors only. */
export const quietLogger: Logger = {
  trace: silent,
  debug: silent,
  info: silent,
  warn: say,
  error: say,
  getChild: () => quietLogger,
};
