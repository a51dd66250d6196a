import { MatrixError, MatrixLink } from '@qiao/platform/matrix';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import { createKeysWatch, type KeysWatch } from './keys-watch.ts';
import { createModuleApi } from './module-api.ts';
import { botIdOf, joinPeople, runPass, type PassMemory, type PassParts } from './pass.ts';
import { createProvisionRepository, type ProvisionRepository } from './provision.repository.ts';
import { findDrift } from './reconcile.ts';
import { createPersonLane } from './person-lane.ts';
import { createRunner, RunEnds, type RunControl, type RunState } from './runner.ts';
import { createWatch, type Watch } from './watch.ts';
import { inEach, roomLocales, roomWords } from './words.ts';

/** Localpart of the organisation's bot: it makes the rooms and stands above everybody in them. */
export const BOT_LOCALPART = '_qiao_org_bot';
export const PROVISION_JOB = 'org.provision';
export const RECONCILE_JOB = 'org.reconcile';
/** When a run finds another process at work it comes again after this time, milliseconds. */
const COME_AGAIN_MS = 5000;
/** Requests at once beside the run: the question who has keys, and joins of who has just got them. */
const SIDE_CONCURRENCY = 4;
/** The run looks after the lane's joins so long after somebody's keys were noted. */
const LANE_MS = 3000;
/** A homeserver call of the bot is tried again for so long; then the run waits for the homeserver. */
const RETRY_MS = 15_000;

export interface Provisioner {
  readonly repository: ProvisionRepository;
  readonly watch: Watch;
  readonly keys: KeysWatch;
  readonly botId: string;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** Gives the bot its name, once; the homeserver keeps it from doing so itself. */
  nameBot(userId: string, name: string): Promise<void>;
  readonly state: Readonly<RunState>;
  /** True while much is being sent at once. */
  readonly bulk: number;
  /** Does all there is to do; waits out a homeserver or database that is away. */
  provision(signal: AbortSignal): Promise<void>;
  /** Compares with the homeserver (all, or some rooms), repairs, and writes down what was found. */
  reconcile(signal: AbortSignal, rooms?: readonly string[]): Promise<void>;
  /** Asks for a run, after the caller's transaction where one is given. */
  ask(trx?: OrgDb): Promise<void>;
  setEnabled(enabled: boolean): Promise<void>;
  ping(): Promise<void>;
  /** The bot's voice, once it runs. */
  setFarewell(say: (roomId: string) => Promise<void>): void;
  close(): Promise<void>;
}

