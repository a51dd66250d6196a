import { EventType, Preset, type MatrixClient } from 'matrix-js-sdk';

const isIds = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

/** The conversation of the two, made if there is none; answers its room id. */
export async function directRoomWith(client: MatrixClient, userId: string): Promise<string> {
  const direct = client.getAccountData(EventType.Direct)?.getContent<Record<string, unknown>>() ?? {};
  const known = direct[userId];
  for (const id of isIds(known) ? known : []) {
    const room = client.getRoom(id);
    const theirs = room?.getMember(userId)?.membership;
    if (room?.getMyMembership() === 'join' && (theirs === 'join' || theirs === 'invite')) return id;
  }
  const { room_id: roomId } = await client.createRoom({
    preset: Preset.TrustedPrivateChat,
    invite: [userId],
    is_direct: true,
    initial_state: [
      { type: EventType.RoomEncryption, state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } },
    ],
  });
  await client.setAccountData(EventType.Direct, {
    ...direct,
    [userId]: [...(isIds(known) ? known : []), roomId],
    // What others have put there stays as it is.
  } as Record<string, string[]>);
  return roomId;
}
