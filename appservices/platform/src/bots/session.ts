import { randomBytes } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { isRoomId, parseDeviceId, type DeviceId, type RoomId, type UserId } from '@qiao/matrix-types';
import type { Clock, Logger, MatrixLink } from '../matrix/index.ts';
import { BotCrypto, eachAtMost, type ShareWith } from './crypto.ts';
import { installIndexedDb, SqliteEngine } from './idb/index.ts';
import { Rooms } from './rooms.ts';
import type { BotSecrets } from './secrets.ts';
import type { BotStore } from './store.ts';

/** Account data in which a bot notes its device and how far it has read, for the day its store is lost. */
export const POSITION_TYPE = 'io.qiao.bot.position';
const STORE_KEY_BYTES = 32;
/** Rooms asked for at once after a loss. */
const ROOM_CONCURRENCY = 8;

export interface SessionOptions {
  userId: UserId;
  /** Link as the user, without a device. */
  link: MatrixLink;
  storeDir: string;
  secrets: BotSecrets;
  store: BotStore;
  log: Logger;
  clock: Clock;
  deviceName: string;
  shareWith: ShareWith;
}

/** An open device of a bot. */
export interface Session {
  deviceId: DeviceId;
  /** Link as the user and the device. */
  link: MatrixLink;
  crypto: BotCrypto;
  rooms: Rooms;
  recoveryKey: string;
  backupVersion: string;
  /**
   * The bot was not closed properly: after a power cut the keys of its next messages may be those of messages it has
   * sent already. They must not be used; every room gets a new one.
   */
  unclean: boolean;
  /** The bot had another device before, whose keys are gone. */
  lost: boolean;
  close(): void;
}

const secretName = (userId: UserId, what: string): string =>
  `bot_${userId.slice(1, userId.indexOf(':')).replace(/[^a-z0-9_.=-]/g, '_')}_${what}`;

/**
 * Opens the bot's device, or makes a new one if there is none, if its keys are gone or cannot be read, or if the
 * homeserver has removed it. Afterwards the device is published, signed by the bot's identity, and backs its room
 * keys up. After a loss: the identity and all backed-up room keys are restored, old devices are removed.
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { store, link, log, userId } = options;
  const file = join(options.storeDir, 'crypto.db');
  const devices = new Set((await link.devices()).map((device) => device.device_id));
  const noted = await link.accountData(POSITION_TYPE);
  const before = store.get('device_id');
  let deviceId = before === undefined ? undefined : parseDeviceId(before);
  let lost = false;
  if (deviceId !== undefined && !(devices.has(deviceId) && existsSync(file))) {
    log.warn({ device_id: deviceId }, 'the bot’s device or its keys are gone');
    lost = true;
  }
  if (deviceId === undefined && noted?.device_id !== undefined) {
    log.warn({}, 'the bot’s store is gone; it begins where it last noted to be');
    lost = true;
    if (typeof noted.since === 'string') store.set('next_batch', noted.since);
  }
  const storeKey = await readStoreKey(options);
  if (lost || deviceId === undefined) deviceId = newDevice(options, file);

  let opened: { crypto: BotCrypto; engine: SqliteEngine };
  try {
    opened = await openCrypto(options, file, deviceId, storeKey);
  } catch (error) {
    log.error({ err: error }, 'the bot’s keys cannot be read; it takes a new device');
    lost = true;
    deviceId = newDevice(options, file);
    opened = await openCrypto(options, file, deviceId, storeKey);
  }
  const { crypto, engine } = opened;
  const unclean = store.get('open') !== undefined;
  store.setDurably('open', '1');
  const close = (): void => {
    crypto.close();
    engine.close();
    installIndexedDb().unmount(mountName(userId));
    store.setDurably('open', undefined);
  };
  try {
    // The name is set again: it may have changed. Only now does the device exist for the homeserver.
    await link.putDevice(deviceId, options.deviceName);
    store.set('device_id', deviceId);
    const own = link.as(userId, deviceId);
    const identitySecret = secretName(userId, 'identity');
    const identity = await crypto.crossSign(userId, await options.secrets.read(identitySecret), (secret) =>
      options.secrets.write(identitySecret, secret),
    );
    if (lost && identity === 'new')
      log.warn({}, 'the bot has a new identity: people who verified it are warned');
    const recoveryName = secretName(userId, 'recovery_key');
    let recoveryKey = await options.secrets.read(recoveryName);
    if (recoveryKey === undefined) {
      recoveryKey = await BotCrypto.newRecoveryKey();
      await options.secrets.write(recoveryName, recoveryKey);
    }
    const backupVersion = await crypto.enableBackup(recoveryKey);
    const rooms = new Rooms(store, own);
    const session: Session = {
      deviceId,
      link: own,
      crypto,
      rooms,
      recoveryKey,
      backupVersion,
      unclean,
      lost,
      close,
    };
    if (lost || store.get('restoring') !== undefined) {
      store.set('restoring', '1');
      await restore(session, options);
      for (const old of devices) if (old !== deviceId) await link.deleteDevice(old);
      store.unset('restoring');
    }
    return session;
  } catch (error) {
    close();
    throw error;
  }
}

const mountName = (userId: UserId): string => `bot:${userId}:`;

async function openCrypto(
  options: SessionOptions,
  file: string,
  deviceId: DeviceId,
  storeKey: Uint8Array,
): Promise<{ crypto: BotCrypto; engine: SqliteEngine }> {
  const indexedDb = installIndexedDb();
  const engine = new SqliteEngine(file, 'process');
  indexedDb.mount(mountName(options.userId), engine);
  try {
    const crypto = await BotCrypto.open({
      userId: options.userId,
      deviceId,
      storeName: mountName(options.userId),
      storeKey,
      link: options.link.as(options.userId, deviceId),
      log: options.log,
      shareWith: options.shareWith,
      durable: () => engine.barrier(),
    });
    return { crypto, engine };
  } catch (error) {
    engine.close();
    indexedDb.unmount(mountName(options.userId));
    throw error;
  }
}

/** Puts an old key store aside (it may still be wanted for an examination) and names a new device. */
function newDevice(options: SessionOptions, file: string): DeviceId {
  const stamp = String(options.clock.now());
  for (const end of ['', '-wal', '-shm']) {
    if (existsSync(file + end)) renameSync(file + end, `${file}.lost-${stamp}${end}`);
  }
  const deviceId = parseDeviceId(`QIAO${randomBytes(6).toString('hex').toUpperCase()}`);
  options.store.set('restoring', '1');
  if (options.store.get('device_id') === undefined) options.store.unset('restoring');
  return deviceId;
}

async function readStoreKey(options: SessionOptions): Promise<Uint8Array> {
  const name = secretName(options.userId, 'store_key');
  const known = await options.secrets.read(name);
  const bytes = Buffer.from(known ?? '', 'base64');
  if (bytes.length === STORE_KEY_BYTES) return bytes;
  const made = randomBytes(STORE_KEY_BYTES);
  await options.secrets.write(name, made.toString('base64'));
  return made;
}

/** After a loss: which rooms the bot is in, and the room keys of its backup. */
async function restore(session: Session, { store, log }: SessionOptions): Promise<void> {
  const rooms = await session.link.joinedRooms();
  let imported = 0;
  await eachAtMost(ROOM_CONCURRENCY, rooms.filter(isRoomId), async (roomId: RoomId) => {
    await session.rooms.row(roomId);
    store.markAnnounce(roomId);
    imported += await session.crypto.restore(session.recoveryKey, session.backupVersion, roomId);
  });
  log.info({ rooms: rooms.length, keys: imported }, 'room keys restored from the backup');
}
