import { describe, expect, test } from 'vitest';
import type { ItemState, Outcome, OutboxItem, OutboxStore } from './outbox-types.ts';
import { LONGEST_PAUSE_MS, Outbox, pauseAfter } from './outbox.ts';

/* The queue over a homeserver and a storage that the test plays. */

class Kept implements OutboxStore {
  readonly items = new Map<string, OutboxItem>();
  broken = false;
  readonly log: string[] = [];

  all(): Promise<OutboxItem[]> {
    return this.broken ? Promise.reject(new Error('full')) : Promise.resolve([...this.items.values()]);
  }
  async put(item: OutboxItem): Promise<void> {
    await Promise.resolve();
    if (this.broken) throw new Error('full');
    this.log.push(`put ${item.txnId}`);
    this.items.set(item.txnId, structuredClone(item));
  }
  async remove(item: OutboxItem): Promise<void> {
    await Promise.resolve();
    if (this.broken) throw new Error('full');
    this.items.delete(item.txnId);
  }
}

/** A homeserver that takes each transaction once; `say` answers for it while it is set. */
class Server {
  readonly taken: string[] = [];
  readonly requests: string[] = [];
  readonly states = new Map<string, ItemState>();
  readonly refused: string[] = [];
  say: ((item: OutboxItem) => Outcome | Promise<Outcome> | undefined) | undefined;

  async deliver(item: OutboxItem): Promise<Outcome> {
    this.requests.push(item.txnId);
    const said = await this.say?.(item);
    if (said) return said;
    if (!this.taken.includes(item.txnId)) this.taken.push(item.txnId);
    return { kind: 'sent', eventId: `$${item.txnId}` };
  }
}

const LATER: Outcome = { kind: 'later', offline: true };

function setUp(store = new Kept()) {
  const server = new Server();
  const timers: { ms: number; work: () => void }[] = [];
  const outbox = new Outbox({
    store,
    transport: {
      deliver: (item) => server.deliver(item),
      show: (item, state) => server.states.set(item.txnId, state),
      refused: (item, reason) => server.refused.push(`${item.txnId} ${reason}`),
    },
    after: (ms, work) => {
      const timer = { ms, work };
      timers.push(timer);
      return () => {
        const at = timers.indexOf(timer);
        if (at !== -1) timers.splice(at, 1);
      };
    },
    onChange: () => undefined,
  });
  const elapse = (): void => {
    for (const timer of timers.splice(0)) timer.work();
  };
  return { outbox, store, server, timers, elapse };
}

let clock = 0;
const item = (txnId: string, more: Partial<OutboxItem> = {}): OutboxItem => ({
  txnId,
  roomId: '!a',
  type: 'm.room.message',
  content: { body: txnId },
  at: ++clock,
  ...more,
});

