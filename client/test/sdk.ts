import { makeUser, waitFor, type TestUser, type UserOptions } from '@qiao/testkit';
import {
  ClientEvent,
  createClient,
  EventType,
  MatrixEventEvent,
  MsgType,
  SyncState,
  type MatrixClient,
  type MatrixEvent,
  type ReceivedToDeviceMessage,
} from 'matrix-js-sdk';
import type { CryptoBackend } from 'matrix-js-sdk/lib/common-crypto/CryptoBackend';
import type { CryptoApi } from 'matrix-js-sdk/lib/crypto-api';
import { HistoryKeeper } from '../src/matrix/history-keeper.ts';
import type { HistoryStore } from '../src/matrix/history-types.ts';
import { quietLogger } from '../src/matrix/quiet-logger.ts';

/** A person whose device is unmodified matrix-js-sdk, its keys in memory. */
export interface SdkPerson {
  readonly user: TestUser;
  readonly client: MatrixClient;
  /** Makes the person's identity, with which the device is signed. */
  sign(): Promise<void>;
  /** Sends a text; answers the event's id. */
  say(roomId: string, body: string): Promise<string>;
  /** Gives the room's keys to a person, as `invite` does. */
  give(to: { readonly userId: string }, roomId: string): Promise<void>;
  /** What the device reads of an event: its text, or `closed`; undefined: the event is not there. */
  read(roomId: string, eventId: string): Promise<string | undefined>;
  stop(): void;
}

/** The SDK's inner interface of the encryption. */
export const backendOf = (client: MatrixClient): CryptoBackend & CryptoApi =>
  (client as unknown as { cryptoBackend: CryptoBackend & CryptoApi }).cryptoBackend;

/** Makes an encrypted room with invitations. */
export async function roomOf(
  maker: SdkPerson,
  invite: readonly { userId: string }[],
  history: 'shared' | 'joined' = 'shared',
): Promise<string> {
  const { room_id: roomId } = await maker.client.createRoom({
    invite: invite.map(({ userId }) => userId),
    initial_state: [
      { type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } },
      { type: 'm.room.history_visibility', state_key: '', content: { history_visibility: history } },
    ],
  });
  await waitFor(
    () =>
      invite.every(({ userId }) => maker.client.getRoom(roomId)?.getMember(userId)?.membership === 'invite'),
    { what: 'the invitations' },
  );
  return roomId;
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
    give: (to, roomId) => backendOf(client).shareRoomHistoryWithUser(roomId, to.userId),
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

/** What our client does about history, on a device without a page. */
export interface Ours {
  readonly who: SdkPerson;
  readonly keeper: HistoryKeeper;
  readonly store: HistoryStore & { readonly values: Map<string, unknown> };
  /** From whom bundles were taken. */
  readonly taken: readonly string[];
  /** Lets taking fail from now on. */
  fail(error: Error): void;
  stop(): void;
}

function storeInMemory(): Ours['store'] {
  const values = new Map<string, unknown>();
  return {
    values,
    all: () => Promise.resolve([...values]),
    put: (_store, key, value) => {
      values.set(key, structuredClone(value));
      return Promise.resolve();
    },
    remove: (_store, key) => {
      values.delete(key);
      return Promise.resolve();
    },
  };
}

/** @param store what an earlier one of the device kept */
export async function ours(who: SdkPerson, store: Ours['store'] = storeInMemory()): Promise<Ours> {
  const { client } = who;
  const real = backendOf(client);
  const taken: string[] = [];
  let failure: Error | undefined;
  const crypto = new Proxy(real, {
    get(target, name) {
      if (name === 'maybeAcceptKeyBundle')
        return async (roomId: string, sender: string): Promise<boolean> => {
          if (failure) throw failure;
          const did = await target.maybeAcceptKeyBundle(roomId, sender);
          if (did) taken.push(sender);
          return did;
        };
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const keeper = await HistoryKeeper.start({
    client,
    crypto,
    store,
    now: () => Date.now(),
    onReaders: () => undefined,
  });
  const onBundle = ({ message, encryptionInfo }: ReceivedToDeviceMessage): void => {
    if (message.type.endsWith('room_key_bundle') && encryptionInfo)
      void keeper.bundles.came(String(message.content['room_id']), encryptionInfo.sender);
  };
  const onDecrypted = (event: MatrixEvent): void => {
    if (event.isDecryptionFailure()) keeper.bundles.closed(event);
  };
  client.on(ClientEvent.ReceivedToDeviceMessage, onBundle);
  client.on(MatrixEventEvent.Decrypted, onDecrypted);
  return {
    who,
    keeper,
    store,
    taken,
    fail: (error) => {
      failure = error;
    },
    stop: () => {
      client.off(ClientEvent.ReceivedToDeviceMessage, onBundle);
      client.off(MatrixEventEvent.Decrypted, onDecrypted);
      keeper.stop();
    },
  };
}
