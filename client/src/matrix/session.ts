import { initAsync } from '@matrix-org/matrix-sdk-crypto-wasm';
import {
  createClient,
  HttpApiEvent,
  IndexedDBStore,
  MatrixScheduler,
  Method,
  PendingEventOrdering,
  type MatrixClient,
} from 'matrix-js-sdk';
import type { CryptoBackend } from 'matrix-js-sdk/lib/common-crypto/CryptoBackend';
import { Account } from './account.ts';
import type { Conversations } from './conversations.ts';
import { GivenKeys } from './encryption-secrets.ts';
import { Encryption } from './encryption.ts';
import { Drafts, rescueUnsent } from './drafts.ts';
import { askFirstSync, askLook, FIRST_EVENTS } from './first-look.ts';
import { HistoryKeys } from './history-keys.ts';
import { holdWhileFull } from './full-disk.ts';
import { Media } from './media.ts';
import { OwnProfile } from './own-profile.ts';
import { forgetUnsent, SealedStore } from './outbox-store.ts';
import { NotifyRules } from './notify-rules.ts';
import { pushersOf } from './pushers.ts';
import { quietLogger } from './quiet-logger.ts';
import { signOut } from '@qiao/ui-kit';
import { PushDevice } from '../pwa/push-device.ts';
import { PeopleStore } from './people.ts';
import { nameByPeople, type NameWords } from './rooms-name.ts';
import { Reading } from './reading.ts';
import { keepRooms, showKept } from './rooms-kept.ts';
import { RoomsStore } from './rooms.ts';
import { forgetSearch, SearchFeed } from './search-feed.ts';
import { Sender } from './sender.ts';
import { SignIns } from './sign-ins.ts';
import { StatusModel } from './status.ts';
import { Timelines } from './timelines.ts';
import { unreadOf } from './unread.ts';
import { Tokens } from './tokens.ts';
import type { StoredSession, Vault } from './vault.ts';

/** Databases of one device, by their beginnings; they go with the sign-out. */
const SYNC_DATABASE = 'qiao-sync';
const CRYPTO_PREFIX = 'qiao';
const makeStoreWorker = (): Worker =>
  new Worker(new URL('./store.worker.ts', import.meta.url), { type: 'module' });
let storeWorker: Worker | undefined;

/** Loads and compiles the encryption, and starts the store's worker, while the person still types. */
export async function warmUp(): Promise<void> {
  storeWorker ??= makeStoreWorker();
  await Promise.all([initAsync(), import('matrix-js-sdk/lib/rust-crypto/index.js')]);
}

/** Removes the databases of a device that does not run. */
export async function forgetStores(): Promise<void> {
  const client = createClient({
    baseUrl: location.origin,
    store: new IndexedDBStore({ indexedDB, localStorage, dbName: SYNC_DATABASE }),
  });
  await Promise.all([
    client.clearStores({ cryptoDatabasePrefix: CRYPTO_PREFIX }),
    forgetUnsent(),
    forgetSearch(),
  ]);
}

/** Why a session ended without the person's own doing. */
export type Ending = 'soft' | 'hard';

/** A signed-in device that runs: the client, and what views need of it. */
export class MatrixSession {
  readonly tokens: Tokens;
  readonly vault: Vault;
  readonly client: MatrixClient;
  readonly status: StatusModel;
  readonly encryption: Encryption;
  readonly account: Account;
  readonly signIns: SignIns;
  readonly rooms: RoomsStore;
  readonly people: PeopleStore;
  readonly ownProfile: OwnProfile;
  readonly timelines: Timelines;
  readonly sender: Sender;
  readonly drafts: Drafts;
  readonly history: HistoryKeys;
  readonly media: Media;
  readonly search: SearchFeed;
  readonly reading: Reading;
  readonly notifyRules: NotifyRules;
  readonly push: PushDevice;
  readonly #store: IndexedDBStore;
  readonly #unsent: SealedStore;
  #onEnded: ((ending: Ending) => void) | undefined;
  #endKeeping: (() => void) | undefined;
  #endHold: (() => void) | undefined;

