import {
  BackupDecryptionKey,
  CollectStrategy,
  DecryptionErrorCode,
  DecryptionSettings,
  DeviceId as WasmDeviceId,
  DeviceLists,
  EncryptionAlgorithm,
  EncryptionSettings,
  HistoryVisibility,
  initAsync,
  KeysBackupRequest,
  KeysClaimRequest,
  KeysQueryRequest,
  KeysUploadRequest,
  LoggerLevel,
  MegolmDecryptionError,
  OlmMachine,
  OwnUserIdentity,
  RequestType,
  RoomId as WasmRoomId,
  RoomMessageRequest,
  ShieldColor,
  ShieldStateCode,
  SignatureUploadRequest,
  StoreHandle,
  type ToDeviceRequest,
  Tracing,
  TrustRequirement,
  UserId as WasmUserId,
} from '@matrix-org/matrix-sdk-crypto-wasm';
import { isUserId, type DeviceId, type RoomId, type UserId } from '@qiao/matrix-types';
import type { Json, Logger, MatrixLink, RawEvent, SyncResponse } from '../matrix/index.ts';
import { BotError } from './errors.ts';

/** How far an event can be believed to be from its sender (Element's shields, non-strict). */
export type Trust =
  /** From a device its owner signed. */
  | 'authentic'
  /** From a device its owner did not sign. */
  | 'unsigned_device'
  /** From a device that is not known (any more). */
  | 'unknown_device'
  /** The key belongs to another user than the event names. */
  | 'mismatched_sender'
  /** The sender's identity changed after it had been verified. */
  | 'identity_changed'
  /** The key came by way of somebody else, or from a backup. */
  | 'not_guaranteed'
  /** The room is not encrypted: the homeservers are believed. */
  | 'unencrypted';

/** Why an event could not be decrypted. `withheld:<code>` repeats the code of `m.room_key.withheld`. */
export type UndecryptableReason =
  | 'missing_key'
  | 'key_too_new'
  | 'mismatched_keys'
  | 'mismatched_sender'
  | 'unknown_device'
  | 'unsigned_device'
  | 'malformed'
  | `withheld:${string}`;

/** An event that could not be decrypted. */
export class UndecryptableError extends Error {
  readonly reason: UndecryptableReason;
  constructor(reason: UndecryptableReason) {
    super(`event cannot be decrypted: ${reason}`);
    this.name = 'UndecryptableError';
    this.reason = reason;
  }
}

/** Rotation and visibility of a room's keys. */
export interface RoomKeySettings {
  rotationMs: number | undefined;
  rotationMessages: number | undefined;
  historyVisibility: string | undefined;
}

type OutgoingRequest =
  | KeysUploadRequest
  | KeysQueryRequest
  | KeysClaimRequest
  | ToDeviceRequest
  | SignatureUploadRequest
  | RoomMessageRequest
  | KeysBackupRequest;

/** Which devices get the bot's room keys. */
export type ShareWith = 'all_devices' | 'signed_devices';

/** To-device messages in flight at once while a room key is shared. */
const SHARE_CONCURRENCY = 4;
/** Room keys imported from a backup at once. */
const IMPORT_BATCH = 500;

let tracing: Tracing | undefined;

/** The crypto library as one bot uses it: every request it makes is sent, every answer goes back in. */
export class BotCrypto {
  readonly machine: OlmMachine;
  readonly #link: MatrixLink;
  readonly #log: Logger;
  readonly #tracked = new Set<string>();
  readonly #shareWith: ShareWith;
  readonly #durable: () => Promise<void>;
  #sending: Promise<void> | undefined;
  #sendAgain: Promise<void> | undefined;
  #claims: Promise<void> = Promise.resolve();
  /** Goes up when devices must be asked for; `#asked` follows when they were. */
  #wanted = 1;
  #asked = 0;
  #backingUp: Promise<void> | undefined;
  #backupAgain = false;
  #closed = false;
  /** Called with room and session of keys that arrived. */
  onRoomKeys: ((keys: { roomId: RoomId; sessionId: string }[]) => void) | undefined;
  /** Called with users whose devices were asked for: they may have changed. Called before `flush` resolves. */
  onDevices: ((users: readonly string[]) => void) | undefined;

