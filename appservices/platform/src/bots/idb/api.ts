import { encodeKey, decodeKey, type IdbKey } from './keys.ts';
import type { DatabaseSchema, IndexSchema, Range, Row, SqliteEngine, StoreSchema, Unit } from './engine.ts';

/**
 * The part of IndexedDB that `@matrix-org/matrix-sdk-crypto-wasm` uses (its imports name every call): object stores
 * with keys given apart, no key generators, forward cursors, indexes by path, handlers as `on…` properties. Anything
 * else is absent, so that a new version of the library that needs more fails at its first call and not in silence.
 */

type Handler = ((event: IdbEvent) => unknown) | null | undefined;
type Mode = 'readonly' | 'readwrite' | 'versionchange';
const NO_LIMIT = 2 ** 31 - 1;

export interface IdbEvent {
  readonly type: string;
  readonly target: unknown;
  readonly oldVersion?: number;
  readonly newVersion?: number | null;
}

function fail(name: string, message: string): DOMException {
  return new DOMException(message, name);
}

function asException(error: unknown): DOMException {
  if (error instanceof DOMException) return error;
  return fail('UnknownError', error instanceof Error ? error.message : String(error));
}

function validKey(key: unknown): Uint8Array {
  const bytes = encodeKey(key);
  if (bytes === undefined) throw fail('DataError', 'not a valid key');
  return bytes;
}

