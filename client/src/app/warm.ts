import { Chats, KeysHost, ReadingLines } from './pages.ts';
import { Shell } from './views.ts';

let warming = false;

/** Loads what comes after the sign-in while the person types: the session, the encryption, the first pages. */
export function warm(): void {
  if (warming) return;
  warming = true;
  // What could not be had is asked for again when it is needed.
  void import('../matrix/session.ts').then(({ warmUp }) => warmUp()).catch(() => undefined);
  for (const page of [Shell, Chats, KeysHost, ReadingLines]) void page.preload();
}
