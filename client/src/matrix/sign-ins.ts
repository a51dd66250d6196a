import { ViewModel } from '@qiao/ui-kit';
import { ClientEvent, SyncState, type MatrixClient, type MatrixEvent } from 'matrix-js-sdk';
import type { SealedStore } from './outbox-store.ts';
import { asRecord } from './safe-text.ts';
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
/** After a look that failed the next waits so long, then twice as long each time, up to the longest, in milliseconds. */
const AGAIN_MS = 5_000;
const LONGEST_AGAIN_MS = 300_000;

/** What the device keeps: `noticed` is when each unknown one came, 0 for "not while this ran". */
interface Kept {
  readonly known: readonly string[];
  readonly noticed: Readonly<Record<string, number>>;
}

/** What was kept, without what cannot be meant; undefined: nothing of it can be read. */
function keptOf(value: unknown): Kept | undefined {
  const { known, noticed } = asRecord(value);
  if (!Array.isArray(known)) return undefined;
  return {
    known: known.filter((id) => typeof id === 'string'),
    noticed: Object.fromEntries(
      Object.entries(asRecord(noticed)).filter(
        (entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]),
      ),
    ),
  };
}

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
  /** Looking and acknowledging, one after the other: neither writes over what the other has found. */
  #turn: Promise<void> = Promise.resolve();
  /** Said to be known, and not kept yet. */
  readonly #said = new Set<string>();
  #failures = 0;

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
  readonly acknowledge = (ids: readonly string[]): Promise<void> => {
    for (const id of ids) this.#said.add(id);
    this.set({ fresh: this.snapshot.fresh.filter(({ id }) => !ids.includes(id)) });
    return this.#inTurn(async () => {
      if (!this.#kept) await this.#look();
      const kept = this.#kept;
      if (!kept) return;
      // What another device has said meanwhile stays said.
      const known = [...new Set([...kept.known, ...(await this.#knownElsewhere()), ...ids])];
      await this.#keep({ known, noticed: kept.noticed });
      for (const id of ids) this.#said.delete(id);
      const sealed = await sealKnown(this.#client, known);
      if (sealed) await this.#client.setAccountData(KNOWN as never, sealed as never);
    });
  };

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** What confirmed devices have said; nothing where it cannot be checked. */
  async #knownElsewhere(): Promise<readonly string[]> {
    const content = this.#client.getAccountData(KNOWN as never)?.getContent<Record<string, unknown>>();
    return knownIn(this.#client, content).catch(() => []);
  }

  #soon(ms: number): void {
    if (this.#stopped) return;
    this.#began = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#inTurn(() => this.#look()).then(
        () => {
          this.#failures = 0;
        },
        () => {
          // No event may come that asks again.
          this.#soon(Math.min(LONGEST_AGAIN_MS, AGAIN_MS * 2 ** this.#failures++));
        },
      );
    }, ms);
  }

  async #look(): Promise<void> {
    if (this.#stopped) return;
    const running = this.#kept !== undefined;
    const { devices } = await this.#client.getDevices();
    const there = new Set(devices.map((device) => device.device_id));
    const kept = this.#kept ?? (await this.#stored()) ?? { known: [...there], noticed: {} };
    const said = [...(await this.#knownElsewhere()), ...this.#said];
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
    // The person may have said it while this was kept.
    this.set({ fresh: fresh.filter(({ id }) => !this.#said.has(id)) });
  }

  /**
   * What the device keeps; undefined: it keeps nothing yet. Of what cannot be read nothing counts as known: a sign-in
   * is rather told twice than never.
   */
  async #stored(): Promise<Kept | undefined> {
    const nothing: Kept = { known: [], noticed: {} };
    let entries: Awaited<ReturnType<SealedStore['all']>>;
    try {
      entries = await this.#store.all('devices');
    } catch {
      return nothing;
    }
    const entry = entries.find(([key]) => key === STORED);
    return entry === undefined ? undefined : (keptOf(entry[1]) ?? nothing);
  }

  async #keep(kept: Kept): Promise<void> {
    this.#kept = kept;
    // Without storage it holds for as long as the page.
    await this.#store.put('devices', STORED, kept).catch(() => undefined);
  }
}
