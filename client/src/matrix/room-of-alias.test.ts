import type { MatrixClient, Room } from 'matrix-js-sdk';
import { expect, test } from 'vitest';
import { roomOfAlias } from './room-of-alias.ts';

const room = (roomId: string, canonical: string | null, others: string[]): Room =>
  ({ roomId, getCanonicalAlias: () => canonical, getAltAliases: () => others }) as unknown as Room;
const client = {
  getRooms: () => [room('!none', null, []), room('!own', '#own:x', ['#old:x'])],
  getRoomIdForAlias: (alias: string) =>
    alias === '#asked:x'
      ? Promise.resolve({ room_id: '!asked', servers: [] })
      : Promise.reject(new Error('M_NOT_FOUND')),
} as unknown as MatrixClient;

test.each([
  ['#own:x', '!own'],
  ['#old:x', '!own'],
  ['#asked:x', '!asked'],
  ['#gone:x', undefined],
])('%s is %s', async (alias, roomId) => {
  expect(await roomOfAlias(client, alias)).toBe(roomId);
});
