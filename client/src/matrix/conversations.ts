import type { Conversation, RenewConversation, StartConversation } from '@qiao/org/contract';
import { endpoint, type ApiClient } from '@qiao/ui-kit';
import type { Static } from 'typebox';

const start = endpoint<{ body: StartConversation; answer: Conversation }>('POST', '/api/org/conversations');
const renew = endpoint<{ body: Static<typeof RenewConversation>; answer: Conversation }>(
  'POST',
  '/api/org/conversations/renew',
);

/** The one call by which conversations are made: never by this client (ADR 98). All throw `ApiError`. */
export interface Conversations {
  /** @param key of a group: the same call again is answered by the same room */
  start(wanted: StartConversation, key?: string): Promise<Conversation>;
  renew(roomId: string): Promise<Conversation>;
}

/** The call at our interfaces. */
export const conversationsOf = (api: ApiClient): Conversations => ({
  start: (body, key) => api.call(start, { body, ...(key === undefined ? {} : { key }) }),
  renew: (roomId) => api.call(renew, { body: { room_id: roomId } }),
});
