import type {
  ActivationMailing,
  MailState,
  PasswordRequest,
  PeoplePage,
  Person,
  SheetLinks,
} from '@qiao/org/contract';
import {
  LOADING,
  saveFile,
  ViewModel,
  watch,
  watchPages,
  type Pages,
  type Remote,
  type Services,
  type WatchingPages,
  type WatchPages,
} from '@qiao/ui-kit';
import { keys, orgApi } from '../api.ts';
import { whole } from '../parts/whole.ts';

export type SheetLink = SheetLinks['items'][number];

export interface ActivationFilter {
  readonly q: string;
  readonly department: { readonly id: string; readonly name: string } | undefined;
}

export interface ActivationSnapshot {
  readonly filter: ActivationFilter;
  /** Who has no password yet. */
  readonly people: Remote<Pages<Person, PeoplePage>>;
  readonly selected: ReadonlyMap<string, Person>;
  readonly mail: Remote<MailState>;
  /** Rounds of mails, newest first. */
  readonly mailings: Remote<readonly ActivationMailing[]>;
  readonly requests: Remote<Pages<PasswordRequest>>;
  /** All parts of the page have answered. */
  readonly whole: boolean;
  readonly busy: boolean;
  /** How many of how many sheets are there; undefined: none are made. */
  readonly making: { readonly done: number; readonly total: number } | undefined;
  /** To be printed: the links are here and nowhere again. */
  readonly sheets: readonly SheetLink[] | undefined;
}

interface Choice {
  person_ids?: string[];
  department_id?: string;
}

const PAGE = 50;
/** In the order in which they are handed out: by department, then as people are listed everywhere. */
const byPlace =
  (locale: string) =>
  (one: SheetLink, other: SheetLink): number =>
    one.departments.join().localeCompare(other.departments.join(), locale) ||
    (one.listed_by < other.listed_by ? -1 : 1);

/** How often a round of mails that is on its way is looked at, in milliseconds. */
const LOOK_MS = 2000;

/** Getting many people in at once: by mail, by printed sheets with codes, by a file; and who has forgotten a password. */
export class ActivationViewModel extends ViewModel<ActivationSnapshot> {
  readonly #services: Services;
  #people: WatchingPages<Person, PeoplePage> | undefined;

