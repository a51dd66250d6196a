import { makeUser, waitFor, type TestUser, type UserOptions } from '@qiao/testkit';
import {
  ClientEvent,
  createClient,
  EventType,
  MsgType,
  SyncState,
  type MatrixClient,
  type MatrixEvent,
} from 'matrix-js-sdk';
import { quietLogger } from '../src/matrix/quiet-logger.ts';

/** A person whose device is unmodified matrix-js-sdk, its keys in memory. */
export interface SdkPerson {
  readonly user: TestUser;
  readonly client: MatrixClient;
  /** Makes the person's identity, with which the device is signed. */
  sign(): Promise<void>;
  /** Sends a text; answers the event's id. */
  say(roomId: string, body: string): Promise<string>;
  /** What the device reads of an event: its text, or `closed`; undefined: the event is not there. */
  read(roomId: string, eventId: string): Promise<string | undefined>;
  stop(): void;
}

/** @param at a device of this person instead of a new one's */
export async function makeSdkPerson(
  options: UserOptions & { at?: TestUser; signed?: boolean } = {},
): Promise<SdkPerson> {
  const { at, signed = true, ...rest } = options;
  const user = at ?? (await makeUser(rest));
  const client = createClient({
    baseUrl: user.homeserverUrl,
    userId: user.userId,
    deviceId: user.deviceId,
    accessToken: user.accessToken,
    logger: quietLogger,
  });
  await client.initRustCrypto({ useIndexedDB: false });
  const read = new Promise<void>((resolve) => {
    client.on(ClientEvent.Sync, (state) => {
      if (state === SyncState.Syncing) resolve();
    });
  });
  await client.startClient({ initialSyncLimit: 50 });
  await read;
  const crypto = client.getCrypto();
  if (!crypto) throw new Error('encryption is not started');
  const sign = async (): Promise<void> => {
    await crypto.bootstrapCrossSigning({
      setupNewCrossSigning: true,
      authUploadDeviceSigningKeys: async (upload) => {
        await upload({
          type: 'm.login.password',
          identifier: { type: 'm.id.user', user: user.userId },
          password: user.password,
        });
      },
    });
    await waitFor(
      async () =>
        (await crypto.getDeviceVerificationStatus(user.userId, user.deviceId))?.crossSigningVerified,
      { what: 'a signed device' },
    );
  };
  if (signed) await sign();
  const find = async (roomId: string, eventId: string): Promise<MatrixEvent | undefined> => {
    const room = client.getRoom(roomId);
    if (!room) return undefined;
    const found = room.findEventById(eventId);
    if (found) return found;
    await client.getEventTimeline(room.getUnfilteredTimelineSet(), eventId).catch(() => undefined);
    return room.findEventById(eventId);
  };
  return {
    user,
    client,
    sign,
    say: async (roomId, body) => {
      await waitFor(() => client.getRoom(roomId)?.hasEncryptionStateEvent(), { what: 'an encrypted room' });
      const sent = await client.sendEvent(roomId, EventType.RoomMessage, { msgtype: MsgType.Text, body });
      return sent.event_id;
    },
    read: async (roomId, eventId) => {
      const event = await find(roomId, eventId);
      if (!event) return undefined;
      await client.decryptEventIfNeeded(event);
      const body: unknown = event.getContent()['body'];
      return event.isDecryptionFailure() || typeof body !== 'string' ? 'closed' : body;
    },
    stop: () => {
      client.stopClient();
    },
  };
}

/** Resolves when the device has been told of a bundle of a room, and has had its time to take it. */
export function nextBundle(person: SdkPerson, roomId: string): Promise<void> {
  return new Promise((resolve) => {
    person.client.on(ClientEvent.ReceivedToDeviceMessage, ({ message }) => {
      if (message.type.endsWith('room_key_bundle') && message.content['room_id'] === roomId) resolve();
    });
  });
}
