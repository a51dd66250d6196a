import type { RoomEntry } from './rooms-entry.ts';
import type { RoomsStore } from './rooms.ts';
import type { Vault } from './vault.ts';

/*
 * The newest conversations as they were last shown, sealed with the session: the next page shows them while it still
 * reads the stored sync, which takes the longer the more conversations there are.
 */

/** More than a tall window shows. */
const KEPT = 40;
/** Changes within this time are written together, milliseconds. */
const GATHER_MS = 3000;
/** Of what is kept; another one is not read. */
const FORM = 1;

/** Shows what was kept until the stored sync is read. */
export async function showKept(
  store: Pick<RoomsStore, 'foresee'>,
  userId: string,
  vault: Pick<Vault, 'rooms'>,
): Promise<void> {
  const kept = await vault.rooms().catch(() => undefined);
  if (kept?.form === FORM && kept.userId === userId) store.foresee(kept.rooms);
}

/** Keeps the list as it changes; answers what ends it. */
export function keepRooms(
  store: Pick<RoomsStore, 'getSnapshot' | 'subscribe'>,
  userId: string,
  vault: Pick<Vault, 'saveRooms'>,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = (): void => {
    timer = undefined;
    const rooms = store
      .getSnapshot()
      .rooms.filter(({ invitation }) => invitation === undefined)
      .slice(0, KEPT)
      .map((entry): RoomEntry => ({ ...entry, online: false, typing: [] }));
    // Without storage the next page shows the list a little later.
    vault.saveRooms({ form: FORM, userId, rooms }).catch(() => undefined);
  };
  const end = store.subscribe(() => {
    if (store.getSnapshot().ready) timer ??= setTimeout(write, GATHER_MS);
  });
  return () => {
    clearTimeout(timer);
    end();
  };
}
