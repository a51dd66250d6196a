import type { Clock, JobQueue, Random } from '@qiao/platform';
import type { PushHold } from '../contract/index.ts';
import type { PushConfig } from './config.ts';
import type { Delivery, Outcome } from './delivery.ts';
import type { PushDb } from './tables.ts';
import type { Vapid } from './webpush.ts';

/** What the domain's parts are given. */
export interface Parts {
  readonly db: PushDb;
  readonly queue: JobQueue;
  readonly config: PushConfig;
  readonly vapid: Vapid;
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly random: Random;
  readonly serverName: string;
  readonly notifyUrl: string;
  /** Counts a push by its outcome; no ids. */
  readonly counted: (outcome: Outcome | 'limited' | 'held') => void;
  /** Asked before each push. */
  readonly holds: readonly PushHold[];
}
