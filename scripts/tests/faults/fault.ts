import { existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { paths, type PartName } from '@qiao/scripts/stack';
import { startTestStack, waitFor, type RunningTestStack } from '@qiao/testkit';
import { prepareLoad, type Load } from './load.ts';

/** Time (ms) of load before a fault and after it. */
const AROUND_MS = 2_000;
/** Longest (ms) until all answers again, beyond the time a part is away. */
const BACK_MS = 180_000;
/** Ours: they outlive everything but their own kill. */
const OURS = ['host', 'audit', 'gateway'] as const;
const UNHANDLED = /unhandled|uncaught|ERR_UNHANDLED_REJECTION/i;

/** The parts that are killed; the calls server where it is built. */
export const killed: readonly PartName[] = [
  'postgres',
  'synapse',
  'host',
  'audit',
  'gateway',
  ...(existsSync(paths.livekit) ? (['livekit'] as const) : []),
];

/** What a fault did. Times in ms. */
export interface FaultResult {
  /** From the end of the absence until everything answered. */
  back: number;
  /** Answers the clients got, by status; 0: none came. */
  statuses: Record<number, number>;
}

/** A supervised stack under load. */
export interface FaultBench {
  /**
   * Kills parts at once, under load, for a time. @throws Error when something accepted is lost or done twice, when
   * something does not answer again, when a part of ours that was not killed ended, or left a rejection unhandled
   */
  run(parts: readonly PartName[], awayMs: number): Promise<FaultResult>;
  stop(): Promise<void>;
}

export async function openFaultBench(): Promise<FaultBench> {
  const own: RunningTestStack = await startTestStack({
    parts: ['postgres', 'synapse', 'host', 'audit', 'livekit', 'gateway'],
    calls: killed.includes('livekit'),
    supervise: true,
    keepsData: true,
  });
  let load: Load;
  try {
    load = await prepareLoad(own.info);
    await waitFor(() => load.answers().then(() => true), { timeout: BACK_MS, what: 'everything to answer' });
  } catch (error) {
    await own.stop();
    throw error;
  }
  const { stack } = own;
  const sizeOf = (part: PartName): number =>
    existsSync(stack.logFile(part)) ? statSync(stack.logFile(part)).size : 0;

  return {
    async run(parts, awayMs) {
      const logs = new Map(OURS.map((part) => [part, sizeOf(part)]));
      const pids = new Map(OURS.map((part) => [part, stack.pid(part)]));
      const before = new Map(load.statuses);
      load.start();
      await delay(AROUND_MS);
      await Promise.all(parts.map((part) => stack.killPart(part, awayMs)));
      await delay(awayMs);
      const over = Date.now();
      await waitFor(() => parts.every((part) => stack.pid(part) !== undefined), {
        timeout: BACK_MS,
        what: `${parts.join(' and ')} to be started`,
      });
      await waitFor(() => load.answers().then(() => true), {
        timeout: BACK_MS,
        what: 'everything to answer',
      });
      const back = Date.now() - over;
      await delay(AROUND_MS);
      await load.stop();
      await load.check();
      for (const part of OURS) {
        if (!parts.includes(part) && stack.pid(part) !== pids.get(part))
          throw new Error(`${part} ended while ${parts.join(' and ')} was away`);
        const said = readFileSync(stack.logFile(part)).subarray(logs.get(part)).toString();
        const line = said.split('\n').find((one) => UNHANDLED.test(one));
        if (line !== undefined) throw new Error(`${part} said: ${line.slice(0, 500)}`);
      }
      const statuses = [...load.statuses].map(([status, count]) => [
        status,
        count - (before.get(status) ?? 0),
      ]);
      return { back, statuses: Object.fromEntries(statuses) as Record<number, number> };
    },
    stop: own.stop,
  };
}
