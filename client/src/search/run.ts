import { intersect, marked } from './bytes.ts';
import { STATE, type Columns, type Names } from './columns.ts';
import { fits, lookupsOf, parseQuery, type Query } from './query.ts';
import {
  blocksFor,
  markPrefix,
  readToken,
  type BlockRef,
  type MemorySegment,
  type Segment,
} from './segment.ts';
import { cutToken } from './text.ts';
import type { SearchDoc, SearchPage, SearchRequest } from './types.ts';

/** Candidates up to which all are checked against their text, so that their number is exact. */
const CHECK_ALL = 256;
/** Messages whose texts are read at once. */
const STRIDE = 64;
/** In how many milliseconds a message loses half of the weight of being new: 90 days. */
const HALF_LIFE = 90 * 86_400_000;

/** What a search reads. */
export interface SearchAccess {
  readonly columns: Columns;
  readonly rooms: Names;
  readonly senders: Names;
  readonly segments: readonly Segment[];
  readonly memory: readonly MemorySegment[];
  /** Changes with the index. */
  readonly version: number;
  readonly last: Candidates | undefined;
  blocks(refs: readonly BlockRef[]): Promise<Map<number, Uint8Array<ArrayBuffer>>>;
  docs(numbers: readonly number[]): Promise<Map<number, SearchDoc>>;
}

/** Messages that may fit, in order: kept between the pages of one search. */
export interface Candidates {
  readonly key: string;
  readonly query: Query;
  readonly order: Uint32Array;
  /** They have to be checked against their texts. */
  readonly check: boolean;
}

interface Lookup {
  readonly token: string;
  readonly prefix: boolean;
}

interface Filters {
  readonly rooms: ReadonlySet<number> | undefined;
  readonly senders: ReadonlySet<number> | undefined;
  readonly from: number;
  readonly to: number;
  readonly kinds: number;
}

const numbers = (names: Names, list: readonly string[] | undefined): Set<number> | undefined => {
  if (list === undefined || list.length === 0) return undefined;
  return new Set(list.flatMap((name) => names.find(name) ?? []));
};

function passes(columns: Columns, filters: Filters, doc: number): boolean {
  if (columns.state[doc] !== STATE.alive) return false;
  const ts = columns.ts[doc] ?? 0;
  if (ts < filters.from || ts >= filters.to) return false;
  if (filters.kinds !== 0 && ((columns.kinds[doc] ?? 0) & filters.kinds) === 0) return false;
  if (filters.rooms && !filters.rooms.has(columns.room[doc] ?? 0)) return false;
  return !filters.senders || filters.senders.has(columns.sender[doc] ?? 0);
}

/** Messages of each source that have every token, before filters. */
async function lookUp(lookups: readonly Lookup[], access: SearchAccess): Promise<Uint32Array[]> {
  const wanted = access.segments.map((segment) =>
    lookups.map(({ token, prefix }) => blocksFor(segment, token, prefix)),
  );
  const bytes = await access.blocks(wanted.flat(2));
  const found: Uint32Array[] = [];
  const space = { docs: new Uint32Array(1024) };
  const all = (source: {
    base: number;
    end: number;
    exact: (token: string, at: number, lists: Uint32Array[]) => void;
    prefix: (token: string, at: number, seen: Uint8Array) => void;
  }): void => {
    let docs: Uint32Array | undefined;
    for (const [at, { token, prefix }] of lookups.entries()) {
      let one: Uint32Array | undefined;
      if (prefix) {
        const seen = new Uint8Array(source.end - source.base);
        source.prefix(token, at, seen);
        one = marked(seen, source.base);
      } else {
        // A token is in one block of a source at most.
        const lists: Uint32Array[] = [];
        source.exact(token, at, lists);
        one = lists[0];
      }
      if (!one) return;
      docs = docs === undefined ? one : intersect(docs, one);
      if (docs.length === 0) return;
    }
    if (docs) found.push(docs);
  };
  for (const [at, segment] of access.segments.entries()) {
    const blocksOf = (lookup: number): Uint8Array<ArrayBuffer>[] =>
      (wanted[at]?.[lookup] ?? []).flatMap(([, record]) => bytes.get(record) ?? []);
    all({
      base: segment.base,
      end: segment.end,
      exact: (token, lookup, lists) => {
        for (const block of blocksOf(lookup)) readToken(block, segment.base, token, lists);
      },
      prefix: (token, lookup, seen) => {
        for (const block of blocksOf(lookup)) markPrefix(block, token, segment.base, seen, space);
      },
    });
  }
  for (const memory of access.memory) {
    all({
      base: memory.base,
      end: memory.end,
      exact: (token, _lookup, lists) => {
        memory.read(token, lists);
      },
      prefix: (token, _lookup, seen) => {
        memory.markPrefix(token, seen);
      },
    });
  }
  return found;
}

/** Most candidates whose place fits into a sort key beside the second. */
const MOST_KEYED = 2 ** 21;

/**
 * Newest first; of the same time the one that came later. Sorting by a comparison takes ten times as long as
 * sorting numbers: so numbers of second and place are sorted, then what fell into one second.
 */
