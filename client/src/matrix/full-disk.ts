import { isStorageTrouble } from './sender-outcome.ts';

/** Pauses before it is tried again, milliseconds; the last one for as long as it takes. */
const PAUSES_MS = [500, 1000, 2000, 5000] as const;
/** How often something else than a full disk is tried again. */
const OTHER_TRIES = 3;

/** What of the SDK's encryption takes the keys of a sync answer. */
interface Intake<Changes, Taken> {
  processSyncChanges: (changes: Changes) => Promise<Taken>;
}

/**
 * Holds the sync back while the disk is full. The SDK goes on when the keys of an answer cannot be stored, and the
 * homeserver forgets them with the next request: nobody would have them. While this waits, no request is made and no
 * token is stored, so that they are still there, for a page that is loaded anew too.
 * @param tell whether it waits, with each change
 * @returns what ends it: an answer that waits then is never taken
 */
export function holdWhileFull<Changes, Taken>(
  crypto: Intake<Changes, Taken>,
  tell: (held: boolean) => void,
  pause: (ms: number) => Promise<void>,
): () => void {
  const take = crypto.processSyncChanges.bind(crypto);
  let ended = false;
  const isOver = (): boolean => ended;
  crypto.processSyncChanges = async (changes) => {
    for (let tries = 0; ; tries++) {
      try {
        const taken = await take(changes);
        if (tries > 0) tell(false);
        return taken;
      } catch (error) {
        if (isOver()) break;
        const full = isStorageTrouble(error);
        if (!full && tries >= OTHER_TRIES) {
          tell(false);
          throw error;
        }
        if (full) tell(true);
      }
      await pause(PAUSES_MS[tries] ?? PAUSES_MS[PAUSES_MS.length - 1] ?? 0);
      if (isOver()) break;
    }
    // Whatever it answered, the SDK would take the answer for done, and store its token.
    return new Promise<never>(() => undefined);
  };
  return () => {
    ended = true;
  };
}