  private constructor(
    machine: OlmMachine,
    link: MatrixLink,
    log: Logger,
    shareWith: ShareWith,
    durable: () => Promise<void>,
  ) {
    this.#durable = durable;
    this.machine = machine;
    this.#link = link;
    this.#log = log;
    this.#shareWith = shareWith;
  }

  /** Opens the machine on a store that is mounted under `storeName`. */
  static async open(options: {
    userId: UserId;
    deviceId: DeviceId;
    storeName: string;
    storeKey: Uint8Array;
    link: MatrixLink;
    log: Logger;
    shareWith: ShareWith;
    /** Resolves when what the machine has stored so far survives a power cut. */
    durable: () => Promise<void>;
  }): Promise<BotCrypto> {
    await initAsync();
    tracing ??= new Tracing(LoggerLevel.Error);
    const store = await StoreHandle.openWithKey(options.storeName, options.storeKey);
    const machine = await OlmMachine.initFromStore(
      new WasmUserId(options.userId),
      new WasmDeviceId(options.deviceId),
      store,
    );
    // Keys go again only to devices that were meant to have them, and to our own verified ones.
    machine.roomKeyForwardingEnabled = true;
    machine.roomKeyRequestsEnabled = true;
    const crypto = new BotCrypto(machine, options.link, options.log, options.shareWith, options.durable);
    machine.registerRoomKeyUpdatedCallback(async (keys) => {
      const list = keys.map((key) => ({ roomId: key.roomId.toString() as RoomId, sessionId: key.sessionId }));
      crypto.onRoomKeys?.(list);
      crypto.backUp();
    });
    for (const user of await machine.trackedUsers()) crypto.#tracked.add(user.toString());
    return crypto;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onRoomKeys = undefined;
    this.onDevices = undefined;
    this.machine.close();
  }