export function byTime(columns: Columns, docs: Uint32Array): Uint32Array {
  const { ts } = columns;
  const later = (one: number, other: number): number => (ts[other] ?? 0) - (ts[one] ?? 0) || other - one;
  if (docs.length > MOST_KEYED) return docs.sort(later);
  const second = (doc: number): number =>
    Math.min(Math.max(Math.floor((ts[doc] ?? 0) / 1000), 0), 2 ** 32 - 1);
  const keys = new Float64Array(docs.length);
  docs.forEach((doc, place) => (keys[place] = second(doc) * MOST_KEYED + place));
  keys.sort();
  const order = new Uint32Array(docs.length);
  const { length } = keys;
  for (let at = 0; at < length; at++) order[at] = docs[(keys[length - 1 - at] ?? 0) % MOST_KEYED] ?? 0;
  for (let from = 0; from < length;) {
    let to = from + 1;
    while (to < length && second(order[to] ?? 0) === second(order[from] ?? 0)) to++;
    if (to - from > 1) order.subarray(from, to).sort(later);
    from = to;
  }
  return order;
}

/** Whole words before beginnings, short messages before long ones, new before old. */
async function byRelevance(
  query: Query,
  docs: Uint32Array,
  access: SearchAccess,
  now: number,
): Promise<Uint32Array> {
  const { columns } = access;
  const whole = new Uint8Array(columns.length);
  for (const need of query.needs) {
    if (need.kind !== 'word') continue;
    for (const list of await lookUp([{ token: cutToken(need.text), prefix: false }], access)) {
      for (const doc of list) whole[doc] = (whole[doc] ?? 0) + 1;
    }
  }
  let sum = 0;
  for (const doc of docs) sum += columns.size[doc] ?? 0;
  const average = Math.max(sum / Math.max(docs.length, 1), 1);
  const scores = new Float64Array(columns.length);
  for (const doc of docs) {
    const length = 1 / (0.3 + (0.7 * (columns.size[doc] ?? 0)) / average);
    const age = Math.max(now - (columns.ts[doc] ?? 0), 0);
    scores[doc] = (1 + (whole[doc] ?? 0)) * length * (0.4 + 0.6 * 2 ** (-age / HALF_LIFE));
  }
  return docs.sort((one, other) => (scores[other] ?? 0) - (scores[one] ?? 0) || other - one);
}

async function findCandidates(
  request: SearchRequest,
  key: string,
  access: SearchAccess,
): Promise<Candidates> {
  const { columns } = access;
  const query = parseQuery(request.text);
  const lookups = query.needs.map(lookupsOf);
  const filters: Filters = {
    rooms: numbers(access.rooms, request.roomIds),
    senders: numbers(access.senders, request.senders),
    from: request.from ?? -Infinity,
    to: request.to ?? Infinity,
    kinds: request.kinds ?? 0,
  };
  let docs = new Uint32Array();
  if (lookups.length > 0) {
    const lists = await lookUp(
      lookups.flatMap(({ exact, prefix }) => [
        ...exact.map((token) => ({ token, prefix: false })),
        ...prefix.map((token) => ({ token, prefix: true })),
      ]),
      access,
    );
    docs = new Uint32Array(lists.reduce((all, list) => all + list.length, 0));
    let count = 0;
    for (const list of lists) {
      for (const doc of list) if (passes(columns, filters, doc)) docs[count++] = doc;
    }
    docs = docs.subarray(0, count);
  } else if (filters.kinds !== 0 || filters.rooms || filters.senders) {
    // Without words a filter alone lists what fits.
    docs = Uint32Array.from({ length: columns.length }, (_, doc) => doc).filter((doc) =>
      passes(columns, filters, doc),
    );
  }
  return {
    key,
    query,
    check: lookups.some(({ check }) => check),
    order:
      request.order === 'time'
        ? byTime(columns, docs)
        : await byRelevance(query, docs, access, newest(columns)),
  };
}

/** Time of the newest message: relevance counts from there, so that it does not depend on the clock. */
function newest(columns: Columns): number {
  let ts = 0;
  for (let doc = 0; doc < columns.length; doc++) ts = Math.max(ts, columns.ts[doc] ?? 0);
  return ts;
}

/** One page of a search. */
export async function runSearch(
  request: SearchRequest,
  access: SearchAccess,
): Promise<{ page: SearchPage; candidates: Candidates }> {
  const { limit, after = 0, ...what } = request;
  const key = JSON.stringify(what);
  // Later pages go on in the order of the first, whatever has come since.
  const candidates =
    after > 0 && access.last?.key === key ? access.last : await findCandidates(request, key, access);
  const { order, check, query } = candidates;
  const hits: SearchDoc[] = [];
  const checkAll = check && after === 0 && order.length <= CHECK_ALL;
  let total = 0;
  let next: number | undefined;
  // What need not be checked is not read further than it is shown.
  const step = check ? STRIDE : limit;
  for (let at = after; at < order.length && (next === undefined || checkAll); at += step) {
    const stride = order.subarray(at, at + step);
    const docs = await access.docs([...stride]);
    for (const [index, number] of stride.entries()) {
      const doc = docs.get(number);
      if (!doc || (check && !fits(query, doc))) continue;
      total++;
      if (hits.length < limit) hits.push(doc);
      else next ??= at + index;
    }
    if (!check && hits.length === limit && at + step < order.length) next ??= at + step;
  }
  const exact = !check || checkAll;
  return {
    page: {
      hits,
      total: checkAll ? total : order.length,
      exact,
      ...(next === undefined ? {} : { next }),
    },
    candidates,
  };
}