/** Lets everything that can go on go on. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
};

describe('sending', () => {
  test('keeps before it sends, and forgets when it is there', async () => {
    const { outbox, store, server } = setUp();
    outbox.open();
    server.say = (sent) => {
      expect(store.items.has(sent.txnId)).toBe(true);
      return undefined;
    };
    expect(await outbox.add(item('1'))).toBe('$1');
    expect(store.items.size).toBe(0);
    expect(outbox.items).toEqual([]);
    expect(store.log).toEqual(['put 1']);
  });

  test('keeps the order of a room, whatever fails', async () => {
    const { outbox, server, elapse } = setUp();
    outbox.open();
    let down = true;
    server.say = () => (down ? LATER : undefined);
    for (const id of ['1', '2', '3', '4']) void outbox.add(item(id));
    await settle();
    expect(server.taken).toEqual([]);
    // One request: what comes after waits for what comes before.
    expect(server.requests).toEqual(['1']);
    down = false;
    elapse();
    await settle();
    expect(server.taken).toEqual(['1', '2', '3', '4']);
  });

  test('a room that is stuck does not hold up another, nor a file the words', async () => {
    const { outbox, server } = setUp();
    outbox.open();
    server.say = (sent) => (sent.roomId === '!a' || sent.uploads ? LATER : undefined);
    void outbox.add(item('a'));
    void outbox.add(item('file', { roomId: '!b', uploads: [] }));
    void outbox.add(item('b', { roomId: '!b' }));
    await settle();
    expect(server.taken).toEqual(['b']);
  });

  test('waits longer each time, and as long as the homeserver says', async () => {
    const { outbox, server, timers, elapse } = setUp();
    outbox.open();
    server.say = () => LATER;
    void outbox.add(item('1'));
    const pauses: number[] = [];
    for (let turn = 0; turn < 9; turn++) {
      await settle();
      pauses.push(timers[0]?.ms ?? NaN);
      elapse();
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000));
    expect(pauseAfter(1000)).toBe(LONGEST_PAUSE_MS);
    server.say = () => ({ kind: 'later', offline: false, afterMs: 90_000 });
    await settle();
    elapse();
    await settle();
    expect(timers.map((timer) => timer.ms)).toEqual([90_000]);
    expect(server.states.get('1')).toBe('waiting');
  });

  test('the connection’s return ends the pause', async () => {
    const { outbox, server, timers } = setUp();
    outbox.open();
    server.say = () => LATER;
    void outbox.add(item('1'));
    await settle();
    server.say = undefined;
    outbox.kick();
    await settle();
    expect(server.taken).toEqual(['1']);
    expect(timers).toEqual([]);
  });

  test('what is refused is kept for the person and lets the next one pass', async () => {
    const { outbox, store, server } = setUp();
    outbox.open();
    server.say = (sent) => (sent.txnId === '1' ? { kind: 'refused', reason: 'M_TOO_LARGE' } : undefined);
    const first = outbox.add(item('1'));
    void outbox.add(item('2'));
    await settle();
    expect(server.taken).toEqual(['2']);
    expect(server.states.get('1')).toBe('failed');
    expect(store.items.get('1')?.failed).toBe('M_TOO_LARGE');
    server.say = undefined;
    outbox.retry('1');
    expect(await first).toBe('$1');
    expect(store.items.size).toBe(0);
  });

  test('what has no line of its own is given up when it is refused, and told', async () => {
    const { outbox, store, server } = setUp();
    outbox.open();
    server.say = (sent) => (sent.quiet === true ? { kind: 'refused', reason: 'M_FORBIDDEN' } : undefined);
    const reaction = outbox.add(item('reaction', { quiet: true }));
    void outbox.add(item('2'));
    await expect(reaction).rejects.toMatchObject({ reason: 'M_FORBIDDEN' });
    await settle();
    expect(server.refused).toEqual(['reaction M_FORBIDDEN']);
    expect(server.taken).toEqual(['2']);
    expect(store.items.size).toBe(0);
    expect(outbox.items).toEqual([]);
  });

  test('says what it waits for', async () => {
    const { outbox, server, elapse } = setUp();
    const one = item('1');
    void outbox.add(one);
    await settle();
    expect(outbox.waitsFor(one)).toBe('connection');
    server.say = () => ({ kind: 'later', offline: false, afterMs: 5 });
    outbox.open();
    await settle();
    expect(outbox.waitsFor(one)).toBe('server');
    server.say = () => LATER;
    elapse();
    await settle();
    expect(outbox.waitsFor(one)).toBe('connection');
  });

  test('a token that is revoked in mid-send loses nothing', async () => {
    const { outbox, store, server } = setUp();
    outbox.open();
    server.say = () => ({ kind: 'signed-out' });
    void outbox.add(item('1'));
    void outbox.add(item('2'));
    await settle();
    expect(server.requests).toEqual(['1']);
    expect([...store.items.keys()]).toEqual(['1', '2']);
    expect(outbox.items.map((kept) => kept.txnId)).toEqual(['1', '2']);
  });

  test('removed before it is sent: never asked for', async () => {
    const { outbox, store, server } = setUp();
    const waiting = outbox.add(item('1'));
    void outbox.add(item('2'));
    await settle();
    await outbox.remove('1');
    await expect(waiting).rejects.toThrow('removed');
    outbox.open();
    await settle();
    expect(server.requests).toEqual(['2']);
    expect(store.items.size).toBe(0);
  });
});

describe('after a reload', () => {
  test('goes on in order with the same transaction ids', async () => {
    const store = new Kept();
    const before = setUp(store);
    before.outbox.open();
    // The homeserver took the first, but its answer was lost.
    before.server.say = (sent) => {
      before.server.taken.push(sent.txnId);
      return LATER;
    };
    void before.outbox.add(item('1'));
    void before.outbox.add(item('2'));
    await settle();
    before.outbox.close();
    const after = setUp(store);
    after.server.taken.push(...before.server.taken);
    const restored = await after.outbox.restore();
    expect(restored.map((kept) => [kept.txnId, kept.attempted ?? false])).toEqual([
      ['1', true],
      ['2', false],
    ]);
    void after.outbox.add(item('3'));
    after.outbox.open();
    await settle();
    expect(after.server.requests).toEqual(['1', '2', '3']);
    expect(after.server.taken).toEqual(['1', '2', '3']);
    expect(store.items.size).toBe(0);
  });

  test('what was typed before the restore stays behind what was kept', async () => {
    const store = new Kept();
    const old = item('old');
    store.items.set('old', old);
    const { outbox, server } = setUp(store);
    void outbox.add(item('new'));
    await settle();
    await outbox.restore();
    outbox.open();
    await settle();
    expect(server.taken).toEqual(['old', 'new']);
  });

  test('an item that the sync shows as arrived is not sent again', async () => {
    const store = new Kept();
    store.items.set('1', item('1', { attempted: true }));
    const { outbox, server } = setUp(store);
    await outbox.restore();
    await outbox.confirm('1', '$there');
    outbox.open();
    await settle();
    expect(server.requests).toEqual([]);
    expect(store.items.size).toBe(0);
  });

  test('a refused item waits for the person', async () => {
    const store = new Kept();
    store.items.set('1', item('1', { failed: 'M_FORBIDDEN' }));
    const { outbox, server } = setUp(store);
    await outbox.restore();
    outbox.open();
    await settle();
    expect(server.requests).toEqual([]);
    expect(server.states.get('1')).toBe('failed');
  });
});

describe('storage that fails', () => {
  test('full: sent from memory, and told', async () => {
    const { outbox, store, server } = setUp();
    outbox.open();
    store.broken = true;
    expect(await outbox.add(item('1'))).toBe('$1');
    expect(server.taken).toEqual(['1']);
    expect(outbox.memoryOnly).toBe(true);
  });

  test('room again: what waits is kept, and it is told no longer', async () => {
    const { outbox, store } = setUp();
    store.broken = true;
    void outbox.add(item('1'));
    await settle();
    expect(outbox.memoryOnly).toBe(true);
    store.broken = false;
    void outbox.add(item('2'));
    await settle();
    expect(outbox.memoryOnly).toBe(false);
    expect([...store.items.keys()].sort()).toEqual(['1', '2']);
  });

  test('unreadable: the queue still works', async () => {
    const { outbox, store } = setUp();
    store.broken = true;
    expect(await outbox.restore()).toEqual([]);
    outbox.open();
    expect(await outbox.add(item('1'))).toBe('$1');
  });

  test('emptied under us: put again', async () => {
    const { outbox, store } = setUp();
    void outbox.add(item('1'));
    await settle();
    store.items.clear();
    await outbox.keepAll();
    expect([...store.items.keys()]).toEqual(['1']);
  });
});

describe('while a request is on its way', () => {
  test('what is taken back is waited for: the homeserver has it, and it is to be deleted', async () => {
    const { outbox, server } = setUp();
    outbox.open();
    const answer = Promise.withResolvers<Outcome>();
    server.say = () => answer.promise;
    const sent = outbox.add(item('1', { quiet: true }));
    await settle();
    const withdrawn = outbox.withdraw('1');
    await settle();
    expect(outbox.items.map((kept) => kept.txnId)).toEqual(['1']);
    answer.resolve({ kind: 'sent', eventId: '$1' });
    expect(await withdrawn).toBe('$1');
    expect(await sent).toBe('$1');
  });

  test('what is taken back and refused is not there to be deleted', async () => {
    const { outbox, server } = setUp();
    outbox.open();
    const answer = Promise.withResolvers<Outcome>();
    server.say = () => answer.promise;
    outbox.add(item('1', { quiet: true })).catch(() => undefined);
    await settle();
    const withdrawn = outbox.withdraw('1');
    answer.resolve({ kind: 'refused', reason: 'M_FORBIDDEN' });
    expect(await withdrawn).toBeUndefined();
  });

  test('what an earlier page tried is waited for, too; what nobody tried is forgotten', async () => {
    const store = new Kept();
    store.items.set('1', item('1', { attempted: true, quiet: true }));
    store.items.set('2', item('2', { quiet: true }));
    const { outbox, server } = setUp(store);
    await outbox.restore();
    const withdrawn = outbox.withdraw('1');
    expect(await outbox.withdraw('2')).toBeUndefined();
    outbox.open();
    expect(await withdrawn).toBe('$1');
    expect(server.requests).toEqual(['1']);
  });

  test('the sync confirms it first: the answer changes nothing', async () => {
    const { outbox, server } = setUp();
    outbox.open();
    const answer = Promise.withResolvers<Outcome>();
    server.say = () => answer.promise;
    const sent = outbox.add(item('1'));
    await settle();
    await outbox.confirm('1', '$synced');
    answer.resolve(LATER);
    expect(await sent).toBe('$synced');
    expect(outbox.items).toEqual([]);
  });

  test('what comes meanwhile waits its turn', async () => {
    const { outbox, server } = setUp();
    outbox.open();
    const answer = Promise.withResolvers<Outcome>();
    server.say = (sent) => (sent.txnId === '1' ? answer.promise : undefined);
    void outbox.add(item('1'));
    await settle();
    void outbox.add(item('2'));
    outbox.kick();
    await settle();
    expect(server.requests).toEqual(['1']);
    answer.resolve({ kind: 'sent', eventId: '$1' });
    await settle();
    expect(server.requests).toEqual(['1', '2']);
  });
});
