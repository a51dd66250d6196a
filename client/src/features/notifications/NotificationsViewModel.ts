import type { Subscription } from '@qiao/push/contract';
import { LOADING, ViewModel, watch, type Remote, type Services } from '@qiao/ui-kit';
import type { AccountLevel } from '../../matrix/account-level.ts';
import type { NotifyRules } from '../../matrix/notify-rules.ts';
import { pushApi } from '../../pwa/push-api.ts';
import type { PushDevice, PushSnapshot } from '../../pwa/push-device.ts';

/** How a test message went; `error`: our own interface did not take it. */
export type TestState = 'busy' | 'delivered' | 'gone' | 'refused' | 'failed' | 'error';

export interface NotificationsSnapshot {
  /** The person's other browsers that get pushes, newest first. */
  readonly others: Remote<readonly Subscription[]>;
  readonly test: TestState | undefined;
  /** Of another browser that is being removed. */
  readonly removing: string | undefined;
  /** The account's level is being changed to it. */
  readonly choosing: AccountLevel | undefined;
}

const KEY = ['push', 'subscriptions'] as const;

/** The settings page of notifications; how this device stands is the snapshot of {@link PushDevice}. */
export class NotificationsViewModel extends ViewModel<NotificationsSnapshot> {
  readonly #services: Services;
  readonly #push: PushDevice;
  readonly #rules: NotifyRules;
  #all: Remote<readonly Subscription[]> = LOADING;
  #own: Pick<PushSnapshot, 'state' | 'id'>;

  constructor(services: Services, push: PushDevice, rules: NotifyRules) {
    super({ others: LOADING, test: undefined, removing: undefined, choosing: undefined });
    this.#services = services;
    this.#push = push;
    this.#rules = rules;
    this.#own = push.getSnapshot();
  }

  protected override onMount(): void {
    // Tries again what did not work at the start.
    void this.#push.begin();
    const { queries, api } = this.#services;
    const watching = watch<readonly Subscription[]>(
      queries,
      { key: KEY, load: async (signal) => (await api.call(pushApi.list, { signal })).items },
      (all) => {
        // The session of our own interfaces is on its way, and everything is asked again then.
        const early = all.state === 'failed' && all.error.code === 'platform.not_signed_in';
        this.#all = early ? LOADING : all;
        this.#show();
      },
    );
    this.own(watching.end);
    this.own(
      this.#push.subscribe(() => {
        const before = this.#own;
        this.#own = this.#push.getSnapshot();
        if (this.#own.id === before.id && this.#own.state === before.state) return;
        this.#show();
        if (this.#own.id !== before.id) void queries.invalidateQueries({ queryKey: KEY });
      }),
    );
  }

  readonly toggle = (on: boolean): Promise<void> => {
    this.set({ test: undefined });
    return on ? this.#push.turnOn() : this.#push.turnOff();
  };

  readonly sendTest = async (): Promise<void> => {
    if (this.snapshot.test === 'busy') return;
    this.set({ test: 'busy' });
    const test = await this.#push.test().catch(() => 'error' as const);
    this.set({ test });
  };

  /** @param done what is said when it is removed */
  readonly remove = async (id: string, done: string): Promise<void> => {
    if (this.snapshot.removing !== undefined) return;
    this.set({ removing: id });
    await this.#services.attempt(() => this.#push.removeOther(id), { done, invalidate: [KEY] });
    this.set({ removing: undefined });
  };

  readonly chooseLevel = async (level: AccountLevel): Promise<void> => {
    if (this.snapshot.choosing !== undefined || level === this.#rules.getSnapshot().level) return;
    this.set({ choosing: level });
    await this.#services.attempt(() => this.#rules.choose(level));
    this.set({ choosing: undefined });
  };

  #show(): void {
    const { state, id } = this.#own;
    const all = this.#all;
    if (all.state !== 'ready') this.set({ others: all });
    // Which of them is this one is not known yet.
    else if (state === 'looking' && id === undefined) this.set({ others: LOADING });
    else this.set({ others: { ...all, data: all.data.filter((each) => each.id !== id) } });
  }
}
