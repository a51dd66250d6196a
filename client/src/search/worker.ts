import type { CallMessage, WorkerCalls, WorkerMessage } from './protocol.ts';
import { IdbRecords } from './records.ts';
import { SearchIndex } from './search-index.ts';
import { IndexDamaged } from './types.ts';

/* The index, beside the page's own thread. */

/** Milliseconds from a change to its being written. */
const WRITE_AFTER = 2000;

const tell = (message: WorkerMessage): void => {
  postMessage(message);
};

let records: IdbRecords | undefined;
let key: CryptoKey | undefined;
let index: SearchIndex | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let release: (() => void) | undefined;

const opened = (): SearchIndex => {
  if (!index) throw new Error('the index is not open');
  return index;
};

async function begin(): Promise<boolean> {
  if (!records || !key) throw new Error('the index is not open');
  const answer = await SearchIndex.open(records, key);
  index = answer.index;
  return answer.damaged;
}

async function startAnew(): Promise<void> {
  clearTimeout(timer);
  await records?.clear();
  await begin();
}

async function write(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  try {
    await index?.flush();
    tell({ event: 'written' });
  } catch (error) {
    if (error instanceof IndexDamaged) {
      await startAnew();
      tell({ event: 'damaged' });
    } else tell({ event: 'not-written', reason: error instanceof Error ? error.name : '' });
  }
}

/** Holds the index for this worker: the tab that had it before may still be writing. */
const hold = (name: string): Promise<void> =>
  new Promise((resolve, reject) => {
    navigator.locks
      .request(`${name}.index`, () => {
        resolve();
        return new Promise<void>((end) => {
          release = end;
        });
      })
      .catch(reject);
  });

const calls: {
  [Name in keyof WorkerCalls]: (args: WorkerCalls[Name]['args']) => Promise<WorkerCalls[Name]['answer']>;
} = {
  open: async (args) => {
    await hold(args.database);
    key = args.key;
    records = await IdbRecords.open(args.database);
    const damaged = await begin();
    return { state: opened().state, damaged };
  },
  apply: async ({ ops, state }) => {
    const result = await opened().apply(ops, state);
    if (opened().full) await write();
    else timer ??= setTimeout(() => void write(), WRITE_AFTER);
    return result;
  },
  search: (args) => opened().search(args),
  stats: async () => opened().stats,
  rooms: async () => opened().rooms(),
  dropRooms: async ({ roomIds }) => {
    opened().dropRooms(roomIds);
    await write();
    return undefined;
  },
  reset: async () => {
    await startAnew();
    return undefined;
  },
  flush: async () => {
    await write();
    return undefined;
  },
  close: async () => {
    if (index) {
      await write();
      await index.close();
    }
    index = undefined;
    release?.();
    return undefined;
  },
};

// Changes one after the other; searches do not wait for them.
let changes: Promise<unknown> = Promise.resolve();

async function answer(message: CallMessage): Promise<void> {
  const call = calls[message.name] as (args: unknown) => Promise<unknown>;
  const work = (): Promise<unknown> => call(message.args);
  try {
    const running = message.name === 'search' || message.name === 'stats' ? work() : changes.then(work, work);
    if (message.name !== 'search' && message.name !== 'stats') changes = running.catch(() => undefined);
    tell({ id: message.id, answer: await running });
  } catch (error) {
    const { name, message: text } = error instanceof Error ? error : new Error(String(error));
    if (error instanceof IndexDamaged) {
      await startAnew();
      tell({ event: 'damaged' });
    }
    tell({ id: message.id, error: { name, message: text } });
  }
}

onmessage = (message: MessageEvent<CallMessage>) => void answer(message.data);