export function createProvisioner(org: OrgContext): Provisioner {
  const db = org.db as unknown as OrgDb;
  const { serverName } = org.homeserver;
  const companyName = org.site.settings.company_name;
  const concurrency = org.config.provision_concurrency;
  const random = (): number => Buffer.from(org.random.token(4), 'base64url').readUInt32BE() / 2 ** 32;
  const repository = createProvisionRepository(db, serverName);
  const module = createModuleApi(org, { concurrency, random });
  // A line of its own: a question that is held must not take the place of work, nor wait behind it.
  const side = createModuleApi(org, { concurrency: SIDE_CONCURRENCY, random });
  const botId = botIdOf(BOT_LOCALPART, serverName);
  const link = MatrixLink.open({
    url: org.homeserver.url,
    token: org.homeserver.asToken,
    clock: { now: () => org.clock.now().getTime() },
    random,
    log: org.log,
    concurrency,
    retry: { totalMs: RETRY_MS },
  });
  const bot = link.as(botId);
  const memory: PassMemory = { uncertain: true, bulk: 0, foreign: new Set() };
  let registered = false;
  let farewell: (roomId: string) => Promise<void> = () => Promise.resolve();
  const counter = org.metrics.counter(
    'org_provisioned_total',
    'Things made or changed on the homeserver, by kind',
    ['kind'],
  );
  const drifted = org.metrics.counter(
    'org_drift_total',
    'Differences found between directory and homeserver',
  );

  const watch = createWatch({
    repository,
    botId,
    serverName,
    drifted: async (roomId) => {
      await org.queue.enqueue(
        db as never,
        RECONCILE_JOB,
        { rooms: [roomId] },
        { key: `${RECONCILE_JOB}:${roomId}` },
      );
    },
  });
  const runner = createRunner(org, {
    enabled: async () => (await repository.settings()).enabled,
    ping: () => module.ping(),
    random,
  });
  const keys = createKeysWatch(org, {
    module: side,
    repository,
    // A key of its own: it must not push back a run that somebody asked for now.
    ready: (trx) => enqueue(trx, PROVISION_JOB, {}, `${PROVISION_JOB}.ready`, later(LANE_MS)),
    join: (people) => {
      lane.add(people);
    },
  });
  const lane = createPersonLane({
    log: org.log,
    leave: () => enqueue(db, PROVISION_JOB, {}, PROVISION_JOB),
    join: async (people, signal) => {
      const check = async (): Promise<void> => {
        if (!(await repository.settings()).enabled) throw new RunEnds('stopped');
      };
      await joinPeople({ ...(await parts({ signal, check })), module: side }, people);
    },
  });
  const locales = async () => roomLocales((await repository.settings()).locale);
  const words = async () => roomWords(org.texts, await locales());

  const parts = async (control: RunControl): Promise<PassParts> => {
    const languages = await locales();
    return {
      repository,
      module,
      bot,
      botId,
      serverName,
      companyName,
      concurrency,
      log: org.log,
      words,
      reason: (key) => inEach(languages, (language) => org.texts.t(language, `org:provision.reason.${key}`)),
      check: () => control.check(),
      expect: (roomId, userId, membership) => {
        watch.expect(roomId, userId, membership);
      },
      found: () => {
        keys.again();
      },
      made: () => {
        watch.forget();
      },
      farewell: (roomId) => farewell(roomId),
      counted: (kind, count) => {
        if (count > 0) counter.inc({ kind }, count);
      },
      signal: control.signal,
    };
  };
  const onePass = async (control: RunControl): Promise<number> => {
    if (!registered) {
      await link.registerAppserviceUser(BOT_LOCALPART, { signal: control.signal });
      registered = true;
    }
    return runPass(await parts(control), memory);
  };

  const enqueue = (trx: OrgDb, name: string, payload: object, key: string, runAt?: Date): Promise<void> =>
    org.queue.enqueue(trx as never, name, payload, { key, ...(runAt ? { runAt } : {}) });
  const later = (ms: number): Date => new Date(org.clock.now().getTime() + ms);

  /** After a run: what is settled is forgotten, and what failed comes again when it is due. */
  const finish = async (): Promise<void> => {
    await repository.clearSettledProblems();
    await repository.settleDrift();
    watch.forget();
    const due = await repository.nextDue();
    // A key of its own: it must not push back a run that somebody asked for now.
    if (due !== undefined) await enqueue(db, PROVISION_JOB, {}, `${PROVISION_JOB}.retry`, due);
  };

  return {
    repository,
    watch,
    keys,
    botId,
    random,
    async nameBot(userId, displayname) {
      const [result] = await module.setNames([{ user_id: userId, displayname }]);
      if (result?.errcode !== undefined && result.errcode !== 'M_EXCLUSIVE')
        throw new MatrixError('module /accounts/profile', 400, { ...result });
    },
    state: runner.state,
    get bulk() {
      return memory.bulk;
    },
    async provision(signal) {
      if (!(await repository.settings()).enabled) return;
      const mine = !runner.state.running;
      if (!(await runner.run(signal, onePass))) {
        await enqueue(db, PROVISION_JOB, {}, `${PROVISION_JOB}.again`, later(COME_AGAIN_MS));
        return;
      }
      if (mine) await finish();
    },
    async reconcile(signal, rooms) {
      if (!(await repository.settings()).enabled) return;
      const again = (): Promise<void> =>
        enqueue(
          db,
          RECONCILE_JOB,
          rooms === undefined ? {} : { rooms },
          `${RECONCILE_JOB}:${rooms?.join() ?? 'all'}`,
          later(COME_AGAIN_MS),
        );
      if (runner.state.running) return again();
      let looked = false;
      const ran = await runner.run(signal, async (control) => {
        if (!looked) {
          // What is still to be sent is sent first: only then is a difference drift.
          for (let done = 1; done > 0;) done = await onePass(control);
          const found = await findDrift({ ...(await parts(control)) }, rooms);
          drifted.inc(found);
          looked = true;
        }
        return onePass(control);
      });
      if (!ran) return again();
      await finish();
      if (rooms === undefined) {
        // Of people's keys, too.
        keys.again();
        await repository.changeSettings({ last_reconciled_at: org.clock.now().toISOString() });
      }
    },
    ask: (trx = db) => enqueue(trx, PROVISION_JOB, {}, PROVISION_JOB),
    async setEnabled(enabled) {
      await repository.changeSettings({ enabled });
      if (enabled) await enqueue(db, PROVISION_JOB, {}, PROVISION_JOB);
      else runner.interrupt();
    },
    ping: () => module.ping(),
    setFarewell(say) {
      farewell = say;
    },
    async close() {
      runner.interrupt();
      await keys.stop();
      await lane.close();
      await module.close();
      await side.close();
      await link.close();
    },
  };
}
