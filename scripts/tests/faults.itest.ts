import { afterAll, beforeAll, expect, test } from 'vitest';
import { killed, openFaultBench, type FaultBench } from './faults/fault.ts';

/*
 * Each part is killed once for 20 seconds under load, one after the other on one stack. All parts and pairs for other
 * times: `./scripts/test --only faults`.
 */
const AWAY_MS = 20_000;
const LONGEST_MS = 600_000;

let bench: FaultBench;
beforeAll(async () => {
  bench = await openFaultBench();
}, LONGEST_MS);
afterAll(() => bench.stop());

test.each(killed)(
  '%s comes back, and nothing is lost',
  async (part) => {
    const { statuses } = await bench.run([part], AWAY_MS);
    // There was load, and it was taken.
    expect(statuses[200]).toBeGreaterThan(20);
  },
  LONGEST_MS,
);
