import { ViewModel } from '@qiao/ui-kit';
import { ClientEvent, SyncState, type MatrixClient, type MatrixEvent } from 'matrix-js-sdk';
import type { SealedStore } from './outbox-store.ts';
import { knownIn, sealKnown } from './sign-ins-known.ts';

/** A sign-in of the person's own account that nobody has said to know. */
export interface NewSignIn {
  readonly id: string;
  /** As the other side calls itself: anything. */
  readonly name: string;
  /** When it came, milliseconds since 1970; undefined: this device did not run then. */
  readonly at: number | undefined;
  /** When it was last used, as far as the homeserver says, milliseconds since 1970. */
  readonly seen: number | undefined;
}

export interface SignInsSnapshot {
  readonly fresh: readonly NewSignIn[];
}

/** Of the account: which devices the person has said to know, with a proof that a confirmed device wrote it. */
const KNOWN = 'im.qiao.known_devices';
/** In the device's own store. */
const STORED = 'known';
/** A sign-in that is over again within this time (the console's) is not told, in milliseconds. */
const SETTLE_MS = 2_000;
/** One that was used longer ago than this came before it was heard of, in milliseconds. */
const JUST_NOW_MS = 120_000;

/** What the device keeps: `noticed` is when each unknown one came, 0 for "not while this ran". */
interface Kept {
  readonly known: readonly string[];
  readonly noticed: Readonly<Record<string, number>>;
}

const isKept = (value: unknown): value is Kept =>
  typeof value === 'object' &&
  value !== null &&
  Array.isArray((value as Kept).known) &&
  typeof (value as Kept).noticed === 'object';

/** What of the SDK's encryption hears of changed devices in a sync answer. */
interface Intake<Changes, Taken> {
  processSyncChanges: (changes: Changes) => Promise<Taken>;
}
interface DeviceChanges {
  readonly deviceLists?: { readonly changed?: string[] | undefined } | undefined;
}

/**
 * Sign-ins on the person's other devices. What was there when this device was first used is known; what comes later
 * is told until the person says, here or on another confirmed device, that it was theirs, or signs it out.
 */
export class SignIns extends ViewModel<SignInsSnapshot> {
  readonly #client: MatrixClient;
  readonly #store: Pick<SealedStore, 'all' | 'put'>;
  readonly #now: () => number;
  #kept: Kept | undefined;
  #began = false;
  #stopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(client: MatrixClient, store: Pick<SealedStore, 'all' | 'put'>, now: () => number) {
    super({ fresh: [] });
    this.#client = client;
    this.#store = store;
    this.#now = now;
    client.on(ClientEvent.Sync, (state, before) => {
      // The first answer, and each that comes after the homeserver could not be reached.
      if (
        client.isInitialSyncComplete() &&
        (!this.#began || (before === SyncState.Error && state === SyncState.Syncing))
      )
        this.#soon(0);
    });
    client.on(ClientEvent.AccountData, (event: MatrixEvent) => {
      if (event.getType() === KNOWN) this.#soon(0);
    });
  }

  /** Listens to what the sync says of the own devices, those without keys included. */
  listen<Changes extends DeviceChanges, Taken>(crypto: Intake<Changes, Taken>): void {
    const me = this.#client.getSafeUserId();
    const take = crypto.processSyncChanges.bind(crypto);
    crypto.processSyncChanges = (changes) => {
      if (changes.deviceLists?.changed?.includes(me) === true) this.#soon(SETTLE_MS);
      return take(changes);
    };
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** The person says that these were theirs; their other confirmed devices do not ask again. */
  readonly acknowledge = async (ids: readonly string[]): Promise<void> => {
    const kept = this.#kept;
    if (!kept) return;
    this.set({ fresh: this.snapshot.fresh.filter(({ id }) => !ids.includes(id)) });
    const known = [...new Set([...kept.known, ...ids])];
    await this.#keep({ known, noticed: kept.noticed });
    const sealed = await sealKnown(this.#client, known);
    if (sealed) await this.#client.setAccountData(KNOWN as never, sealed as never);
  };

  #soon(ms: number): void {
    if (this.#stopped) return;
    this.#began = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // Not answered: the next event asks again.
      this.#looking = this.#looking.then(() => this.#look()).catch(() => undefined);
    }, ms);
  }

  async #look(): Promise<void> {
    if (this.#stopped) return;
    const running = this.#kept !== undefined;
    const { devices } = await this.#client.getDevices();
    const there = new Set(devices.map((device) => device.device_id));
    const kept = this.#kept ?? (await this.#stored()) ?? { known: [...there], noticed: {} };
    const said = await knownIn(
      this.#client,
      this.#client.getAccountData(KNOWN as never)?.getContent<Record<string, unknown>>(),
    );
    const own = this.#client.getDeviceId() ?? '';
    const known = new Set([...kept.known, ...said, own].filter((id) => there.has(id)));
    const noticed: Record<string, number> = {};
    const fresh: NewSignIn[] = [];
    for (const { device_id: id, display_name: name, last_seen_ts: used } of devices) {
      if (known.has(id)) continue;
      // Null of one that was never used.
      const seen = used ?? undefined;
      const now = this.#now();
      const live = running && (seen === undefined || now - seen < JUST_NOW_MS);
      const at = (noticed[id] = kept.noticed[id] ?? (live ? now : 0));
      fresh.push({ id, name: name ?? '', at: at === 0 ? undefined : at, seen });
    }
    await this.#keep({ known: [...known], noticed });
    this.set({ fresh });
  }

  async #stored(): Promise<Kept | undefined> {
    const found = (await this.#store.all('devices').catch(() => [])).find(([key]) => key === STORED)?.[1];
    return isKept(found) ? found : undefined;
  }

  async #keep(kept: Kept): Promise<void> {
    this.#kept = kept;
    // Without storage it holds for as long as the page.
    await this.#store.put('devices', STORED, kept).catch(() => undefined);
  }
}
