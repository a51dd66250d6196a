import { setTimeout as delay } from 'node:timers/promises';
import type { UserId } from '@qiao/matrix-types';
import type { Log } from '../observe/log.ts';
import type { MatrixLink } from '../matrix/index.ts';
import type { EncryptedBot } from './bot.ts';

/** Waits between tries to start, milliseconds: the host is up long before a homeserver may be. */
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 30_000;

/** A bot's stay in a host's process. */
export interface BotResidence {
  readonly running: boolean;
  /** Begins to start; returns at once, and tries until the homeserver is there. */
  readonly start: () => void;
  readonly stop: () => Promise<void>;
  /** True when the person has a device whose keys can be had: what is encrypted before nobody could read. */
  readonly hasDevice: (user: string) => Promise<boolean>;
}

/**
 * Starts a domain's bot as soon as it can be, and ends it with the host.
 * @param parts `link`: the bot's own, closed with it. `prepare`: before each try; what it throws is tried again.
 */
export function resideBot(parts: {
  bot: EncryptedBot;
  link: MatrixLink;
  userId: UserId;
  log: Log;
  prepare: () => Promise<void>;
}): BotResidence {
  const { bot, link, userId, log } = parts;
  const ended = new AbortController();
  let starting: Promise<void> | undefined;

  const begin = async (): Promise<void> => {
    let wait = FIRST_WAIT_MS;
    while (!ended.signal.aborted) {
      try {
        await parts.prepare();
        await bot.start();
        log.info({ user_id: userId, rooms: bot.health.rooms }, 'the bot reads');
        return;
      } catch (error) {
        log.warn({ err: error, user_id: userId, waitMs: wait }, 'the bot cannot start yet');
        await delay(wait, undefined, { signal: ended.signal }).catch(() => undefined);
        wait = Math.min(wait * 2, MAX_WAIT_MS);
      }
    }
  };

  return {
    get running() {
      return bot.health.state === 'running';
    },
    start() {
      starting ??= begin();
    },
    async stop() {
      ended.abort();
      // Calls in flight end with the link; without it a start that waits for the homeserver would hold up the stop.
      if (bot.health.state !== 'running') await link.close();
      await starting?.catch(() => undefined);
      await bot.stop();
      await link.close();
    },
    async hasDevice(user) {
      const answer = await link.as(userId).keysQuery({ device_keys: { [user]: [] } });
      const devices = (answer['device_keys'] as Record<string, object> | undefined)?.[user];
      return devices !== undefined && Object.keys(devices).length > 0;
    },
  };
}