  constructor(services: Services) {
    super({
      filter: { q: '', department: undefined },
      people: LOADING,
      selected: new Map(),
      mail: LOADING,
      mailings: LOADING,
      requests: LOADING,
      whole: false,
      busy: false,
      making: undefined,
      sheets: undefined,
    });
    this.#services = services;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const answered = whole(['people', 'mail', 'mailings', 'requests'], () => {
      this.set({ whole: true });
    });
    this.#people = watchPages<Person, PeoplePage>(queries, this.#query(), (people) => {
      this.set({ people });
      answered('people', people);
    });
    const mail = watch<MailState>(
      queries,
      { key: [...keys.mail, 'state'], load: (signal) => api.call(orgApi.mail, { signal }) },
      (state) => {
        this.set({ mail: state });
        answered('mail', state);
      },
    );
    const mailings = watch<readonly ActivationMailing[]>(
      queries,
      {
        key: keys.mailings,
        load: async (signal) => (await api.call(orgApi.mailings, { signal })).items,
        every: (data) => (data?.some((each) => each.waiting > 0) === true ? LOOK_MS : false),
      },
      (found) => {
        this.set({ mailings: found });
        answered('mailings', found);
      },
    );
    const requests = watchPages<PasswordRequest>(
      queries,
      {
        key: keys.passwordRequests,
        load: (after, signal) =>
          api.call(orgApi.passwordRequests, { query: after === undefined ? {} : { after }, signal }),
      },
      (found) => {
        this.set({ requests: found });
        answered('requests', found);
      },
    );
    for (const each of [this.#people, mail, mailings, requests]) this.own(each.end);
  }

  #query(): WatchPages<Person, PeoplePage> {
    const { api } = this.#services;
    const { q, department } = this.snapshot.filter;
    const query = {
      limit: PAGE,
      status: 'joining' as const,
      ...(q === '' ? {} : { q }),
      ...(department === undefined ? {} : { department_id: department.id }),
    };
    return {
      key: [...keys.people, query],
      load: (after, signal) =>
        api.call(orgApi.people, { query: after === undefined ? query : { ...query, after }, signal }),
    };
  }

  readonly filter = (patch: Partial<ActivationFilter>): void => {
    this.set({ filter: { ...this.snapshot.filter, ...patch } });
    this.#people?.change(this.#query());
  };

  readonly select = (people: readonly Person[], on: boolean): void => {
    const selected = new Map(this.snapshot.selected);
    for (const person of people) {
      if (on) selected.set(person.id, person);
      else selected.delete(person.id);
    }
    this.set({ selected });
  };

  readonly clear = (): void => {
    this.set({ selected: new Map() });
  };

  /** Those who are ticked; else all of the department; else everybody. A search alone chooses nobody. */
  #choice(): Choice {
    const { selected, filter } = this.snapshot;
    if (selected.size > 0) return { person_ids: [...selected.keys()] };
    return filter.department ? { department_id: filter.department.id } : {};
  }

  readonly mail = async (count: string, choice: Choice = this.#choice()): Promise<void> => {
    const { api, attempt, confirm, i18n } = this.#services;
    const configured = this.snapshot.mail.state === 'ready' && this.snapshot.mail.data.configured;
    const sure = await confirm.ask({
      title: i18n.t('org:activation.mail_title', { number: count }),
      body: i18n.t(configured ? 'org:activation.mail_text' : 'org:activation.mail_kept_text'),
      confirm: i18n.t('org:activation.mail'),
    });
    if (!sure) return;
    this.set({ busy: true });
    const done = await attempt(() => api.call(orgApi.mailActivations, { body: choice }), {
      invalidate: [keys.mailings, keys.mail],
    });
    this.set({ busy: false });
    if (done.ok) this.clear();
  };

  readonly print = async (count: string, total: number, choice: Choice = this.#choice()): Promise<void> => {
    const { api, attempt, confirm, i18n } = this.#services;
    const sure = await confirm.ask({
      title: i18n.t('org:activation.print_title', { number: count }),
      body: i18n.t('org:activation.print_text'),
      confirm: i18n.t('org:activation.print'),
    });
    if (!sure) return;
    this.set({ busy: true, making: { done: 0, total } });
    const sheets: SheetLink[] = [];
    const done = await attempt(async () => {
      // Sheets are in the person's own language: both are needed.
      await Promise.all([i18n.load('en'), i18n.load('zh-Hans')]);
      for (let left = 1; left > 0;) {
        const after = sheets.at(-1)?.person.id;
        const answer = await api.call(orgApi.activationSheets, {
          body: { ...choice, ...(after === undefined ? {} : { after }) },
        });
        sheets.push(...answer.items);
        left = answer.items.length === 0 ? 0 : answer.left;
        this.set({ making: { done: sheets.length, total: sheets.length + left } });
      }
    });
    this.set({ busy: false, making: undefined });
    // What was made before something failed is shown all the same: those links work.
    if (done.ok || sheets.length > 0)
      this.set({ sheets: sheets.sort(byPlace(i18n.locale)), selected: new Map() });
  };

  readonly closeSheets = (): void => {
    this.set({ sheets: undefined });
  };

  readonly download = async (): Promise<void> => {
    this.set({ busy: true });
    const { api, attempt, i18n } = this.#services;
    const time_zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    const done = await attempt(() =>
      api.file(orgApi.activationBatch, { body: { ...this.#choice(), time_zone } }),
    );
    this.set({ busy: false });
    if (done.ok) saveFile(`${i18n.t('org:activation.file')}.csv`, done.value);
  };

  /** The request is settled without a new password. */
  readonly settle = async (request: PasswordRequest): Promise<void> => {
    this.set({ busy: true });
    const { api, attempt } = this.#services;
    await attempt(() => api.call(orgApi.closePasswordRequest, { params: { id: request.id } }), {
      invalidate: [keys.passwordRequests],
    });
    this.set({ busy: false });
  };
}