  /** Whether devices must be asked for before a key is shared. */
  get queriesDue(): boolean {
    return this.#asked < this.#wanted;
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  get ed25519(): string {
    return this.machine.identityKeys.ed25519.toBase64();
  }

  // --- requests of the machine ----------------------------------------------------------------------------------

  /**
   * Sends what the machine wants to send. Calls join: one run at a time, and a call made during a run waits for one
   * that begins afterwards. Throws the first failure; the machine makes failed requests again.
   */
  async flush(): Promise<void> {
    if (this.#sending === undefined) {
      this.#sending = this.#flushOnce().finally(() => {
        this.#sending = undefined;
      });
      return this.#sending;
    }
    this.#sendAgain ??= this.#sending
      .catch(() => undefined)
      .then(() => {
        this.#sendAgain = undefined;
        return this.flush();
      });
    return this.#sendAgain;
  }

  async #flushOnce(): Promise<void> {
    // A round may make the next one necessary: a query's answer lets keys be claimed.
    for (let round = 0; round < 5; round += 1) {
      const wanted = this.#wanted;
      const requests = await this.machine.outgoingRequests();
      if (requests.length === 0) {
        this.#asked = wanted;
        return;
      }
      // What others will rely on (published keys, the state of a session) must not be forgotten again.
      await this.#durable();
      const results = await Promise.allSettled(requests.map((request) => this.#send(request)));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      this.#asked = wanted;
    }
  }

  async #send(request: OutgoingRequest): Promise<void> {
    const answer = await this.#sendOnly(request);
    if (request.id === undefined || this.#closed) return;
    await this.machine.markRequestAsSent(request.id, request.type, JSON.stringify(answer));
    if (request.type === RequestType.KeysQuery) this.onDevices?.(Object.keys(answer.device_keys ?? {}));
  }

  async #sendOnly(request: OutgoingRequest): Promise<Json> {
    if (request instanceof KeysUploadRequest) return this.#link.keysUpload(request.body);
    if (request instanceof KeysQueryRequest) return this.#link.keysQuery(request.body);
    if (request instanceof KeysClaimRequest) return this.#link.keysClaim(request.body);
    if (request instanceof SignatureUploadRequest) return this.#link.uploadSignatures(request.body);
    if (request instanceof KeysBackupRequest) return this.#link.putBackupKeys(request.version, request.body);
    if (request instanceof RoomMessageRequest) {
      const { room_id: roomId, event_type: type, body, txn_id: txnId } = request;
      return { event_id: await this.#link.send(roomId as RoomId, type, body, txnId) };
    }
    return this.#link.sendToDevice(request.event_type, request.txn_id, request.body);
  }

  // --- what comes in --------------------------------------------------------------------------------------------

  /** Gives the machine its part of a sync: to-device messages, device changes, key counts. */
  async receiveSync(sync: SyncResponse): Promise<void> {
    const toDevice = sync.to_device?.events ?? [];
    const changed = wasmUsers(sync.device_lists?.changed ?? []);
    const left = wasmUsers(sync.device_lists?.left ?? []);
    // Every sync that shows a message of the bot names the bot itself.
    const own = this.#link.userId;
    if (sync.device_lists?.changed?.some((user) => user !== own) === true) this.#wanted += 1;
    for (const user of sync.device_lists?.left ?? []) this.#tracked.delete(user);
    const counts = new Map(Object.entries(sync.device_one_time_keys_count ?? {}));
    const fallback = sync.device_unused_fallback_key_types;
    const processed = await this.machine.receiveSyncChanges(
      JSON.stringify(toDevice),
      new DeviceLists(changed, left),
      counts,
      fallback === undefined ? undefined : new Set(fallback),
      new DecryptionSettings(TrustRequirement.Untrusted),
    );
    for (const event of processed) event.free();
    // The next sync lets the homeserver delete these messages.
    if (toDevice.length > 0) await this.#durable();
  }

  /** Has the devices of users asked for again, as far as they are watched. */
  async devicesMayHaveChanged(users: readonly string[]): Promise<void> {
    const watched = users.filter((user) => this.#tracked.has(user));
    if (watched.length === 0) return;
    const lists = new DeviceLists(wasmUsers(watched), []);
    const processed = await this.machine.receiveSyncChangesMsc4186('[]', lists, new Map<string, number>());
    for (const event of processed) event.free();
    this.#wanted += 1;
  }

  /** Watches the devices of users; new ones are asked for at the next `flush`. Returns whether any was new. */
  async track(users: Iterable<string>): Promise<boolean> {
    const fresh = [...users].filter((user) => !this.#tracked.has(user) && isUserId(user));
    if (fresh.length === 0) return false;
    await this.machine.updateTrackedUsers(wasmUsers(fresh));
    for (const user of fresh) this.#tracked.add(user);
    this.#wanted += 1;
    return true;
  }

  /** Decrypts an event of a room. Throws `UndecryptableError`. */
  async decrypt(
    roomId: RoomId,
    json: string,
  ): Promise<{ type: string; content: unknown; sender: string; trust: Trust }> {
    try {
      const decrypted = await this.machine.decryptRoomEvent(
        json,
        new WasmRoomId(roomId),
        new DecryptionSettings(TrustRequirement.Untrusted),
      );
      const clear = JSON.parse(decrypted.event) as { type?: unknown; content?: unknown; sender?: unknown };
      const shield = decrypted.shieldState(false);
      const trust = trustOf(shield.color, shield.code);
      shield.free();
      decrypted.free();
      if (typeof clear.type !== 'string') throw new UndecryptableError('malformed');
      return { type: clear.type, content: clear.content, sender: String(clear.sender), trust };
    } catch (error) {
      if (error instanceof MegolmDecryptionError) throw new UndecryptableError(reasonOf(error));
      throw error;
    }
  }

  // --- what goes out --------------------------------------------------------------------------------------------

  /** Makes sure that everybody's devices have the key of the room's next message. Call under a lock per room. */
  async shareRoomKey(roomId: RoomId, users: readonly string[], settings: RoomKeySettings): Promise<void> {
    await this.track(users);
    if (this.queriesDue) await this.flush();
    await this.#claimMissing(users);
    const requests = await this.machine.shareRoomKey(
      new WasmRoomId(roomId),
      wasmUsers(users),
      this.#encryptionSettings(settings),
    );
    if (requests.length > 0) await this.#durable();
    await eachAtMost(SHARE_CONCURRENCY, requests, (request) => this.#send(request));
  }

  /** One claim at a time, as the library asks. */
  async #claimMissing(users: readonly string[]): Promise<void> {
    const turn = this.#claims.then(async () => {
      const claim = await this.machine.getMissingSessions(wasmUsers(users));
      if (claim) await this.#send(claim);
    });
    this.#claims = turn.catch(() => undefined);
    await turn;
  }

  /** Makes Olm sessions with devices that asked for keys meanwhile; between syncs. */
  async claimBetweenSyncs(): Promise<void> {
    await this.#claimMissing([]);
  }

  #encryptionSettings(settings: RoomKeySettings): EncryptionSettings {
    const made = new EncryptionSettings();
    made.algorithm = EncryptionAlgorithm.MegolmV1AesSha2;
    made.sharingStrategy =
      this.#shareWith === 'all_devices'
        ? CollectStrategy.allDevices()
        : CollectStrategy.identityBasedStrategy();
    if (settings.rotationMs !== undefined) made.rotationPeriod = BigInt(settings.rotationMs) * 1000n;
    if (settings.rotationMessages !== undefined)
      made.rotationPeriodMessages = BigInt(settings.rotationMessages);
    made.historyVisibility = visibilityOf(settings.historyVisibility);
    return made;
  }

  /** Encrypts a message. The key must have been shared; returns the JSON content of `m.room.encrypted`. */
  async encrypt(roomId: RoomId, type: string, content: Json): Promise<string> {
    return this.machine.encryptRoomEvent(new WasmRoomId(roomId), type, JSON.stringify(content));
  }

  /** Forgets the key of a room's next message: a new one will be made. */
  async discardRoomKey(roomId: RoomId): Promise<void> {
    await this.machine.invalidateGroupSession(new WasmRoomId(roomId));
  }

  // --- own identity ---------------------------------------------------------------------------------------------

  /**
   * Publishes the device's keys and has it signed by the bot's identity.
   * `saved` is an exported identity (or undefined), `save` keeps a new one before it is published.
   * Returns `kept` if the identity is the one others know, `new` if it is new to them.
   */
  async crossSign(
    userId: UserId,
    saved: string | undefined,
    save: (secret: string) => Promise<void>,
  ): Promise<'kept' | 'new'> {
    await this.flush();
    let fresh = false;
    let status = await this.machine.crossSigningStatus();
    let identity = await this.#ownIdentity(userId);
    const complete = (): boolean => status.hasMaster && status.hasSelfSigning && status.hasUserSigning;
    if (!complete() && saved !== undefined && identity !== undefined) {
      const keys = JSON.parse(saved) as { master: string; selfSigning: string; userSigning: string };
      try {
        status = await this.machine.importCrossSigningKeys(keys.master, keys.selfSigning, keys.userSigning);
      } catch (error) {
        this.#log.warn({ err: error }, 'the saved identity is not the published one');
      }
    }
    if (!complete()) {
      await this.machine.bootstrapCrossSigning(true);
      fresh = true;
    }
    const exported = await this.machine.exportCrossSigningKeys();
    if (exported?.masterKey !== undefined) {
      const secret = JSON.stringify({
        master: exported.masterKey,
        selfSigning: exported.self_signing_key,
        userSigning: exported.userSigningKey,
      });
      if (secret !== saved) await save(secret);
    }
    if (fresh || identity === undefined || !(await identity.trustsOurOwnDevice())) {
      const requests = await this.machine.bootstrapCrossSigning(false);
      const upload = requests.uploadKeysRequest as KeysUploadRequest | undefined;
      if (upload !== undefined) await this.#send(upload);
      // An identity that is published stays as it is; an imported one could not even be published again.
      if (fresh || identity === undefined) {
        await this.#link.uploadSigningKeys(requests.uploadSigningKeysRequest.body);
      }
      const answer = await this.#link.uploadSignatures(requests.uploadSignaturesRequest.body);
      const failures = answer.failures as Record<string, unknown> | undefined;
      if (failures !== undefined && Object.keys(failures).length > 0) {
        throw new BotError('crypto_failed', 'the homeserver refused the signatures of the bot');
      }
      await this.query([userId]);
      identity = await this.#ownIdentity(userId);
      if (identity === undefined || !(await identity.trustsOurOwnDevice())) {
        throw new BotError('crypto_failed', 'the homeserver does not show the bot its own signed device');
      }
    }
    return fresh ? 'new' : 'kept';
  }

  async #ownIdentity(userId: UserId): Promise<OwnUserIdentity | undefined> {
    const identity = await this.machine.getIdentity(new WasmUserId(userId));
    return identity instanceof OwnUserIdentity ? identity : undefined;
  }

  /** Asks for users' devices now. */
  async query(users: readonly UserId[]): Promise<void> {
    await this.#send(this.machine.queryKeysForUsers(wasmUsers(users)));
  }

  // --- key backup -----------------------------------------------------------------------------------------------

  /** Makes or finds the backup that belongs to the recovery key and sends keys to it from now on. */
  async enableBackup(recoveryKey: string): Promise<string> {
    const key = BackupDecryptionKey.fromBase64(recoveryKey);
    const { publicKeyBase64: publicKey, algorithm } = key.megolmV1PublicKey;
    const current = await this.#link.backupVersion();
    let version: string;
    if (current?.algorithm === algorithm && current.auth_data.public_key === publicKey) {
      version = current.version;
    } else {
      const signatures = await this.machine.sign(JSON.stringify({ public_key: publicKey }));
      version = await this.#link.createBackupVersion(algorithm, {
        public_key: publicKey,
        signatures: JSON.parse(signatures.asJSON()) as Json,
      });
    }
    const known = await this.machine.getBackupKeys();
    if (known.backupVersion !== undefined && known.backupVersion !== version)
      await this.machine.disableBackup();
    await this.machine.saveBackupDecryptionKey(key, version);
    await this.machine.enableBackupV1(publicKey, version);
    return version;
  }

  /** Sends keys that are not in the backup yet, in the background. Failures are tried again with the next key. */
  backUp(): void {
    if (this.#closed) return;
    if (this.#backingUp !== undefined) {
      this.#backupAgain = true;
      return;
    }
    this.#backingUp = this.#backUpAll()
      .catch((error: unknown) => {
        if (!this.#closed) this.#log.warn({ err: error }, 'key backup is behind');
      })
      .finally(() => {
        this.#backingUp = undefined;
        if (this.#backupAgain) {
          this.#backupAgain = false;
          this.backUp();
        }
      });
  }

  /** Resolves when the backup is as far as it can get now. */
  async backedUp(): Promise<void> {
    this.backUp();
    while (this.#backingUp !== undefined) await this.#backingUp;
  }

  async #backUpAll(): Promise<void> {
    if (!(await this.machine.isBackupEnabled())) return;
    for (;;) {
      if (this.#isClosed()) return;
      const request = await this.machine.backupRoomKeys();
      if (request === undefined) return;
      await this.#send(request);
    }
  }

  /** Fetches the keys of one room, or one session, from the backup. Returns how many were imported. */
  async restore(recoveryKey: string, version: string, roomId: RoomId, sessionId?: string): Promise<number> {
    const answer = await this.#link.backupKeys(version, roomId, sessionId);
    if (answer === undefined) return 0;
    const sessions =
      sessionId === undefined ? ((answer.sessions ?? {}) as Record<string, Json>) : { [sessionId]: answer };
    const key = BackupDecryptionKey.fromBase64(recoveryKey);
    let imported = 0;
    let batch = new Map<string, unknown>();
    const importBatch = async (): Promise<void> => {
      if (batch.size === 0) return;
      const rooms = new Map([[new WasmRoomId(roomId), batch]]);
      const result = await this.machine.importBackedUpRoomKeys(rooms, () => undefined, version);
      imported += result.importedCount;
      batch = new Map();
    };
    for (const [id, session] of Object.entries(sessions)) {
      try {
        const data = session.session_data as { ephemeral: string; mac: string; ciphertext: string };
        const clear = JSON.parse(key.decryptV1(data.ephemeral, data.mac, data.ciphertext)) as Json;
        batch.set(id, { ...clear, session_id: id, room_id: roomId });
      } catch {
        this.#log.warn({ room_id: roomId }, 'a key of the backup cannot be read');
      }
      if (batch.size >= IMPORT_BATCH) await importBatch();
    }
    await importBatch();
    return imported;
  }

  /** A new recovery key, base64. */
  static async newRecoveryKey(): Promise<string> {
    await initAsync();
    return BackupDecryptionKey.createRandomKey().toBase64();
  }
}

function wasmUsers(users: Iterable<string>): WasmUserId[] {
  const made: WasmUserId[] = [];
  for (const user of users) {
    try {
      made.push(new WasmUserId(user));
    } catch {
      // An id the library does not take has no devices it could talk to.
    }
  }
  return made;
}

/** The message's number in its session, read from the ciphertext (version byte, then protobuf field 1 as a varint). */
export function messageIndexOf(ciphertext: string): number {
  const bytes = Buffer.from(ciphertext.slice(0, 24), 'base64');
  if (bytes[1] !== 0x08) return Number.MAX_SAFE_INTEGER;
  let value = 0;
  for (let at = 2, scale = 1; at < bytes.length; at += 1, scale *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  return Number.MAX_SAFE_INTEGER;
}

function visibilityOf(text: string | undefined): HistoryVisibility {
  switch (text) {
    case 'invited':
      return HistoryVisibility.Invited;
    case 'joined':
      return HistoryVisibility.Joined;
    case 'world_readable':
      return HistoryVisibility.WorldReadable;
    default:
      return HistoryVisibility.Shared;
  }
}

function trustOf(color: ShieldColor, code: ShieldStateCode | undefined): Trust {
  if (color === ShieldColor.None) return 'authentic';
  switch (code) {
    case ShieldStateCode.UnsignedDevice:
      return 'unsigned_device';
    case ShieldStateCode.UnknownDevice:
      return 'unknown_device';
    case ShieldStateCode.MismatchedSender:
      return 'mismatched_sender';
    case ShieldStateCode.VerificationViolation:
      return 'identity_changed';
    case ShieldStateCode.UnverifiedIdentity:
      return 'authentic';
    default:
      return 'not_guaranteed';
  }
}

function reasonOf(error: MegolmDecryptionError): UndecryptableReason {
  const withheld = error.withheldCode;
  if (withheld !== undefined) return `withheld:${withheld.slice(0, 64)}`;
  switch (error.code) {
    case DecryptionErrorCode.MissingRoomKey:
      return 'missing_key';
    case DecryptionErrorCode.UnknownMessageIndex:
      return 'key_too_new';
    case DecryptionErrorCode.MismatchedIdentityKeys:
      return 'mismatched_keys';
    case DecryptionErrorCode.MismatchedSender:
      return 'mismatched_sender';
    case DecryptionErrorCode.UnknownSenderDevice:
      return 'unknown_device';
    case DecryptionErrorCode.UnsignedSenderDevice:
    case DecryptionErrorCode.SenderIdentityVerificationViolation:
      return 'unsigned_device';
    default:
      return 'malformed';
  }
}

/** Runs `work` on all, at most `count` at once; throws the first failure after all are over. */
export async function eachAtMost<T>(
  count: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (;;) {
      const at = next;
      next += 1;
      if (at >= items.length) return;
      try {
        await work(items[at] as T);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}

/** Session id of an encrypted event; empty if it has none. */
export function sessionOf(event: RawEvent): string {
  return typeof event.content.session_id === 'string' ? event.content.session_id : '';
}
