import { setTimeout as delay } from 'node:timers/promises';
import type { Transaction } from 'kysely';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import { keysRepository } from './keys.repository.ts';
import type { ModuleApi } from './module-api.ts';
import type { ProvisionRepository } from './provision.repository.ts';

/** The homeserver holds a question so long where there is nobody new, milliseconds. */
const WAIT_MS = 25_000;
/** Waits while it is away: doubling from the first to the longest. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;

/**
 * Learns from the homeserver who has got a first device with keys, and tells it (`org.person.ready`). Everybody is
 * looked at when the process starts, so nothing has to be kept; afterwards the homeserver tells within a second.
 */
export interface KeysWatch {
  start(): void;
  /** Looks at everybody again: an account became somebody's that may have had keys before. */
  again(): void;
  stop(): Promise<void>;
}

export function createKeysWatch(
  org: Pick<OrgContext, 'clock' | 'db' | 'events' | 'homeserver' | 'log'>,
  parts: {
    readonly module: ModuleApi;
    readonly repository: ProvisionRepository;
    /** After these people were written down; in the same transaction the event was published. */
    ready(trx: OrgDb): Promise<void>;
    /** After commit. */
    join(personIds: readonly string[]): void;
  },
): KeysWatch {
  const db = org.db as unknown as OrgDb;
  const { serverName } = org.homeserver;
  const stopping = new AbortController();
  let turn = new AbortController();
  let running: Promise<void> | undefined;
  const stopped = (): boolean => stopping.signal.aborted;

  const localpartsOf = (userIds: readonly string[]): string[] =>
    userIds.filter((id) => id.endsWith(`:${serverName}`)).map((id) => id.slice(1, -1 - serverName.length));

  /** `quiet`: they have long been there; nothing happened that others would have to hear of. */
  const note = async (userIds: readonly string[], quiet: boolean): Promise<void> => {
    const localparts = localpartsOf(userIds);
    if (localparts.length === 0) return;
    const here = await db.transaction().execute(async (trx) => {
      const found = (await keysRepository.note(trx, localparts, org.clock.now())).filter(
        (person) => person.here,
      );
      if (found.length === 0) return found;
      if (!quiet) {
        for (const person of found) {
          await org.events.publish(trx as unknown as Transaction<never>, 'org.person.ready', {
            person_id: person.id,
            user_id: `@${person.localpart}:${serverName}`,
          });
        }
      }
      await parts.ready(trx);
      return found;
    });
    if (here.length > 0) parts.join(here.map((person) => person.id));
  };

  const follow = async (signal: AbortSignal): Promise<void> => {
    const quiet = !(await parts.repository.settings()).keys_known;
    let since: string | undefined;
    for (let everybody = true; ;) {
      const page = await parts.module.activated(since, everybody ? 0 : WAIT_MS, signal);
      await note(page.user_ids, quiet && everybody);
      since = page.next;
      if (everybody && !page.limited) {
        everybody = false;
        if (quiet) await parts.repository.changeSettings({ keys_known: true });
      }
    }
  };

  const run = async (): Promise<void> => {
    for (let tries = 0; !stopping.signal.aborted;) {
      turn = new AbortController();
      const started = Date.now();
      try {
        await follow(AbortSignal.any([stopping.signal, turn.signal]));
      } catch (error) {
        if (stopped()) return;
        if (turn.signal.aborted) continue;
        tries = Date.now() - started > WAIT_MS ? 0 : tries + 1;
        org.log.debug({ err: error, tries }, 'keys of people cannot be asked for now');
        const wait = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(tries, 10));
        await delay(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };

  return {
    start() {
      running ??= run();
    },
    again() {
      turn.abort();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
