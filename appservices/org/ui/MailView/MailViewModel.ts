import type { MailEntry, MailMessage, MailState, MailStateName } from '@qiao/org/contract';
import {
  dataOf,
  holds,
  LOADING,
  ViewModel,
  watch,
  watchPages,
  type Pages,
  type Remote,
  type Services,
  type Watching,
  type WatchingPages,
  type WatchPages,
} from '@qiao/ui-kit';
import { keys, orgApi } from '../api.ts';
import { whole } from '../parts/whole.ts';

export interface MailSnapshot {
  readonly filter: MailStateName | undefined;
  readonly mail: Remote<MailState>;
  readonly messages: Remote<Pages<MailEntry>>;
  /** Both have answered. */
  readonly whole: boolean;
  /** The kept mail that is read. */
  readonly open: Remote<MailMessage> | undefined;
  readonly busy: boolean;
  readonly canTest: boolean;
}

/** How often mails that are on their way are looked at, and else, in milliseconds. */
const LOOK_MS = 2000;
const REST_MS = 30_000;

/** Mails that went, wait, lie in the folder or failed. */
export class MailViewModel extends ViewModel<MailSnapshot> {
  readonly #services: Services;
  #state: Watching<MailState> | undefined;
  #messages: WatchingPages<MailEntry> | undefined;

  constructor(services: Services) {
    super({
      filter: undefined,
      mail: LOADING,
      messages: LOADING,
      whole: false,
      open: undefined,
      busy: false,
      canTest: holds(services.session, 'org.installation.read', 'company'),
    });
    this.#services = services;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    let before = '';
    const answered = whole(['mail', 'messages'], () => {
      this.set({ whole: true });
    });
    this.#state = watch<MailState>(
      queries,
      {
        key: [...keys.mail, 'state'],
        load: (signal) => api.call(orgApi.mail, { signal }),
        every: (data) => ((data?.counts.waiting ?? 0) > 0 ? LOOK_MS : REST_MS),
      },
      (mail) => {
        this.set({ mail });
        answered('mail', mail);
        const now = JSON.stringify(dataOf(mail)?.counts);
        // The list is read anew when something has changed.
        if (before !== '' && now !== before)
          void queries.invalidateQueries({ queryKey: [...keys.mail, 'messages'] });
        if (dataOf(mail)) before = now;
      },
    );
    this.#messages = watchPages(queries, this.#query(), (messages) => {
      this.set({ messages });
      answered('messages', messages);
    });
    this.own(this.#state.end);
    this.own(this.#messages.end);
  }

  #query(): WatchPages<MailEntry> {
    const { api } = this.#services;
    const { filter } = this.snapshot;
    return {
      key: [...keys.mail, 'messages', filter ?? ''],
      load: (after, signal) =>
        api.call(orgApi.mails, {
          query: {
            ...(filter === undefined ? {} : { state: filter }),
            ...(after === undefined ? {} : { after }),
          },
          signal,
        }),
    };
  }

  readonly show = (filter: MailStateName | undefined): void => {
    this.set({ filter });
    this.#messages?.change(this.#query());
  };

  /** Reads a kept mail. */
  readonly read = async (id: string): Promise<void> => {
    this.set({ open: LOADING });
    const { api, attempt } = this.#services;
    const found = await attempt(() => api.call(orgApi.mailMessage, { params: { id } }));
    if (this.snapshot.open === undefined) return;
    this.set({ open: found.ok ? { state: 'ready', data: found.value, stale: false } : undefined });
  };

  readonly close = (): void => {
    this.set({ open: undefined });
  };

  readonly retry = (id: string): Promise<void> =>
    this.#do(() => this.#services.api.call(orgApi.retryMail, { params: { id } }));

  readonly test = (): Promise<void> =>
    this.#do(() => this.#services.api.call(orgApi.testMail, {}), 'org:mail.test_sent');

  async #do(work: () => Promise<unknown>, done?: string): Promise<void> {
    this.set({ busy: true });
    const { attempt, i18n } = this.#services;
    await attempt(work, { ...(done === undefined ? {} : { done: i18n.t(done) }), invalidate: [keys.mail] });
    this.set({ busy: false });
  }
}
