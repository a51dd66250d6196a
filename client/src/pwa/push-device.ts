import {
  asApiError,
  ViewModel,
  type AnswerOf,
  type ApiClient,
  type CallOf,
  type Endpoint,
  type EndpointShape,
} from '@qiao/ui-kit';
import type { RoomEntry, RoomsStore } from '../matrix/rooms.ts';
import type { Pushers } from '../matrix/pushers.ts';
import type { StatusModel } from '../matrix/status.ts';
import type { Vault } from '../matrix/vault.ts';
import { HintsKeeper, type HintWords } from './hints-keeper.ts';
import { pushApi } from './push-api.ts';
import type { BrowserSubscription, PushBrowser } from './push-browser.ts';
import type { StoredPush } from './stored-push.ts';

/** How pushes to this browser stand. */
export type PushState =
  | 'looking'
  /** The browser has none. */
  | 'no'
  /** Only for an installed app. */
  | 'needs-app'
  /** The person, or the company's policy, forbids notifications of this site. */
  | 'denied'
  | 'off'
  | 'on'
  /** It was to be switched on, or renewed at the start, and did not work. */
  | 'failed'
  /** The push service has forgotten this browser, as a test showed: a new subscription is needed. */
  | 'gone';

export interface PushSnapshot {
  readonly state: PushState;
  readonly busy: boolean;
  /** Of this browser's subscription, where there is one: also while it is not known whether it still counts. */
  readonly id: string | undefined;
  /** Switching it on will make the browser ask. */
  readonly asks: boolean;
  /** It was on, and was switched off elsewhere, or forgotten because it was not used. */
  readonly ended: boolean;
  readonly error: unknown;
}

/** What a running page gives. */
export interface PushMeans {
  readonly api: Pick<ApiClient, 'call'>;
  /** Signs in to our own interfaces again. */
  readonly enter: () => Promise<void>;
  readonly browser: PushBrowser;
  /** In the reader's language of the moment. */
  readonly words: () => HintWords & { readonly device: string };
  /** Calls back when the language changes. */
  readonly onWords: (listener: () => void) => () => void;
}

/** How long servers are waited for where something ends, all of it together, in milliseconds. */
const END_PATIENCE_MS = 4_000;
/** How long the next tab waits for what is under way here, in milliseconds. */
const STOP_PATIENCE_MS = 2_000;
/** Time in which the conversations have taken in what the homeserver has said, in milliseconds. */
const SETTLE_MS = 1_000;

/** Waits for several pieces of work one after the other, for all of them together no longer than `ms`. */
function patience(ms: number): { within: (work: Promise<unknown>) => Promise<void>; end: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return {
    within: async (work) => {
      await Promise.race([work.catch(() => undefined), late]);
    },
    end: () => {
      clearTimeout(timer);
    },
  };
}

const waits = (room: RoomEntry): boolean => room.unread > 0 || room.mentions > 0 || room.markedUnread;

/** Thrown in work that is under way when the page's work has ended. */
class Over extends Error {}

/**
 * Pushes to this browser: the subscription at its push service, at our gateway, and the pusher at the homeserver.
 * The three are made in this order and named by the gateway's id; whatever is missing at a start is made again.
 */
export class PushDevice extends ViewModel<PushSnapshot> {
  readonly #vault: Pick<Vault, 'push' | 'savePush' | 'saveHints'>;
  readonly #pushers: Pushers;
  readonly #hints: HintsKeeper;
  readonly #rooms: Pick<RoomsStore, 'subscribe' | 'getSnapshot'>;
  readonly #status: Pick<StatusModel, 'subscribe' | 'getSnapshot'>;
  #means: PushMeans | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #ending: Promise<void> | undefined;
  #stopped = false;
  /** A look has begun, and has not come to an end that counts. */
  #unlooked = false;
  readonly #ends: (() => void)[] = [];

