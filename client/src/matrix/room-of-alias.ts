import type { MatrixClient } from 'matrix-js-sdk';

/**
 * The room of an address (`#name:server`): of one's own rooms first, else the homeserver is asked.
 * @returns undefined where no room has it, or the homeserver cannot be asked now
 */
export async function roomOfAlias(
  client: Pick<MatrixClient, 'getRooms' | 'getRoomIdForAlias'>,
  alias: string,
): Promise<string | undefined> {
  const own = client
    .getRooms()
    .find((room) => room.getCanonicalAlias() === alias || room.getAltAliases().includes(alias));
  if (own) return own.roomId;
  try {
    return (await client.getRoomIdForAlias(alias)).room_id;
  } catch {
    return undefined;
  }
}
