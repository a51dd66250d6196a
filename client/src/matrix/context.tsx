import { createContext, use } from 'react';
import type { MatrixSession } from './session.ts';

/** The running session; set by the application for everything below it. */
export const MatrixContext = createContext<MatrixSession | undefined>(undefined);

/** The running session. @throws Error outside of it */
export function useMatrix(): MatrixSession {
  const session = use(MatrixContext);
  if (!session) throw new Error('MatrixContext is missing');
  return session;
}
