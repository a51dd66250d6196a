/*
 * Whether a device is probably signed in here: a mark beside the vault, which is asked too late to tell what to load.
 * The page's first script reads it, too (`pwa/first-paint.ts`). It is a guess: nothing depends on it but time.
 */

const MARK = 'qiao.here';

/** A device was signed in here when this was last told. */
export const isExpected = (): boolean => {
  try {
    return localStorage.getItem(MARK) !== null;
  } catch {
    // Storage may be denied.
    return false;
  }
};

export const expectDevice = (here: boolean): void => {
  try {
    if (here) localStorage.setItem(MARK, '');
    else localStorage.removeItem(MARK);
  } catch {
    // Storage may be denied, or full.
  }
};
