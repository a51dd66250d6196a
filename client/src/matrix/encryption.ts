import { ViewModel } from '@qiao/ui-kit';
import { ClientEvent, type MatrixClient, type MatrixEvent } from 'matrix-js-sdk';
import {
  CryptoEvent,
  ImportRoomKeyStage,
  type CryptoApi,
  type UserVerificationStatus,
  type VerificationRequest,
} from 'matrix-js-sdk/lib/crypto-api';
import { AuthPrompt } from './encryption-auth.ts';
import { isNewer, keyFrom, type RecoveryKind } from './encryption-recovery.ts';
import type { GivenKeys } from './encryption-secrets.ts';
import { lookAt, noteSaved, trustOf, type KeysState, type Trust } from './encryption-state.ts';
import { VerificationModel } from './encryption-verification.ts';

export type { KeysState, Trust } from './encryption-state.ts';

/** What the person is shown about keys. */
export type KeysDialog =
  'set-up' | 'confirm' | 'recover' | 'reset' | 'renew' | 'sign-out' | 'sign-out-everywhere';

export interface EncryptionSnapshot {
  readonly state: KeysState;
  /** Confirmed devices of the person besides this one, which can confirm it. */
  readonly otherDevices: number;
  /** How the keys can be had back. */
  readonly recovery: RecoveryKind;
  /** Old messages' keys that come from the backup; undefined: none come now. */
  readonly restoring: { readonly done: number; readonly total: number } | undefined;
  /** Keys of messages that are not in the backup yet. */
  readonly waiting: number;
  /** Colleagues wrote before the person had any device: the set-up is not put off. */
  readonly messagesWait: boolean;
  readonly dialog: KeysDialog | undefined;
  /** A verification that goes on or is asked for. */
  readonly verification: VerificationModel | undefined;
  /** People whose identity has changed since it was last seen here. */
  readonly changed: readonly { readonly userId: string; readonly wasVerified: boolean }[];
}

/** What the device's keys are like and what can be done about it: set-up, backup, recovery, verification. */
export class Encryption extends ViewModel<EncryptionSnapshot> {
  readonly client: MatrixClient;
  readonly auth: AuthPrompt;
  readonly #given: GivenKeys;
  readonly #openDirect: (userId: string) => Promise<string>;
  /** Called when this device and another of the person's have confirmed each other. */
  onOwnConfirmed: ((deviceId: string) => void) | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #working = false;
  #stopped = false;
  #greeting = false;
  #askedForKeys = false;
  #confirmed = false;
  #onlyDevice = false;
  #closed = false;
  #deviceNames: ReadonlyMap<string, string> = new Map();

  /**
   * @param given those of the callbacks that the client was made with
   * @param openDirect answers the direct chat with a person, made if there is none
   */
  constructor(client: MatrixClient, given: GivenKeys, openDirect: (userId: string) => Promise<string>) {
    super({
      state: 'checking',
      otherDevices: 0,
      recovery: 'none',
      restoring: undefined,
      waiting: 0,
      messagesWait: false,
      dialog: undefined,
      verification: undefined,
      changed: [],
    });
    this.client = client;
    this.auth = new AuthPrompt(client);
    this.#given = given;
    this.#openDirect = openDirect;
    const look = (): void => {
      this.look();
    };
    client.on(CryptoEvent.KeysChanged, look);
    client.on(CryptoEvent.KeyBackupStatus, look);
    client.on(CryptoEvent.KeyBackupFailed, look);
    client.on(CryptoEvent.DevicesUpdated, (users) => {
      if (users.includes(client.getSafeUserId())) look();
    });
    client.on(CryptoEvent.UserTrustStatusChanged, (userId, status) => {
      if (userId === client.getSafeUserId()) look();
      else this.#noteTrust(userId, status);
    });
    client.on(CryptoEvent.KeyBackupSessionsRemaining, (waiting) => {
      this.set({ waiting });
    });
    client.on(CryptoEvent.KeyBackupDecryptionKeyCached, () => {
      look();
      if (!this.#working) void this.restore();
    });
    client.on(CryptoEvent.VerificationRequestReceived, (request) => {
      this.#receive(request);
    });
    client.on(ClientEvent.AccountData, (event: MatrixEvent) => {
      if (/^m\.(secret_storage|cross_signing|megolm_backup)|^im\.qiao\.recovery/.test(event.getType()))
        look();
    });
    client.on(ClientEvent.Sync, (_state, before) => {
      // The account's data and devices are known after the first answer.
      if (before === null || this.snapshot.state === 'checking') look();
    });
  }

  get #crypto(): CryptoApi {
    const crypto = this.client.getCrypto();
    if (!crypto) throw new Error('encryption is not started');
    return crypto;
  }

