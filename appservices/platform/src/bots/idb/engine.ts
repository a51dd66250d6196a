import { chmodSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';
import { decodeKey, encodeKey, type IdbKey } from './keys.ts';

/**
 * `power`: an acknowledged write survives a power cut. `process`: it survives the end of the process, however sudden;
 * a power cut only takes what came after the last `barrier`.
 */
export type Durability = 'power' | 'process';

/** Lower and upper end of a range of encoded keys; absent means open. */
export interface Range {
  lower?: Uint8Array;
  lowerOpen?: boolean;
  upper?: Uint8Array;
  upperOpen?: boolean;
}

/** One row as a cursor sees it. `at` is the index key (or the primary key), `primary` the primary key. */
export interface Row {
  at: Uint8Array;
  primary: Uint8Array;
  value: unknown;
}

export interface IndexSchema {
  id: number;
  name: string;
  keyPath: string | string[];
  unique: boolean;
  multiEntry: boolean;
}

export interface StoreSchema {
  id: number;
  name: string;
  indexes: Map<string, IndexSchema>;
}

export interface DatabaseSchema {
  name: string;
  version: number;
  stores: Map<string, StoreSchema>;
}

/** What a transaction of the API layer is to the engine. */
export interface Unit {
  readonly readonly: boolean;
  /** Store ids; undefined: everything (a version change). */
  readonly scope: ReadonlySet<number> | undefined;
  /** Called when the unit may run; runs what was asked of it so far. */
  start(): void;
  /** Whether nothing is left to deliver, so that the unit may be committed by itself. */
  idle(): boolean;
  /** Called when the unit ends: it may ask for nothing more. */
  ended(): void;
  /** Called after the data is on disk (a reader: when it is over). */
  completed(): void;
  /** Called instead when the data could not be written. */
  failed(error: unknown): void;
}

type Bytes = Uint8Array;
const noBytes = (value: unknown): Bytes => value as Bytes;

/**
 * The stores and indexes of one file, and who may work on them when.
 *
 * Units run by the rules of IndexedDB: readers together, a writer alone on its stores. Writers run one after the other
 * inside one SQLite transaction that is committed once per turn of the event loop, so that many small writes share
 * one write to disk; a unit is told `completed` only after that. All calls are synchronous and belong to one thread.
 */
export class SqliteEngine {
  readonly #db: DatabaseSync;
  readonly #databases = new Map<string, DatabaseSchema>();
  readonly #statements = new Map<string, StatementSync>();
  readonly #running = new Set<Unit>();
  readonly #queue: Unit[] = [];
  #written: Unit[] = [];
  #inTransaction = false;
  #tick: NodeJS.Immediate | undefined;
  #closed = false;
  #dirty = false;
  #barriers: { done: () => void; failed: (error: unknown) => void }[] = [];
  readonly #durability: Durability;

  constructor(file: string, durability: Durability = 'power') {
    this.#durability = durability;
    this.#db = new DatabaseSync(file);
    if (file !== ':memory:') chmodSync(file, 0o600);
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'};
      PRAGMA cache_size = -4096;
      PRAGMA secure_delete = ON;
      CREATE TABLE IF NOT EXISTS idb_barrier (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS idb_database (name TEXT PRIMARY KEY, version INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS idb_store (
        id INTEGER PRIMARY KEY AUTOINCREMENT, database TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (database, name));
      CREATE TABLE IF NOT EXISTS idb_index (
        id INTEGER PRIMARY KEY AUTOINCREMENT, store INTEGER NOT NULL, name TEXT NOT NULL, key_path TEXT NOT NULL,
        is_unique INTEGER NOT NULL, multi_entry INTEGER NOT NULL, UNIQUE (store, name));
    `);
  }

  // --- scheduling -----------------------------------------------------------------------------------------------

  /** Asks for a turn. */
  enqueue(unit: Unit): void {
    this.#assertOpen();
    this.#queue.push(unit);
    this.#startNext();
    this.#schedule();
  }

  /** Something changed that may let a unit end: look again at the end of this turn. */
  touch(): void {
    this.#schedule();
  }

  /** Ends a unit's work; `completed` follows when it is on disk. */
  finish(unit: Unit): void {
    if (!this.#running.delete(unit)) return;
    unit.ended();
    if (unit.readonly) {
      queueMicrotask(() => {
        unit.completed();
      });
    } else {
      this.#run('RELEASE unit');
      this.#written.push(unit);
    }
    this.#startNext();
    this.#schedule();
  }

  /** Undoes a unit. Schema changes are read again from the file. */
  rollback(unit: Unit): void {
    const queued = this.#queue.indexOf(unit);
    if (queued >= 0) this.#queue.splice(queued, 1);
    if (this.#running.delete(unit) && !unit.readonly) {
      this.#run('ROLLBACK TO unit');
      this.#run('RELEASE unit');
      if (unit.scope === undefined) this.#databases.clear();
    }
    this.#startNext();
    this.#schedule();
  }

  #startNext(): void {
    const passed: Unit[] = [];
    for (let at = 0; at < this.#queue.length;) {
      const unit = this.#queue[at];
      if (unit === undefined) break;
      if (this.#mayRun(unit, passed)) {
        this.#queue.splice(at, 1);
        this.#running.add(unit);
        if (!unit.readonly) this.#begin();
        unit.start();
      } else {
        // Nothing overtakes a waiting writer that it overlaps with.
        passed.push(unit);
        at += 1;
      }
    }
  }

  #mayRun(unit: Unit, before: readonly Unit[]): boolean {
    for (const other of [...this.#running, ...before]) {
      if (!unit.readonly && !other.readonly) return false;
      if (unit.readonly && other.readonly) continue;
      if (overlap(unit, other)) return false;
    }
    return true;
  }

  #begin(): void {
    if (!this.#inTransaction) {
      this.#run('BEGIN IMMEDIATE');
      this.#inTransaction = true;
      this.#dirty = true;
    }
    this.#run('SAVEPOINT unit');
  }

  #schedule(): void {
    this.#tick ??= setImmediate(() => {
      this.#tick = undefined;
      this.#endTurn();
    });
  }

  #endTurn(): void {
    if (this.#closed) return;
    for (const unit of [...this.#running]) if (unit.idle()) this.finish(unit);
    const writing = [...this.#running].some((unit) => !unit.readonly);
    if (!writing) {
      this.#commit();
      this.#passBarriers();
    }
    if (this.#running.size > 0 || this.#queue.length > 0 || this.#inTransaction || this.#barriers.length > 0)
      this.#schedule();
  }

  #commit(): void {
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    const done = this.#written;
    this.#written = [];
    try {
      this.#run('COMMIT');
    } catch (error) {
      // Full disk, I/O error: everything since the last commit is undone and its owners are told.
      this.#run('ROLLBACK');
      this.#databases.clear();
      for (const unit of done) unit.failed(error);
      return;
    }
    for (const unit of done) unit.completed();
  }

  /** Resolves when everything that was completed before survives a power cut. Costs nothing if nothing was written. */
  async barrier(): Promise<void> {
    this.#assertOpen();
    if (this.#durability === 'power' || (!this.#dirty && !this.#inTransaction)) return;
    await new Promise<void>((done, failed) => {
      this.#barriers.push({ done, failed });
      this.#schedule();
    });
  }

  /** One small commit with full synchronisation takes all earlier ones of the write-ahead log with it. */
  #passBarriers(): void {
    const waiting = this.#barriers;
    if (waiting.length === 0 || this.#inTransaction) return;
    this.#barriers = [];
    try {
      this.#fullCommit();
      this.#dirty = false;
      for (const one of waiting) one.done();
    } catch (error) {
      for (const one of waiting) one.failed(error);
    }
  }

  #fullCommit(): void {
    this.#db.exec('PRAGMA synchronous = FULL');
    try {
      this.#db.exec('INSERT INTO idb_barrier (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = n + 1');
    } finally {
      this.#db.exec('PRAGMA synchronous = NORMAL');
    }
  }

  /** Writes what is finished and closes the file; units still running are undone. */
  close(): void {
    if (this.#closed) return;
    for (const unit of [...this.#running]) if (!unit.readonly) this.rollback(unit);
    this.#queue.length = 0;
    this.#commit();
    this.#passBarriers();
    if (this.#dirty && this.#durability === 'process') this.#fullCommit();
    this.#closed = true;
    if (this.#tick !== undefined) clearImmediate(this.#tick);
    this.#statements.clear();
    this.#db.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new DOMException('the store is closed', 'InvalidStateError');
  }

  // --- schema ---------------------------------------------------------------------------------------------------

  schema(name: string): DatabaseSchema {
    const known = this.#databases.get(name);
    if (known !== undefined) return known;
    const row = this.#get('SELECT version FROM idb_database WHERE name = ?', name);
    const schema: DatabaseSchema = { name, version: Number(row?.version ?? 0), stores: new Map() };
    for (const store of this.#all('SELECT id, name FROM idb_store WHERE database = ? ORDER BY name', name)) {
      const indexes = new Map<string, IndexSchema>();
      for (const index of this.#all('SELECT * FROM idb_index WHERE store = ?', Number(store.id))) {
        indexes.set(String(index.name), {
          id: Number(index.id),
          name: String(index.name),
          keyPath: JSON.parse(String(index.key_path)) as string | string[],
          unique: Number(index.is_unique) === 1,
          multiEntry: Number(index.multi_entry) === 1,
        });
      }
      schema.stores.set(String(store.name), { id: Number(store.id), name: String(store.name), indexes });
    }
    this.#databases.set(name, schema);
    return schema;
  }

  setVersion(name: string, version: number): void {
    this.#prepare(
      'INSERT INTO idb_database (name, version) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET version = excluded.version',
    ).run(name, version);
    this.schema(name).version = version;
  }

  createStore(database: string, name: string): StoreSchema {
    const { lastInsertRowid } = this.#prepare('INSERT INTO idb_store (database, name) VALUES (?, ?)').run(
      database,
      name,
    );
    const id = Number(lastInsertRowid);
    this.#db.exec(`CREATE TABLE s${String(id)} (k BLOB PRIMARY KEY, v BLOB NOT NULL)`);
    const store: StoreSchema = { id, name, indexes: new Map() };
    this.schema(database).stores.set(name, store);
    return store;
  }

  deleteStore(database: string, name: string): void {
    const store = this.schema(database).stores.get(name);
    if (store === undefined) throw new DOMException('no such object store', 'NotFoundError');
    this.#statements.clear();
    for (const index of store.indexes.values()) this.#db.exec(`DROP TABLE i${String(index.id)}`);
    this.#prepare('DELETE FROM idb_index WHERE store = ?').run(store.id);
    this.#db.exec(`DROP TABLE s${String(store.id)}`);
    this.#prepare('DELETE FROM idb_store WHERE id = ?').run(store.id);
    this.schema(database).stores.delete(name);
  }

  createIndex(
    store: StoreSchema,
    name: string,
    keyPath: string | string[],
    unique: boolean,
    multiEntry: boolean,
  ): void {
    const { lastInsertRowid } = this.#prepare(
      'INSERT INTO idb_index (store, name, key_path, is_unique, multi_entry) VALUES (?, ?, ?, ?, ?)',
    ).run(store.id, name, JSON.stringify(keyPath), unique ? 1 : 0, multiEntry ? 1 : 0);
    const index: IndexSchema = { id: Number(lastInsertRowid), name, keyPath, unique, multiEntry };
    this.#db.exec(`CREATE TABLE i${String(index.id)} (ik BLOB, k BLOB, PRIMARY KEY (ik, k)) WITHOUT ROWID`);
    this.#db.exec(`CREATE INDEX i${String(index.id)}_k ON i${String(index.id)} (k)`);
    store.indexes.set(name, index);
    for (const row of this.#prepare(`SELECT k, v FROM s${String(store.id)}`).iterate()) {
      this.#addToIndex(index, noBytes(row.k), deserialize(noBytes(row.v)));
    }
  }

  deleteIndex(store: StoreSchema, name: string): void {
    const index = store.indexes.get(name);
    if (index === undefined) throw new DOMException('no such index', 'NotFoundError');
    this.#statements.clear();
    this.#db.exec(`DROP TABLE i${String(index.id)}`);
    this.#prepare('DELETE FROM idb_index WHERE id = ?').run(index.id);
    store.indexes.delete(name);
  }

  // --- data -----------------------------------------------------------------------------------------------------

  put(store: StoreSchema, key: Uint8Array, value: unknown, onlyNew: boolean): void {
    const table = `s${String(store.id)}`;
    if (onlyNew) {
      if (this.#get(`SELECT 1 AS one FROM ${table} WHERE k = ?`, key) !== undefined) {
        throw new DOMException('the key is taken', 'ConstraintError');
      }
    }
    const bytes = serialize(value);
    this.#prepare(
      `INSERT INTO ${table} (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v`,
    ).run(key, bytes);
    for (const index of store.indexes.values()) {
      this.#prepare(`DELETE FROM i${String(index.id)} WHERE k = ?`).run(key);
      this.#addToIndex(index, key, value);
    }
  }

  #addToIndex(index: IndexSchema, key: Uint8Array, value: unknown): void {
    const found = Array.isArray(index.keyPath)
      ? index.keyPath.map((path) => atPath(value, path))
      : atPath(value, index.keyPath);
    const keys = index.multiEntry && Array.isArray(found) ? (found as unknown[]) : [found];
    for (const each of keys) {
      const bytes = each === undefined ? undefined : encodeKey(each);
      if (bytes === undefined) continue;
      const table = `i${String(index.id)}`;
      if (
        index.unique &&
        this.#get(`SELECT 1 AS one FROM ${table} WHERE ik = ? AND k <> ?`, bytes, key) !== undefined
      ) {
        throw new DOMException('the index has that key already', 'ConstraintError');
      }
      this.#prepare(`INSERT OR IGNORE INTO ${table} (ik, k) VALUES (?, ?)`).run(bytes, key);
    }
  }

  get(store: StoreSchema, index: IndexSchema | undefined, range: Range): Row | undefined {
    return this.rows(store, index, range, 1)[0];
  }

  /** Rows of a range in key order. `after` continues behind a row already given. */
  rows(store: StoreSchema, index: IndexSchema | undefined, range: Range, limit: number, after?: Row): Row[] {
    const { where, values } = condition(index === undefined ? 's.k' : 'i.ik', range);
    const more: string[] = where === '' ? [] : [where];
    if (after !== undefined) {
      if (index === undefined) {
        more.push('s.k > ?');
        values.push(after.primary);
      } else {
        more.push('(i.ik, i.k) > (?, ?)');
        values.push(after.at, after.primary);
      }
    }
    const clause = more.length === 0 ? '' : ` WHERE ${more.join(' AND ')}`;
    const table = `s${String(store.id)}`;
    const sql =
      index === undefined
        ? `SELECT s.k AS at, s.k AS k, s.v AS v FROM ${table} s${clause} ORDER BY s.k LIMIT ?`
        : `SELECT i.ik AS at, i.k AS k, s.v AS v FROM i${String(index.id)} i JOIN ${table} s ON s.k = i.k${clause} ORDER BY i.ik, i.k LIMIT ?`;
    return this.#prepare(sql)
      .all(...values, limit)
      .map((row) => ({
        at: noBytes(row.at),
        primary: noBytes(row.k),
        value: deserialize(noBytes(row.v)) as unknown,
      }));
  }

  keys(store: StoreSchema, index: IndexSchema | undefined, range: Range, limit: number): IdbKey[] {
    const { where, values } = condition(index === undefined ? 'k' : 'ik', range);
    const clause = where === '' ? '' : ` WHERE ${where}`;
    const from = index === undefined ? `s${String(store.id)}` : `i${String(index.id)}`;
    const order = index === undefined ? 'k' : 'ik, k';
    return this.#prepare(`SELECT k FROM ${from}${clause} ORDER BY ${order} LIMIT ?`)
      .all(...values, limit)
      .map((row) => decodeKey(noBytes(row.k)));
  }

  count(store: StoreSchema, index: IndexSchema | undefined, range: Range): number {
    const { where, values } = condition(index === undefined ? 'k' : 'ik', range);
    const clause = where === '' ? '' : ` WHERE ${where}`;
    const from = index === undefined ? `s${String(store.id)}` : `i${String(index.id)}`;
    return Number(this.#get(`SELECT count(*) AS n FROM ${from}${clause}`, ...values)?.n ?? 0);
  }

  delete(store: StoreSchema, range: Range): void {
    const { where, values } = condition('k', range);
    const clause = where === '' ? '' : ` WHERE ${where}`;
    for (const index of store.indexes.values())
      this.#prepare(`DELETE FROM i${String(index.id)}${clause}`).run(...values);
    this.#prepare(`DELETE FROM s${String(store.id)}${clause}`).run(...values);
  }

  #run(sql: string): void {
    this.#prepare(sql).run();
  }

  #get(sql: string, ...values: (string | number | Uint8Array)[]): Record<string, unknown> | undefined {
    return this.#prepare(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number | Uint8Array)[]): Record<string, unknown>[] {
    return this.#prepare(sql).all(...values);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function overlap(a: Unit, b: Unit): boolean {
  if (a.scope === undefined || b.scope === undefined) return true;
  for (const id of a.scope) if (b.scope.has(id)) return true;
  return false;
}

function condition(column: string, range: Range): { where: string; values: Uint8Array[] } {
  if (
    range.lower !== undefined &&
    range.upper !== undefined &&
    range.lowerOpen !== true &&
    range.upperOpen !== true &&
    Buffer.compare(range.lower, range.upper) === 0
  ) {
    return { where: `${column} = ?`, values: [range.lower] };
  }
  const parts: string[] = [];
  const values: Uint8Array[] = [];
  if (range.lower !== undefined) {
    parts.push(`${column} ${range.lowerOpen === true ? '>' : '>='} ?`);
    values.push(range.lower);
  }
  if (range.upper !== undefined) {
    parts.push(`${column} ${range.upperOpen === true ? '<' : '<='} ?`);
    values.push(range.upper);
  }
  return { where: parts.join(' AND '), values };
}

function atPath(value: unknown, path: string): unknown {
  if (path === '') return value;
  let at: unknown = value;
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}
