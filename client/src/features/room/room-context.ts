import type { RoomRef } from '@qiao/ui-kit';
import { createContext, use } from 'react';
import type { ComposeTarget } from '../../matrix/compose-target.ts';
import type { TimelineStore } from '../../matrix/timeline-store.ts';

/** What the messages of one timeline are shown in. */
export interface InRoom {
  readonly roomId: string;
  readonly threadId: string | undefined;
  readonly ref: RoomRef;
  readonly store: TimelineStore;
  readonly target: ComposeTarget;
  /** What a person is called here, or elsewhere; undefined: not known. */
  readonly nameOf: (userId: string) => string | undefined;
  /** Opens the thread below a message. */
  readonly openThread: (eventId: string) => void;
}

export const RoomContext = createContext<InRoom | undefined>(undefined);

/** The conversation around. @throws Error outside of one */
export function useRoom(): InRoom {
  const room = use(RoomContext);
  if (!room) throw new Error('RoomContext is missing');
  return room;
}