  private constructor(
    tokens: Tokens,
    vault: Vault,
    client: MatrixClient,
    store: IndexedDBStore,
    given: GivenKeys,
    conversations: Conversations,
  ) {
    this.tokens = tokens;
    this.vault = vault;
    this.client = client;
    this.#store = store;
    unreadOf(client).watch(store);
    this.status = new StatusModel(client);
    this.encryption = new Encryption(client, given, (userId) => this.rooms.actions.openDirect(userId));
    this.rooms = new RoomsStore(client, conversations);
    this.people = new PeopleStore(client);
    this.ownProfile = new OwnProfile(client, this.people);
    this.account = new Account(client, this.encryption, this.ownProfile.read);
    this.media = new Media(client, tokens);
    this.#unsent = new SealedStore(() => vault.deriveKey('outbox'));
    this.signIns = new SignIns(client, this.#unsent, () => Date.now() - this.status.clockOff);
    // Whoever held both devices knows the other one.
    this.encryption.onOwnConfirmed = (id) => void this.signIns.acknowledge([id]).catch(() => undefined);
    this.sender = new Sender(client, this.media, this.#unsent, () => Date.now() - this.status.clockOff);
    this.timelines = new Timelines(client, this.sender);
    this.drafts = new Drafts(this.#unsent);
    this.rooms.drafts = this.drafts;
    this.history = new HistoryKeys({
      client,
      store: this.#unsent,
      now: () => Date.now() - this.status.clockOff,
      onClosed: this.encryption.noteClosed,
    });
    this.search = new SearchFeed(client);
    this.reading = new Reading(client);
    this.notifyRules = new NotifyRules(client);
    this.push = new PushDevice({
      vault,
      pushers: pushersOf(client),
      rooms: this.rooms,
      status: this.status,
    });
    client.on(HttpApiEvent.SessionLoggedOut, (error) => {
      this.#onEnded?.(error.data['soft_logout'] === true ? 'soft' : 'hard');
    });
  }

  get userId(): string {
    return this.tokens.session.userId;
  }

  /** Called when the homeserver refuses the session's token. */
  set onEnded(work: (ending: Ending) => void) {
    this.#onEnded = work;
  }

  /**
   * Opens the device's stores and begins to sync.
   * @param words for conversations that have no name of their own
   * @param conversations by which new ones are made
   * @param isNew nothing of it is stored here yet
   * @throws Error when the browser's storage cannot be used
   */
  static async start(
    stored: StoredSession,
    vault: Vault,
    words: NameWords,
    conversations: Conversations,
    isNew = false,
  ): Promise<MatrixSession> {
    const store = new IndexedDBStore({
      indexedDB,
      localStorage,
      dbName: SYNC_DATABASE,
      workerFactory: () => {
        const worker = storeWorker ?? makeStoreWorker();
        storeWorker = undefined;
        return worker;
      },
    });
    const tokens = new Tokens(stored, vault);
    const given = new GivenKeys();
    const client = createClient({
      baseUrl: stored.homeserverUrl,
      fetchFn: tokens.fetch,
      userId: stored.userId,
      deviceId: stored.deviceId,
      accessToken: stored.accessToken,
      store,
      timelineSupport: true,
      logger: quietLogger,
      // Order and repetition are the sender's: one attempt is one request.
      scheduler: new MatrixScheduler(
        () => -1,
        () => null,
      ),
      cryptoCallbacks: given.callbacks,
      roomNameGenerator: nameByPeople(words),
    });
    tokens.onRenewed = (accessToken) => {
      client.setAccessToken(accessToken);
    };
    const session = new MatrixSession(tokens, vault, client, store, given, conversations);
    if (isNew) session.#lookAhead(words);
    else void showKept(session.rooms, stored.userId, vault);
    // Asked for by the start below, which waits for it; kept by the client.
    void client.getVersions().catch(() => undefined);
    await Promise.all([
      store.startup(),
      client.initRustCrypto({ cryptoDatabasePrefix: CRYPTO_PREFIX, storageKey: await vault.secret() }),
      session.drafts.load(stored.userId),
    ]);
    session.#hold();
    tokens.onServerTime = (serverMs) => {
      session.status.hearServerTime(serverMs);
    };
    globalThis.addEventListener('beforeunload', session.#leaving);
    session.#endKeeping = keepRooms(session.rooms, stored.userId, vault);
    session.sender.start();
    session.search.start(vault);
    await client.startClient({
      initialSyncLimit: FIRST_EVENTS,
      lazyLoadMembers: true,
      threadSupport: true,
      pendingEventOrdering: PendingEventOrdering.Detached,
    });
    return session;
  }

  #lookAhead(words: NameWords): void {
    const { customTypes } = this.rooms;
    const looked = askLook(this.tokens, { me: this.userId, words, customTypes }).then(
      (rooms) => {
        this.rooms.foresee(rooms);
      },
      // The first sync tells all that it would have told.
      () => undefined,
    );
    askFirstSync(this.tokens, looked);
  }

  /** Ends the work of this page; the device stays signed in. */
  async stop(): Promise<void> {
    this.#onEnded = undefined;
    this.#endHold?.();
    this.encryption.stop();
    this.signIns.stop();
    this.history.stop();
    await Promise.all([this.push.stop(), this.search.stop(), this.#store.save(true).catch(() => undefined)]);
    this.client.stopClient();
    await this.#stopSending();
    await this.#store.destroy().catch(() => undefined);
  }

  /**
   * Signs the device out and forgets everything it stored.
   * @param everywhere all other devices of the person, too
   */
  async signOut(everywhere: boolean): Promise<void> {
    this.#onEnded = undefined;
    await this.push.end(everywhere);
    const session = await this.tokens.fresh();
    this.history.stop();
    this.client.stopClient();
    if (everywhere)
      await this.client.http.authedRequest(Method.Post, '/logout/all').catch(() => signOut(session));
    else await signOut(session);
    await this.#forget();
  }

  /**
   * Forgets everything the device stored here, because the homeserver ended the session. What was not sent stays
   * in the page: the same person finds it as drafts after signing in again.
   */
  async forget(): Promise<void> {
    // Requests on their way are refused from now on: that the session ended is known.
    this.#onEnded = undefined;
    this.rescue();
    await this.#forget();
  }

  /** Keeps what was typed and not sent in the page, for the next sign-in of the same person. */
  rescue(): void {
    this.drafts.collect();
    rescueUnsent(this.userId, this.drafts, this.sender.unsent);
  }

  /** Keys that cannot be stored are not taken. */
  #hold(): void {
    const crypto = this.client.getCrypto();
    // The SDK's own part of it: what its sync gives to the encryption goes through this method.
    if (crypto && 'processSyncChanges' in crypto) {
      const intake = crypto as typeof crypto & Pick<CryptoBackend, 'processSyncChanges'>;
      this.signIns.listen(intake);
      this.#endHold = holdWhileFull(
        intake,
        this.status.setFull,
        (ms) =>
          new Promise((resolve) => {
            setTimeout(resolve, ms);
          }),
      );
    }
  }

  async #stopSending(): Promise<void> {
    this.#endKeeping?.();
    this.sender.stop();
    this.status.stop();
    globalThis.removeEventListener('beforeunload', this.#leaving);
    // What is in an editor now is in the next tab's, or in this one after the person has signed in again.
    this.drafts.collect();
    await this.drafts.flush();
    await this.#unsent.close();
  }

  readonly #leaving = (event: BeforeUnloadEvent): void => {
    this.drafts.collect();
    // The page lives until the next one answers: long enough to write.
    void this.drafts.flush();
    if (this.drafts.getSnapshot().unkept) event.preventDefault();
  };

  async #forget(): Promise<void> {
    this.#endHold?.();
    this.encryption.stop();
    this.signIns.stop();
    this.history.stop();
    this.client.stopClient();
    await this.push.end();
    await this.#stopSending();
    await forgetUnsent();
    await this.search.forget();
    await this.client.clearStores({ cryptoDatabasePrefix: CRYPTO_PREFIX }).catch(() => undefined);
    await this.vault.clear();
  }
}
