import {
  RefusedError,
  type ItemState,
  type OutboxItem,
  type OutboxParts,
  type WaitsFor,
} from './outbox-types.ts';

/*
 * The send queue: what a person sent and the homeserver does not have yet. It knows neither Matrix nor the
 * browser; both are passed in, so that order, repetition and faults can be tested alone.
 */

/** First and longest pause between attempts, in milliseconds; doubled in between. */
export const FIRST_PAUSE_MS = 1000;
export const LONGEST_PAUSE_MS = 60_000;

/** The pause after a number of failures (1, 2, …), in milliseconds. */
export const pauseAfter = (failures: number): number =>
  Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1));

interface Lane {
  readonly items: OutboxItem[];
  running: boolean;
  failures: number;
  /** Items that are being written to the store: nothing leaves before it is kept. */
  keeping: number;
  cancelPause: (() => void) | undefined;
  waitsFor: WaitsFor | undefined;
}

/**
 * Sends in order within a room: texts in one lane, files in another, so that a large file does not hold up the
 * words after it. A refused item makes way for the next.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #lanes = new Map<string, Lane>();
  readonly #states = new Map<string, ItemState>();
  readonly #sent = new Map<string, PromiseWithResolvers<string>>();
  readonly #aborts = new Map<string, AbortController>();
  #open = false;
  #memoryOnly = false;
  #keepingAll = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** The storage failed: what is in the queue lives as long as the page. */
  get memoryOnly(): boolean {
    return this.#memoryOnly;
  }

  /** Everything that is not sent, in the order of its sending. */
  get items(): readonly OutboxItem[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.items).sort((one, other) => one.at - other.at);
  }

  stateOf(txnId: string): ItemState | undefined {
    return this.#states.get(txnId);
  }

  /** Why an item waits. */
  waitsFor(item: OutboxItem): WaitsFor {
    return (this.#open ? this.#lane(item).waitsFor : undefined) ?? 'connection';
  }

  /** Takes up what an earlier page left. @returns the items, oldest first */
  async restore(): Promise<readonly OutboxItem[]> {
    let kept: OutboxItem[];
    try {
      kept = await this.#parts.store.all();
    } catch {
      this.storageFailed();
      return [];
    }
    const fresh = kept
      .filter((item) => !this.#states.has(item.txnId))
      .sort((one, other) => one.at - other.at);
    for (const item of fresh) {
      const lane = this.#lane(item);
      // What was written since the page began stays behind it.
      const at = lane.items.findIndex((other) => other.at > item.at);
      lane.items.splice(at === -1 ? lane.items.length : at, 0, item);
      this.#setState(item, item.failed === undefined ? 'waiting' : 'failed');
    }
    this.#run();
    return fresh;
  }

  /** Begins to send; before, items wait. */
  open(): void {
    this.#open = true;
    this.kick();
  }

  /** Stops; what is not sent stays. */
  close(): void {
    this.#open = false;
    for (const lane of this.#lanes.values()) lane.cancelPause?.();
    for (const abort of this.#aborts.values()) abort.abort();
  }

  /** Tries at once what waits: the connection is back. */
  kick(): void {
    for (const lane of this.#lanes.values()) {
      lane.cancelPause?.();
      lane.cancelPause = undefined;
    }
    this.#run();
  }

  /**
   * Adds an item. It is kept before it is sent.
   * @returns its event id when the homeserver has it; rejects when it is removed, or is quiet and refused
   */
  async add(item: OutboxItem): Promise<string> {
    const sent = Promise.withResolvers<string>();
    // Nobody may be waiting.
    sent.promise.catch(() => undefined);
    this.#sent.set(item.txnId, sent);
    const lane = this.#lane(item);
    const first = this.#open && lane.items.length === 0 && lane.cancelPause === undefined;
    // Its turn is now: written once instead of twice.
    const kept: OutboxItem = first ? { ...item, attempted: true } : item;
    lane.items.push(kept);
    lane.keeping++;
    this.#setState(kept, this.#open && lane.cancelPause === undefined ? 'sending' : 'waiting');
    await this.#keep(kept);
    lane.keeping--;
    this.#run();
    return sent.promise;
  }

  /** Sends again what was refused. */
  retry(txnId: string): void {
    const item = this.#find(txnId);
    if (!item) return;
    const { failed: _failed, ...again } = item;
    this.#replace(again);
    void this.#keep(again);
    this.#setState(again, 'waiting');
    this.kick();
  }

  /** Gives an item up, and answers it. One whose request is on its way may have arrived nevertheless. */
  async remove(txnId: string): Promise<OutboxItem | undefined> {
    this.#aborts.get(txnId)?.abort();
    const item = this.#find(txnId);
    if (!item) return undefined;
    await this.#forget(item);
    this.#sent.get(txnId)?.reject(new Error('removed'));
    this.#sent.delete(txnId);
    return item;
  }

  /**
   * Takes an item back. What no request has left with is forgotten at once; else it is waited for, for the
   * homeserver may have it.
   * @returns the event that is to be deleted; undefined: there is none
   */
  async withdraw(txnId: string): Promise<string | undefined> {
    const item = this.#find(txnId);
    if (item?.attempted !== true) {
      await this.remove(txnId);
      return undefined;
    }
    let sent = this.#sent.get(txnId);
    if (!sent) {
      // Of an earlier page.
      sent = Promise.withResolvers<string>();
      this.#sent.set(txnId, sent);
    }
    return sent.promise.catch(() => undefined);
  }

  /** The homeserver was seen to have it: by the sync, before or instead of the answer to the request. */
  async confirm(txnId: string, eventId: string): Promise<void> {
    const item = this.#find(txnId);
    if (!item) return;
    await this.#forget(item);
    this.#sent.get(txnId)?.resolve(eventId);
    this.#sent.delete(txnId);
  }

  #lane(item: OutboxItem): Lane {
    const key = `${item.roomId} ${item.uploads === undefined ? 'text' : 'file'}`;
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = {
        items: [],
        running: false,
        failures: 0,
        keeping: 0,
        cancelPause: undefined,
        waitsFor: undefined,
      };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #find(txnId: string): OutboxItem | undefined {
    for (const lane of this.#lanes.values()) {
      const found = lane.items.find((item) => item.txnId === txnId);
      if (found) return found;
    }
    return undefined;
  }

  #replace(item: OutboxItem): void {
    const { items } = this.#lane(item);
    const at = items.findIndex((other) => other.txnId === item.txnId);
    if (at !== -1) items[at] = item;
  }

  #setState(item: OutboxItem, state: ItemState): void {
    this.#states.set(item.txnId, state);
    this.#parts.transport.show(item, state);
    this.#parts.onChange();
  }

  /** Puts everything into a store that has become empty under us. */
  async keepAll(): Promise<void> {
    for (const item of this.items) await this.#keep(item);
  }

  /** Something of an item could not be kept. */
  storageFailed(): void {
    this.#memoryOnly = true;
    this.#parts.onChange();
  }

  async #keep(item: OutboxItem): Promise<void> {
    try {
      await this.#parts.store.put(item);
    } catch {
      this.storageFailed();
      return;
    }
    if (!this.#memoryOnly || this.#keepingAll) return;
    // There is room again: the others are tried once, too.
    this.#memoryOnly = false;
    this.#keepingAll = true;
    await this.keepAll();
    this.#keepingAll = false;
    this.#parts.onChange();
  }

  async #forget(item: OutboxItem): Promise<void> {
    const { items } = this.#lane(item);
    const at = items.findIndex((other) => other.txnId === item.txnId);
    if (at !== -1) items.splice(at, 1);
    this.#states.delete(item.txnId);
    this.#parts.onChange();
    await this.#parts.store.remove(item).catch(() => {
      this.storageFailed();
    });
  }

  #run(): void {
    if (!this.#open) return;
    for (const lane of this.#lanes.values()) {
      if (!lane.running && lane.cancelPause === undefined) void this.#drain(lane);
    }
  }

  async #drain(lane: Lane): Promise<void> {
    lane.running = true;
    try {
      for (;;) {
        const item = lane.items.find((each) => each.failed === undefined);
        if (!item || !this.#open || lane.keeping > 0) return;
        if (!(await this.#attempt(lane, item))) return;
      }
    } finally {
      lane.running = false;
    }
  }

  /** @returns whether the next one may be tried now */
  async #attempt(lane: Lane, item: OutboxItem): Promise<boolean> {
    const { txnId } = item;
    const abort = new AbortController();
    this.#aborts.set(txnId, abort);
    const attempted: OutboxItem = { ...item, attempted: true };
    this.#replace(attempted);
    if (item.attempted !== true) await this.#keep(attempted);
    if (!this.#find(txnId)) return true;
    this.#setState(attempted, 'sending');
    const update = (next: OutboxItem): void => {
      if (!this.#find(txnId)) return;
      this.#replace(next);
      void this.#keep(next);
    };
    const outcome = await this.#parts.transport.deliver(attempted, update, abort.signal);
    this.#aborts.delete(txnId);
    const now = this.#find(txnId);
    // Removed, or confirmed by the sync, in the meantime.
    if (!now) return true;
    switch (outcome.kind) {
      case 'sent':
        lane.failures = 0;
        lane.waitsFor = undefined;
        await this.confirm(txnId, outcome.eventId);
        return true;
      case 'refused': {
        lane.waitsFor = undefined;
        if (now.quiet === true) {
          // Whoever waits hears why, and not that it was removed.
          const sent = this.#sent.get(txnId);
          this.#sent.delete(txnId);
          this.#parts.transport.refused(now, outcome.reason);
          await this.#forget(now);
          sent?.reject(new RefusedError(outcome.reason));
          return true;
        }
        const refused = { ...now, failed: outcome.reason };
        this.#replace(refused);
        this.#setState(refused, 'failed');
        await this.#keep(refused);
        return true;
      }
      case 'signed-out':
        this.#setState(now, 'waiting');
        this.close();
        return false;
      case 'later': {
        lane.failures++;
        lane.waitsFor = outcome.offline ? 'connection' : 'server';
        const pause = Math.max(outcome.afterMs ?? 0, pauseAfter(lane.failures));
        for (const each of lane.items) if (each.failed === undefined) this.#setState(each, 'waiting');
        lane.cancelPause = this.#parts.after(pause, () => {
          lane.cancelPause = undefined;
          this.#run();
        });
        return false;
      }
    }
  }
}
