import { createContext } from 'react';
import type { RoomAsksViewModel } from './RoomAsksViewModel.ts';

/** Questions of the conversation around; undefined outside of one. */
export const AsksContext = createContext<RoomAsksViewModel | undefined>(undefined);