/** A handler's error must not stop the delivery of others; it reaches the process as any uncaught error does. */
function call(handler: Handler, event: IdbEvent): void {
  if (typeof handler !== 'function') return;
  try {
    handler(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

export class SlimKeyRange {
  readonly range: Range;
  private constructor(range: Range) {
    this.range = range;
  }
  static bound(lower: unknown, upper: unknown, lowerOpen = false, upperOpen = false): SlimKeyRange {
    const range = { lower: validKey(lower), upper: validKey(upper), lowerOpen, upperOpen };
    const order = Buffer.compare(range.lower, range.upper);
    if (order > 0 || (order === 0 && (lowerOpen || upperOpen))) throw fail('DataError', 'the range is empty');
    return new SlimKeyRange(range);
  }
  static only(key: unknown): SlimKeyRange {
    return SlimKeyRange.bound(key, key);
  }
  static lowerBound(lower: unknown, lowerOpen = false): SlimKeyRange {
    return new SlimKeyRange({ lower: validKey(lower), lowerOpen });
  }
  static upperBound(upper: unknown, upperOpen = false): SlimKeyRange {
    return new SlimKeyRange({ upper: validKey(upper), upperOpen });
  }
}

function toRange(query: unknown): Range {
  if (query === undefined || query === null) return {};
  if (query instanceof SlimKeyRange) return query.range;
  const key = validKey(query);
  return { lower: key, upper: key };
}

export class SlimRequest {
  readonly source: unknown;
  transaction: SlimTransaction | null;
  readyState: 'pending' | 'done' = 'pending';
  onsuccess: Handler = null;
  onerror: Handler = null;
  #result: unknown;
  #error: DOMException | null = null;

  constructor(source: unknown, transaction: SlimTransaction | null) {
    this.source = source;
    this.transaction = transaction;
  }
  get result(): unknown {
    if (this.readyState === 'pending') throw fail('InvalidStateError', 'the request is not done');
    return this.#result;
  }
  get error(): DOMException | null {
    if (this.readyState === 'pending') throw fail('InvalidStateError', 'the request is not done');
    return this.#error;
  }
  /** Waits again (a cursor that moves on). */
  again(): void {
    this.readyState = 'pending';
  }
  /** Sets the result without telling anyone. */
  setResult(result: unknown, error: DOMException | null): void {
    this.readyState = 'done';
    this.#result = result;
    this.#error = error;
  }
  settle(result: unknown, error: DOMException | null): void {
    this.setResult(result, error);
    if (error === null) call(this.onsuccess, { type: 'success', target: this });
    else call(this.onerror, { type: 'error', target: this });
  }
}

export class SlimOpenRequest extends SlimRequest {
  onupgradeneeded: Handler = null;
  onblocked: Handler = null;
}

interface Job {
  request: SlimRequest;
  work: () => unknown;
}

export class SlimTransaction implements Unit {
  readonly db: SlimDatabase;
  readonly mode: Mode;
  readonly readonly: boolean;
  readonly scope: ReadonlySet<number> | undefined;
  oncomplete: Handler = null;
  onerror: Handler = null;
  onabort: Handler = null;
  error: DOMException | null = null;
  /** Called once, after `oncomplete` or `onabort`. */
  onend: ((completed: boolean) => void) | null = null;
  onstart: (() => void) | null = null;
  readonly #engine: SqliteEngine;
  readonly #names: readonly string[];
  #waiting: Job[] = [];
  #undelivered = 0;
  #state: 'queued' | 'running' | 'committing' | 'over' = 'queued';

  constructor(engine: SqliteEngine, db: SlimDatabase, names: readonly string[], mode: Mode) {
    this.#engine = engine;
    this.db = db;
    this.mode = mode;
    this.readonly = mode === 'readonly';
    this.#names = names;
    this.scope = mode === 'versionchange' ? undefined : new Set(names.map((name) => db.storeSchema(name).id));
  }

  get objectStoreNames(): SlimStringList {
    return new SlimStringList(this.mode === 'versionchange' ? [...this.db.objectStoreNames] : this.#names);
  }

  objectStore(name: string): SlimObjectStore {
    if (this.#state === 'over') throw fail('InvalidStateError', 'the transaction is over');
    if (this.mode !== 'versionchange' && !this.#names.includes(name)) {
      throw fail('NotFoundError', 'no such object store in the transaction');
    }
    return new SlimObjectStore(this.#engine, this, this.db.storeSchema(name));
  }

  commit(): void {
    if (this.#state === 'over' || this.#state === 'committing')
      throw fail('InvalidStateError', 'already over');
    if (this.#state === 'queued' || this.#undelivered > 0) {
      // Requests still to be delivered come first; the engine ends the unit when it is idle.
      this.#engine.touch();
      return;
    }
    this.#engine.finish(this);
  }

  abort(error: DOMException | null = null): void {
    if (this.#state === 'over' || this.#state === 'committing')
      throw fail('InvalidStateError', 'already over');
    this.#state = 'over';
    this.error = error;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#engine.rollback(this);
    queueMicrotask(() => {
      for (const job of waiting)
        job.request.settle(undefined, fail('AbortError', 'the transaction was aborted'));
      call(this.onabort, { type: 'abort', target: this });
      this.onend?.(false);
    });
  }

  /** Does something in this transaction and delivers the result to the request in a microtask. */
  run(request: SlimRequest, work: () => unknown): SlimRequest {
    if (this.#state === 'over' || this.#state === 'committing') {
      throw fail('TransactionInactiveError', 'the transaction is over');
    }
    this.#undelivered += 1;
    if (this.#state === 'queued') this.#waiting.push({ request, work });
    else this.#do({ request, work });
    return request;
  }

  #do({ request, work }: Job): void {
    let result: unknown;
    let error: DOMException | null = null;
    try {
      result = work();
    } catch (thrown) {
      error = asException(thrown);
    }
    queueMicrotask(() => {
      this.#undelivered -= 1;
      if (this.#state === 'over') return;
      request.settle(result, error);
      if (error !== null) {
        call(this.onerror, { type: 'error', target: request });
        if (this.#stillRunning()) this.abort(error);
      } else this.#engine.touch();
    });
  }

  /** Whether it works at once; otherwise what is asked waits for its turn. */
  get started(): boolean {
    return this.#state !== 'queued';
  }

  #stillRunning(): boolean {
    return this.#state === 'running';
  }

  assertWritable(): void {
    if (this.readonly) throw fail('ReadOnlyError', 'the transaction only reads');
  }

  // Unit
  start(): void {
    this.#state = 'running';
    const waiting = this.#waiting;
    this.#waiting = [];
    this.onstart?.();
    for (const job of waiting) this.#do(job);
  }
  idle(): boolean {
    return this.#undelivered === 0;
  }
  ended(): void {
    this.#state = 'committing';
  }
  failed(error: unknown): void {
    this.#state = 'over';
    this.error = asException(error);
    call(this.onabort, { type: 'abort', target: this });
    this.onend?.(false);
  }
  completed(): void {
    this.#state = 'over';
    call(this.oncomplete, { type: 'complete', target: this });
    this.onend?.(true);
  }
}

abstract class Source {
  protected readonly engine: SqliteEngine;
  readonly transaction: SlimTransaction;
  protected readonly store: StoreSchema;
  protected readonly indexSchema: IndexSchema | undefined;

  constructor(engine: SqliteEngine, transaction: SlimTransaction, store: StoreSchema, index?: IndexSchema) {
    this.engine = engine;
    this.transaction = transaction;
    this.store = store;
    this.indexSchema = index;
  }
  protected ask(work: () => unknown): SlimRequest {
    return this.transaction.run(new SlimRequest(this, this.transaction), work);
  }
  get(query: unknown): SlimRequest {
    const range = toRange(query);
    return this.ask(() => this.engine.get(this.store, this.indexSchema, range)?.value);
  }
  getAll(query?: unknown, count = 0): SlimRequest {
    const range = toRange(query);
    return this.ask(() =>
      this.engine
        .rows(this.store, this.indexSchema, range, count > 0 ? count : NO_LIMIT)
        .map((row) => row.value),
    );
  }
  getAllKeys(query?: unknown, count = 0): SlimRequest {
    const range = toRange(query);
    return this.ask(() =>
      this.engine.keys(this.store, this.indexSchema, range, count > 0 ? count : NO_LIMIT),
    );
  }
  count(query?: unknown): SlimRequest {
    const range = toRange(query);
    return this.ask(() => this.engine.count(this.store, this.indexSchema, range));
  }
  openCursor(query?: unknown, direction = 'next'): SlimRequest {
    if (direction !== 'next') throw fail('NotSupportedError', 'only forward cursors');
    const range = toRange(query);
    const request = new SlimRequest(this, this.transaction);
    return this.transaction.run(request, () => {
      const row = this.engine.get(this.store, this.indexSchema, range);
      if (row === undefined) return null;
      return new SlimCursorWithValue(this.engine, this.store, this.indexSchema, range, request, row);
    });
  }
}

export class SlimObjectStore extends Source {
  get name(): string {
    return this.store.name;
  }
  get indexNames(): SlimStringList {
    return new SlimStringList([...this.store.indexes.keys()].sort());
  }
  put(value: unknown, key: unknown): SlimRequest {
    return this.#write(value, key, false);
  }
  add(value: unknown, key: unknown): SlimRequest {
    return this.#write(value, key, true);
  }
  #write(value: unknown, key: unknown, onlyNew: boolean): SlimRequest {
    this.transaction.assertWritable();
    const bytes = validKey(key);
    // IndexedDB clones the value at the call; a waiting transaction must not see later changes.
    const copy = this.transaction.started ? value : structuredClone(value);
    return this.ask(() => {
      this.engine.put(this.store, bytes, copy, onlyNew);
      return key;
    });
  }
  delete(query: unknown): SlimRequest {
    this.transaction.assertWritable();
    const range = toRange(query);
    if (range.lower === undefined && range.upper === undefined) throw fail('DataError', 'no key');
    return this.ask(() => {
      this.engine.delete(this.store, range);
      return undefined;
    });
  }
  clear(): SlimRequest {
    this.transaction.assertWritable();
    return this.ask(() => {
      this.engine.delete(this.store, {});
      return undefined;
    });
  }
  index(name: string): SlimIndex {
    const index = this.store.indexes.get(name);
    if (index === undefined) throw fail('NotFoundError', 'no such index');
    return new SlimIndex(this.engine, this.transaction, this.store, index);
  }
  createIndex(
    name: string,
    keyPath: unknown,
    options: { unique?: boolean; multiEntry?: boolean } = {},
  ): SlimIndex {
    if (this.transaction.mode !== 'versionchange') throw fail('InvalidStateError', 'not in a version change');
    const path = Array.isArray(keyPath) ? keyPath.map(String) : String(keyPath);
    this.engine.createIndex(this.store, name, path, options.unique === true, options.multiEntry === true);
    return this.index(name);
  }
  deleteIndex(name: string): void {
    if (this.transaction.mode !== 'versionchange') throw fail('InvalidStateError', 'not in a version change');
    this.engine.deleteIndex(this.store, name);
  }
}

export class SlimIndex extends Source {
  get name(): string {
    return this.indexSchema?.name ?? '';
  }
}

export class SlimCursor {
  readonly request: SlimRequest;
  readonly #engine: SqliteEngine;
  readonly #store: StoreSchema;
  readonly #index: IndexSchema | undefined;
  readonly #range: Range;
  #row: Row;

  constructor(
    engine: SqliteEngine,
    store: StoreSchema,
    index: IndexSchema | undefined,
    range: Range,
    request: SlimRequest,
    row: Row,
  ) {
    this.#engine = engine;
    this.#store = store;
    this.#index = index;
    this.#range = range;
    this.request = request;
    this.#row = row;
  }
  get key(): IdbKey {
    return decodeKey(this.#row.at);
  }
  get primaryKey(): IdbKey {
    return decodeKey(this.#row.primary);
  }
  get value(): unknown {
    return this.#row.value;
  }
  #transaction(): SlimTransaction {
    const transaction = this.request.transaction;
    if (transaction === null) throw fail('InvalidStateError', 'no transaction');
    return transaction;
  }
  continue(): void {
    const transaction = this.#transaction();
    this.request.again();
    transaction.run(this.request, () => {
      const row = this.#engine.rows(this.#store, this.#index, this.#range, 1, this.#row)[0];
      if (row === undefined) return null;
      this.#row = row;
      return this;
    });
  }
  update(value: unknown): SlimRequest {
    const transaction = this.#transaction();
    transaction.assertWritable();
    const copy = transaction.started ? value : structuredClone(value);
    const { primary } = this.#row;
    return transaction.run(new SlimRequest(this, transaction), () => {
      this.#engine.put(this.#store, primary, copy, false);
      return decodeKey(primary);
    });
  }
  delete(): SlimRequest {
    const transaction = this.#transaction();
    transaction.assertWritable();
    const { primary } = this.#row;
    return transaction.run(new SlimRequest(this, transaction), () => {
      this.#engine.delete(this.#store, { lower: primary, upper: primary });
      return undefined;
    });
  }
}

export class SlimCursorWithValue extends SlimCursor {}

/** `DOMStringList`. */
export class SlimStringList extends Array<string> {
  constructor(names: readonly string[]) {
    super();
    for (const name of names) this.push(name);
  }
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
  item(at: number): string | null {
    return this[at] ?? null;
  }
  contains(name: string): boolean {
    return this.includes(name);
  }
}

export class SlimDatabase {
  readonly name: string;
  onversionchange: Handler = null;
  onclose: Handler = null;
  readonly #engine: SqliteEngine;
  #upgrading: SlimTransaction | undefined;
  #closed = false;

  constructor(engine: SqliteEngine, name: string) {
    this.#engine = engine;
    this.name = name;
  }
  get #schema(): DatabaseSchema {
    return this.#engine.schema(this.name);
  }
  get version(): number {
    return this.#schema.version;
  }
  get objectStoreNames(): SlimStringList {
    return new SlimStringList([...this.#schema.stores.keys()].sort());
  }
  storeSchema(name: string): StoreSchema {
    const store = this.#schema.stores.get(name);
    if (store === undefined) throw fail('NotFoundError', 'no such object store');
    return store;
  }
  setUpgrade(transaction: SlimTransaction | undefined): void {
    this.#upgrading = transaction;
  }
  createObjectStore(
    name: string,
    options?: { keyPath?: unknown; autoIncrement?: boolean } | null,
  ): SlimObjectStore {
    const transaction = this.#upgrading;
    if (transaction === undefined) throw fail('InvalidStateError', 'not in a version change');
    if ((options?.keyPath ?? null) !== null || options?.autoIncrement === true) {
      throw fail('NotSupportedError', 'only stores with keys given apart');
    }
    if (this.#schema.stores.has(name)) throw fail('ConstraintError', 'the object store exists');
    return new SlimObjectStore(this.#engine, transaction, this.#engine.createStore(this.name, name));
  }
  deleteObjectStore(name: string): void {
    if (this.#upgrading === undefined) throw fail('InvalidStateError', 'not in a version change');
    this.#engine.deleteStore(this.name, name);
  }
  transaction(names: string | Iterable<string>, mode: Mode = 'readonly'): SlimTransaction {
    if (this.#closed) throw fail('InvalidStateError', 'the database is closed');
    if (mode !== 'readonly' && mode !== 'readwrite') throw new TypeError('unknown transaction mode');
    const list = typeof names === 'string' ? [names] : [...names];
    if (list.length === 0) throw fail('InvalidAccessError', 'no object store named');
    const transaction = new SlimTransaction(this.#engine, this, list, mode);
    this.#engine.enqueue(transaction);
    return transaction;
  }
  close(): void {
    this.#closed = true;
  }
}

/** `indexedDB`: each database lives in the file that was mounted for the beginning of its name. */
export class SlimFactory {
  readonly #mounts = new Map<string, SqliteEngine>();

  /** Names that begin with the prefix are kept by this engine from now on. */
  mount(prefix: string, engine: SqliteEngine): void {
    if (this.#mounts.has(prefix)) throw new Error('a store of that name is open already');
    this.#mounts.set(prefix, engine);
  }
  unmount(prefix: string): void {
    this.#mounts.delete(prefix);
  }
  #engineOf(name: string): SqliteEngine {
    for (const [prefix, engine] of this.#mounts) if (name.startsWith(prefix)) return engine;
    throw fail('UnknownError', 'no file was mounted for this database');
  }

  open(name: string, version?: number): SlimOpenRequest {
    if (version !== undefined && (!Number.isInteger(version) || version < 1))
      throw new TypeError('bad version');
    const engine = this.#engineOf(name);
    const request = new SlimOpenRequest(null, null);
    queueMicrotask(() => {
      try {
        this.#open(engine, request, name, version);
      } catch (error) {
        request.settle(undefined, asException(error));
      }
    });
    return request;
  }

  #open(engine: SqliteEngine, request: SlimOpenRequest, name: string, version: number | undefined): void {
    const current = engine.schema(name).version;
    const wanted = version ?? Math.max(current, 1);
    if (wanted < current) throw fail('VersionError', 'the database is newer than asked for');
    const database = new SlimDatabase(engine, name);
    if (wanted === current) {
      request.settle(database, null);
      return;
    }
    const transaction = new SlimTransaction(engine, database, [], 'versionchange');
    request.transaction = transaction;
    transaction.onstart = () => {
      engine.setVersion(name, wanted);
      database.setUpgrade(transaction);
      request.setResult(database, null);
      call(request.onupgradeneeded, {
        type: 'upgradeneeded',
        target: request,
        oldVersion: current,
        newVersion: wanted,
      });
    };
    transaction.onend = (completed) => {
      database.setUpgrade(undefined);
      request.transaction = null;
      if (completed) request.settle(database, null);
      else
        request.settle(undefined, transaction.error ?? fail('AbortError', 'the version change was aborted'));
    };
    engine.enqueue(transaction);
  }

  deleteDatabase(name: string): SlimOpenRequest {
    const engine = this.#engineOf(name);
    const request = new SlimOpenRequest(null, null);
    const database = new SlimDatabase(engine, name);
    const transaction = new SlimTransaction(engine, database, [], 'versionchange');
    transaction.onstart = () => {
      for (const store of [...engine.schema(name).stores.keys()]) engine.deleteStore(name, store);
      engine.setVersion(name, 0);
    };
    transaction.onend = () => request.settle(undefined, transaction.error);
    engine.enqueue(transaction);
    return request;
  }
}