  constructor(parts: {
    vault: Pick<Vault, 'push' | 'savePush' | 'saveHints'>;
    pushers: Pushers;
    rooms: Pick<RoomsStore, 'subscribe' | 'getSnapshot'>;
    status: Pick<StatusModel, 'subscribe' | 'getSnapshot'>;
  }) {
    super({
      state: 'looking',
      busy: false,
      id: undefined,
      asks: true,
      ended: false,
      error: undefined,
    });
    this.#vault = parts.vault;
    this.#pushers = parts.pushers;
    this.#rooms = parts.rooms;
    this.#status = parts.status;
    this.#hints = new HintsKeeper(parts.rooms, (hints) => parts.vault.saveHints(hints));
  }

  /** Gives the device what it works with; once, before anything else. */
  connect(means: PushMeans): void {
    this.#means = means;
    this.#ends.push(
      means.browser.onPermission(() => void this.begin(true)),
      this.#followReading(means.browser),
      this.#tidy(means.browser),
      this.#followConnection(),
    );
  }

  /**
   * Looks how things stand, and renews the subscription where it is wanted: the browser may have got another one.
   * Does nothing where that is known already.
   * @param again looks anyway
   */
  readonly begin = (again = false): Promise<void> => {
    const known = (): boolean => !['looking', 'failed', 'gone'].includes(this.snapshot.state);
    // From now on: the connection may come back before its turn has come.
    if (again || !known()) this.#unlooked = true;
    return this.#run(
      async (means) => {
        await this.#look(means);
        this.#unlooked = false;
      },
      again ? undefined : known,
    );
  };

  async #look(means: PushMeans): Promise<void> {
    const { support } = means.browser;
    if (support !== 'yes') {
      this.set({ state: support });
      return;
    }
    const stored = await this.#vault.push();
    this.#goOn();
    if (!stored) {
      // Left by a sign-in that was cut off; nobody here has asked for it.
      await means.browser.unsubscribe().catch(() => undefined);
      this.#rest(means);
      return;
    }
    if (means.browser.permission() !== 'granted') {
      await this.#drop(means, stored);
      this.#rest(means);
      return;
    }
    this.set({ id: stored.id });
    // Also while the gateway does not answer: what was subscribed before still comes.
    this.#hints.start(means.words, means.onWords);
    const { items } = await this.#call(pushApi.list, {});
    const current = await means.browser.current();
    this.#goOn();
    if (current?.endpoint === stored.endpoint && !items.some((each) => each.id === stored.id)) {
      await this.#drop(means, stored);
      this.#rest(means, true);
      return;
    }
    await this.#subscribe(means, stored);
  }

  /** Switches pushes on here. Has to be called straight from a click: the browser may ask the person. */
  readonly turnOn = async (): Promise<void> => {
    const { browser } = this.#needed();
    if (browser.support !== 'yes' || this.snapshot.busy) return;
    this.#unlooked = false;
    const permission = await browser.ask().catch(() => browser.permission());
    await this.#run(async (means) => {
      if (permission === 'granted') await this.#subscribe(means, await this.#vault.push());
      else this.#rest(means);
    });
  };

  /** Switches pushes off here. Works without a network, too: the push service then tells the gateway. */
  readonly turnOff = (): Promise<void> =>
    this.#run(async (means) => {
      const stored = await this.#vault.push();
      if (stored) await this.#drop(means, stored);
      else await means.browser.unsubscribe().catch(() => undefined);
      this.#rest(means);
    });

  /** Has a test message sent here. @returns how the push service took it. @throws ApiError */
  readonly test = async (): Promise<'delivered' | 'gone' | 'refused' | 'failed'> => {
    const { id } = this.snapshot;
    if (id === undefined) return 'gone';
    const { outcome } = await this.#call(pushApi.test, { params: { id } });
    if (outcome === 'gone') {
      // The push service has forgotten this browser: a new subscription is made when the person tries again.
      await this.#needed()
        .browser.unsubscribe()
        .catch(() => undefined);
      this.set({ state: 'gone', id: undefined, error: undefined });
    }
    return outcome;
  };

  /** Ends pushes to another browser of the person. @throws ApiError */
  readonly removeOther = async (id: string): Promise<void> => {
    const { app_id: appId } = await this.#call(pushApi.settings, {});
    await this.#call(pushApi.remove, { params: { id } });
    // The gateway would refuse it at the next message; then the homeserver need not try.
    await this.#pushers.remove(id, appId).catch(() => undefined);
  };

  /** The page's work ends; pushes go on. What is under way here changes nothing any more. */
  async stop(): Promise<void> {
    this.#quit();
    const { within, end } = patience(STOP_PATIENCE_MS);
    await within(this.#last);
    end();
    await this.#hints.stop();
  }

  #quit(): void {
    this.#stopped = true;
    for (const end of this.#ends.splice(0)) end();
  }

  /**
   * The person signs out: leaves no subscription, no notification and nothing to say in one. Never throws, and does
   * not wait long for servers. The pusher goes with the device at the homeserver.
   * @param everywhere the person's other browsers, too
   */
  end(everywhere = false): Promise<void> {
    this.#ending ??= this.#end(everywhere);
    return this.#ending;
  }

  async #end(everywhere: boolean): Promise<void> {
    this.#quit();
    const { within, end } = patience(END_PATIENCE_MS);
    await this.#hints.stop();
    // What is being switched on sees that this has begun, and takes itself back.
    await within(this.#last);
    const means = this.#means;
    const stored = await this.#vault.push().catch(() => undefined);
    if (means) {
      const gone = async (id: string): Promise<void> => {
        await this.#call(pushApi.remove, { params: { id } }).catch(() => undefined);
      };
      const all = async (): Promise<void> => {
        const { items } = await this.#call(pushApi.list, {});
        await Promise.all(items.map((each) => gone(each.id)));
      };
      await Promise.all([
        within(everywhere ? all() : stored ? gone(stored.id) : Promise.resolve()),
        within(means.browser.unsubscribe()),
        within(means.browser.quiet()),
      ]);
    }
    end();
    await this.#vault.savePush(undefined).catch(() => undefined);
    await this.#vault.saveHints(undefined).catch(() => undefined);
    this.set({ state: 'off', id: undefined });
  }

  #needed(): PushMeans {
    if (!this.#means) throw new Error('connect() comes first');
    return this.#means;
  }

  /** The session of our own interfaces may have ended while the computer slept: then once more with a new one. */
  async #call<T extends EndpointShape>(endpoint: Endpoint<T>, given: CallOf<T>): Promise<AnswerOf<T>> {
    const { api, enter } = this.#needed();
    try {
      return await api.call(endpoint, given);
    } catch (error) {
      if (asApiError(error).code !== 'platform.not_signed_in') throw error;
      await enter();
      return api.call(endpoint, given);
    }
  }

  /**
   * One piece of work after the other; what it throws becomes the state `failed`.
   * @param needless asked when its turn has come
   */
  #run(work: (means: PushMeans) => Promise<void>, needless?: () => boolean): Promise<void> {
    const mine = this.#last.then(async () => {
      const means = this.#means;
      if (!means || this.#stopped || needless?.() === true) return;
      this.set({ busy: true });
      try {
        await work(means);
      } catch (error) {
        if (!(error instanceof Over)) this.set({ state: 'failed', error });
      }
      this.set({ busy: false });
    });
    this.#last = mine;
    return mine;
  }

  /** After each wait in a piece of work: where the page's work has ended meanwhile, this one ends, too. */
  #goOn(): void {
    if (this.#stopped) throw new Over();
  }

  /** Off, and why. */
  #rest(means: PushMeans, ended = false): void {
    const permission = means.browser.permission();
    this.set({
      state: permission === 'denied' ? 'denied' : 'off',
      asks: permission === 'default',
      id: undefined,
      ended,
      error: undefined,
    });
  }

  async #subscribe(means: PushMeans, before: StoredPush | undefined): Promise<void> {
    const settings = await this.#call(pushApi.settings, {});
    this.#goOn();
    const found = await means.browser.subscribe(settings.application_server_key);
    // Who signs out does not wait for it without end.
    if (this.#ending) await means.browser.unsubscribe();
    this.#goOn();
    const stored = await this.#register(means.words(), settings, found);
    if (this.#ending) {
      // Signed out meanwhile.
      await this.#drop(means, stored);
      return;
    }
    this.#goOn();
    if (before !== undefined && before.id !== stored.id) await this.#withdraw(before);
    this.#goOn();
    this.#hints.start(means.words, means.onWords);
    this.set({ state: 'on', id: stored.id, ended: false, asks: false, error: undefined });
  }

  async #register(
    { device, brand, language }: ReturnType<PushMeans['words']>,
    settings: { readonly app_id: string; readonly notify_url: string },
    { endpoint, keys }: BrowserSubscription,
  ): Promise<StoredPush> {
    const { id } = await this.#call(pushApi.keep, {
      body: { endpoint, keys: { ...keys }, label: device.slice(0, 100) },
    });
    const stored: StoredPush = { id, appId: settings.app_id, endpoint };
    // It is the next tab's by now; who signs out takes it back.
    if (!this.#ending) this.#goOn();
    await this.#pushers.set({
      appId: stored.appId,
      key: id,
      url: settings.notify_url,
      app: brand,
      device,
      language,
    });
    if (!this.#ending) this.#goOn();
    await this.#vault.savePush(stored);
    return stored;
  }

  async #withdraw(stored: StoredPush): Promise<void> {
    await Promise.allSettled([
      this.#call(pushApi.remove, { params: { id: stored.id } }),
      this.#pushers.remove(stored.id, stored.appId),
    ]);
  }

  async #drop(means: PushMeans, stored: StoredPush): Promise<void> {
    await this.#hints.stop();
    await this.#vault.savePush(undefined);
    await this.#vault.saveHints(undefined);
    const { within, end } = patience(END_PATIENCE_MS);
    await Promise.all([within(this.#withdraw(stored)), within(means.browser.unsubscribe())]);
    end();
  }

  /** Looks again when the homeserver answers, where that failed before: most often there was no network at the start. */
  #followConnection(): () => void {
    const isLive = (): boolean => this.#status.getSnapshot().connection === 'live';
    let live = isLive();
    return this.#status.subscribe(() => {
      const before = live;
      live = isLive();
      if (live && !before && this.#unlooked) void this.begin();
    });
  }

  /** A conversation that was read here, or elsewhere, needs no notification any more. */
  #followReading(browser: PushBrowser): () => void {
    let waiting: ReadonlySet<string> = new Set();
    return this.#rooms.subscribe(() => {
      const now = new Set<string>();
      for (const room of this.#rooms.getSnapshot().rooms)
        if (room.unread > 0 || room.mentions > 0 || room.invitation !== undefined) now.add(room.roomId);
      for (const roomId of waiting) if (!now.has(roomId)) void browser.quiet(roomId).catch(() => undefined);
      waiting = now;
    });
  }

  /** Of what came while no page was open, takes away what has been read elsewhere: once, when that is known. */
  #tidy(browser: PushBrowser): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    // What comes from now on may be here before the homeserver has told of it.
    const before = browser.shown().catch((): string[] => []);
    const look = async (): Promise<void> => {
      const tags = await before;
      const { ready, rooms } = this.#rooms.getSnapshot();
      if (!ready || this.#stopped) return;
      const waiting = new Set(
        rooms.filter((room) => room.invitation !== undefined || waits(room)).map((room) => room.roomId),
      );
      for (const tag of tags)
        if (tag.startsWith('!') && !waiting.has(tag)) await browser.quiet(tag).catch(() => undefined);
    };
    // Not by what was stored: that is older than the notifications.
    const begin = (): void => {
      if (this.#status.getSnapshot().connection !== 'live') return;
      unsubscribe();
      timer = setTimeout(() => void look(), SETTLE_MS);
    };
    const unsubscribe = this.#status.subscribe(begin);
    begin();
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }
}