  /** Ends what goes on; nothing is looked at any more. */
  stop(): void {
    this.#stopped = true;
    this.#given.forget();
    this.auth.forget();
  }

  /** Whether this device is one of the person's confirmed ones. */
  get confirmed(): boolean {
    return this.#confirmed;
  }

  /** What a person is called, as far as it is known here; else the id. */
  nameOf(userId: string): string {
    return this.client.getUser(userId)?.displayName ?? userId;
  }

  /** What one of the own devices is called; else its id. */
  deviceName(deviceId: string | undefined): string {
    return deviceId === undefined ? '' : (this.#deviceNames.get(deviceId) ?? deviceId);
  }

  /**
   * The person has just signed in: what there is to be done about keys is shown by itself.
   * @param password as typed, so that it is not asked for again; undefined after single sign-on
   */
  greet(password: string | undefined): void {
    this.#greeting = true;
    if (password !== undefined) this.auth.remember(password);
    this.look();
  }

  /** Opens a dialog about keys, or closes it. */
  readonly show = (dialog: KeysDialog | undefined): void => {
    this.set({ dialog });
    if (!this.#working) this.#insist();
  };

  /** A message cannot be read here whose key may still come. */
  readonly noteClosed = (): void => {
    if (this.#closed) return;
    this.#closed = true;
    this.#insist();
  };

  /** Who writes here gives keys to signed devices alone: while messages wait the set-up is in front. */
  #insist(): void {
    const { state, dialog } = this.snapshot;
    // With another device, nobody had to wait for this one.
    const messagesWait = this.#closed && this.#onlyDevice && state === 'not-set-up';
    if (messagesWait !== this.snapshot.messagesWait) this.set({ messagesWait });
    if (messagesWait && dialog === undefined) this.set({ dialog: 'set-up' });
  }

  /** Finds out anew how things are; calls that come together are one. */
  readonly look = (): void => {
    // In the middle of a change nothing is asked: an old answer about the own keys would undo the new ones.
    if (this.#stopped || this.#working || !this.client.isInitialSyncComplete()) return;
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#look()
      // The homeserver did not answer: what was known stays until the next event.
      .catch(() => undefined)
      .finally(() => {
        this.#looking = undefined;
        if (!this.#lookAgain) return;
        this.#lookAgain = false;
        this.look();
      });
  };

  async #look(): Promise<void> {
    const found = await lookAt(this.client, this.#crypto, () => this.#askForKeys());
    if (this.#stopped || this.#working) return;
    this.#confirmed = found.confirmed;
    this.#onlyDevice = found.onlyDevice;
    this.#deviceNames = found.deviceNames;
    const { state, otherDevices, recovery } = found;
    this.set({ state, otherDevices, recovery });
    if (state === 'ready') this.auth.forget();
    this.#insist();
    if (!this.#greeting) return;
    this.#greeting = false;
    if (state === 'not-set-up') this.show('set-up');
    else if (state === 'needs-verification') this.show('confirm');
  }

  /** Asks the homeserver once whether the person has keys; later the sync loop tells. */
  async #askForKeys(): Promise<boolean> {
    if (this.#askedForKeys) return false;
    const has = await this.#crypto.userHasCrossSigningKeys(this.client.getSafeUserId(), true);
    this.#askedForKeys = true;
    return has;
  }

  /** Runs work that changes keys; what happens meanwhile is looked at when it is over. */
  async #change<T>(work: () => Promise<T>): Promise<T> {
    this.#working = true;
    try {
      await this.#looking;
      return await work();
    } finally {
      this.#working = false;
      this.#given.forget();
      this.auth.forget();
      this.look();
    }
  }

  /**
   * Makes the person's keys, the backup and a recovery key, in one step.
   * @returns the recovery key, to be shown once
   * @throws NotConfirmed, or what the homeserver says
   */
  readonly setUp = (): Promise<string> =>
    this.#change(async () => {
      await this.#crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys: this.auth.confirm });
      const key = await this.#newRecovery(true);
      // As it is now; the next look takes its time, and the dialog is not to come back before.
      this.set({ state: 'recovery-unsaved', messagesWait: false });
      return key;
    });

  /**
   * A new recovery key in place of the old one; the keys stay. The backup is made anew where it does not work.
   * @returns the recovery key, to be shown once
   */
  readonly renew = (): Promise<string> =>
    this.#change(() => {
      const { state } = this.snapshot;
      return this.#newRecovery(state === 'backup-off' || state === 'backup-broken');
    });

  /**
   * New keys in place of ones that cannot be had back: messages that only the old ones open are lost, and people
   * who had verified this one are told.
   * @returns the recovery key, to be shown once
   * @throws NotConfirmed, or what the homeserver says; the recovery key that was is then still there
   */
  readonly reset = (): Promise<string> =>
    this.#change(async () => {
      const storage = this.client.secretStorage;
      const before = await storage.getDefaultKeyId();
      // New keys would else be stored under the recovery key that nobody has.
      await storage.setDefaultKeyId(null);
      try {
        await this.#replaceIdentity();
      } catch (error) {
        if (before !== null) await storage.setDefaultKeyId(before);
        throw error;
      }
      return this.#newRecovery(true);
    });

  async #replaceIdentity(): Promise<void> {
    for (let rest = 2; ; rest--) {
      await this.#crypto.bootstrapCrossSigning({
        setupNewCrossSigning: true,
        authUploadDeviceSigningKeys: this.auth.confirm,
      });
      const { privateKeysCachedLocally } = await this.#crypto.getCrossSigningStatus();
      if (Object.values(privateKeysCachedLocally).every(Boolean)) return;
      // While the person typed, the sync loop fetched the old keys, and the new ones were dropped for them.
      if (rest === 0) throw new Error('the new keys were not kept');
      this.auth.reuse();
    }
  }

  async #newRecovery(withBackup: boolean): Promise<string> {
    const crypto = this.#crypto;
    const key = await crypto.createRecoveryKeyFromPassphrase();
    await crypto.bootstrapSecretStorage({
      setupNewSecretStorage: true,
      setupNewKeyBackup: withBackup,
      createSecretStorageKey: () => Promise.resolve(key),
    });
    await noteSaved(this.client, false);
    await crypto.checkKeyBackupAndEnable();
    return key.encodedPrivateKey ?? '';
  }

  /** The person has said that the recovery key is kept in a safe place. */
  readonly saved = async (): Promise<void> => {
    await noteSaved(this.client, true);
    this.look();
  };

  /**
   * Confirms this device with the recovery key or the passphrase it was made of, and begins to restore the backup.
   * @returns what was reached: `wrong` is not the key; `no-backup`: confirmed, but old messages stay closed
   */
  readonly recover = (typed: string): Promise<'ok' | 'wrong' | 'no-backup'> =>
    this.#change(async () => {
      const crypto = this.#crypto;
      const found = await keyFrom(this.client, typed);
      if (!found) return 'wrong';
      this.#given.give(found.id, found.key);
      await crypto.bootstrapCrossSigning({});
      try {
        await crypto.loadSessionBackupPrivateKeyFromSecretStorage();
      } catch {
        return 'no-backup';
      }
      await crypto.checkKeyBackupAndEnable();
      await noteSaved(this.client, true);
      void this.restore();
      return 'ok';
    });

  /** Gets the keys of all old messages from the backup; messages are decrypted as they come. */
  async restore(): Promise<void> {
    if (this.snapshot.restoring) return;
    this.set({ restoring: { done: 0, total: 0 } });
    try {
      await this.#crypto.restoreKeyBackup({
        progressCallback: (progress) => {
          if (progress.stage !== ImportRoomKeyStage.LoadKeys) return;
          this.set({
            restoring: { done: progress.successes + progress.failures, total: progress.total },
          });
        },
      });
    } catch {
      // Keys still come one by one, as messages need them.
    } finally {
      this.set({ restoring: undefined });
      this.look();
    }
  }

  /** Asks the person's other devices to confirm this one. @throws Error when the homeserver does not answer */
  readonly verifyThisDevice = async (): Promise<void> => {
    this.#begin(await this.#crypto.requestOwnUserVerification());
  };

  /** Asks another device of the person, to confirm it from here. */
  readonly verifyDevice = async (deviceId: string): Promise<void> => {
    this.#begin(await this.#crypto.requestDeviceVerification(this.client.getSafeUserId(), deviceId));
  };

  /** Asks another person to compare emoji or codes, in the conversation of the two. */
  readonly verifyPerson = async (userId: string): Promise<void> => {
    await this.#crypto.userHasCrossSigningKeys(userId, true);
    const roomId = await this.#openDirect(userId);
    this.#begin(await this.#crypto.requestVerificationDM(userId, roomId));
  };

  /** How far another person's identity is known here. */
  readonly trustIn = async (userId: string): Promise<Trust> => {
    await this.#crypto.userHasCrossSigningKeys(userId, true);
    return trustOf(await this.#crypto.getUserVerificationStatus(userId));
  };

  /** Calls `work` when what is known of a person's identity may have changed. @returns ends that */
  onTrust(userId: string, work: () => void): () => void {
    const hear = (changed: string): void => {
      if (changed === userId) work();
    };
    this.client.on(CryptoEvent.UserTrustStatusChanged, hear);
    return () => {
      this.client.off(CryptoEvent.UserTrustStatusChanged, hear);
    };
  }

  /** Takes the person's new identity as it is. */
  readonly acceptIdentity = async (userId: string): Promise<void> => {
    const status = await this.#crypto.getUserVerificationStatus(userId);
    if (status.wasCrossSigningVerified() && !status.isCrossSigningVerified())
      await this.#crypto.withdrawVerificationRequirement(userId);
    if (status.needsUserApproval) await this.#crypto.pinCurrentUserIdentity(userId);
    this.#noteTrust(userId, await this.#crypto.getUserVerificationStatus(userId));
  };

  #noteTrust(userId: string, status: UserVerificationStatus): void {
    const trust = trustOf(status);
    const others = this.snapshot.changed.filter((each) => each.userId !== userId);
    const bad = trust === 'changed' || trust === 'verified-changed';
    if (!bad && others.length === this.snapshot.changed.length) return;
    this.set({
      changed: bad ? [...others, { userId, wasVerified: trust === 'verified-changed' }] : others,
    });
  }

  #receive(request: VerificationRequest): void {
    const { verification } = this.snapshot;
    if (!request.pending || request.initiatedByMe || !isNewer(request)) return;
    if (verification && !verification.over) return;
    this.#begin(request);
  }

  #begin(request: VerificationRequest): void {
    const { verification } = this.snapshot;
    if (verification?.is(request)) return;
    void verification?.cancel();
    const next = new VerificationModel(request, () => {
      // Asked here, but taken or given up on another device: nothing to tell.
      const { step, byMe, own, deviceId } = next.getSnapshot();
      if (step.at === 'done' && own && deviceId !== undefined) this.onOwnConfirmed?.(deviceId);
      const unanswered = step.at === 'ended' && !byMe && !next.answered;
      if (unanswered && this.snapshot.verification === next) this.set({ verification: undefined });
      this.look();
    });
    this.set({ verification: next });
  }

  /** Puts the verification away; one that still goes on is stopped. */
  readonly closeVerification = (): void => {
    void this.snapshot.verification?.cancel();
    this.set({ verification: undefined });
    this.look();
  };
}
