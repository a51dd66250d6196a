import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { supervise, type SuperviseEvent } from './supervise.ts';

type Part = 'database' | 'server';

/** Parts that are only noted: what is tested is when one is started, and what is told. */
function setUp(starts: (part: Part, time: number) => boolean = () => true) {
  const events: SuperviseEvent<Part>[] = [];
  const since = new Map<Part, number>([
    ['database', 1],
    ['server', 2],
  ]);
  const held = new Map<Part, number>();
  const started: Part[] = [];
  const ending = new AbortController();
  const recover = supervise<Part>({
    needs: { database: [], server: ['database'] },
    isThere: (part) => since.has(part),
    thereSince: (part) => since.get(part),
    isSettled: (part) => since.has(part),
    start: (part) => {
      started.push(part);
      if (!starts(part, started.length)) return Promise.reject(new Error('exit code 1\nits log'));
      since.set(part, Date.now());
      return Promise.resolve();
    },
    heldUntil: (part) => held.get(part) ?? 0,
    log: (part) => `${part}.log`,
    emit: (event) => events.push(event),
    signal: () => ending.signal,
    backoff: 1,
  });
  const crash = (part: Part, at = Date.now()) => {
    since.delete(part);
    return recover(part, { reason: 'SIGKILL', started: at });
  };
  return { events, since, held, started, ending, crash };
}
const kinds = (events: SuperviseEvent<Part>[]): string[] => events.map(({ kind, part }) => `${part} ${kind}`);

test('what needs a part that is away waits for it, however long, and is no crash of its own', async () => {
  const { events, since, started, crash } = setUp();
  since.delete('database');
  const back = crash('server');
  await vi.waitFor(() => expect(events).toEqual([{ kind: 'waiting', part: 'server', need: 'database' }]));
  await delay(300);
  expect(started).toEqual([]);
  since.set('database', Date.now());
  await back;
  expect(started).toEqual(['server']);
  expect(events).toHaveLength(1);
});

test('one that ends since its database was away for a moment is started for ever without a rest', async () => {
  const { events, since, crash } = setUp();
  for (let time = 0; time < 20; time++) {
    const began = Date.now();
    since.set('database', began + 1);
    await crash('server', began);
  }
  expect(new Set(kinds(events))).toEqual(new Set(['server crashed']));
});

test('one that crashes by itself rests after five quick crashes, longer each time, and is tried again', async () => {
  const { events, started, crash } = setUp((_part, time) => time === 8);
  await crash('server');
  expect(started).toHaveLength(8);
  expect(kinds(events)).toEqual([
    ...Array.from({ length: 5 }, () => 'server crashed'),
    ...Array.from({ length: 3 }, () => 'server gave-up'),
  ]);
  expect(events.map((event) => ('again' in event ? event.again : 0))).toEqual([
    1, 2, 4, 8, 16, 120, 240, 480,
  ]);
  expect(events[1]).toMatchObject({
    reason: 'it could not be started again: exit code 1',
    log: 'server.log',
  });
});

test('a crash after a long time begins anew', async () => {
  const { events, crash } = setUp((_part, time) => time !== 1);
  await crash('server');
  await crash('server', Date.now() - 3_600_000);
  expect(events.map((event) => ('again' in event ? event.again : 0))).toEqual([1, 2, 1]);
});

test('one that is kept away comes back when its time is over', async () => {
  const { events, since, held, started, crash } = setUp();
  const until = Date.now() + 200;
  held.set('database', until);
  await crash('database');
  expect(started).toEqual(['database']);
  // Timers may be a moment early.
  expect(since.get('database')).toBeGreaterThanOrEqual(until - 5);
  expect(kinds(events)).toEqual(['database crashed']);
});

test('a stop ends every wait', async () => {
  const { since, started, ending, crash } = setUp();
  since.delete('database');
  const waiting = crash('server');
  ending.abort();
  await waiting;
  expect(started).toEqual([]);
});
