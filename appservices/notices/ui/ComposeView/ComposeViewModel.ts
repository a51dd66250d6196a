import type { Audience, Audiences, ManagedNotice } from '@qiao/notices/contract';
import { asApiError, ViewModel, type ApiError, type FormDraft, type Services } from '@qiao/ui-kit';
import { keys, noticesApi } from '../api.ts';
import { parseWritten, sameWritten, type Written } from './written.ts';

/** Longest wait after the last change of the audience before people are counted, milliseconds. */
const COUNT_AFTER_MS = 400;

export interface ComposeSnapshot {
  readonly loading: boolean;
  readonly failed: ApiError | undefined;
  readonly audiences: Audiences | undefined;
  /** What is stored; undefined while it is new. */
  readonly stored: ManagedNotice | undefined;
  readonly title: string;
  readonly body: string;
  readonly confirm: boolean;
  readonly audience: Audience;
  /** How many people the audience has; undefined while not known. */
  readonly people: number | undefined;
  /** Those of them who have not activated the account yet. */
  readonly notActivated: number;
  readonly preview: boolean;
  /** Local time as an input has it, `2026-11-23T09:00`; empty: now. */
  readonly at: string;
  readonly busy: boolean;
  /** What is shown was begun earlier on this device, and is not stored. */
  readonly restored: boolean;
}

const NOBODY: Audience = { everybody: false, departments: [], roles: [] };

/** A time as an input has it, in the person's zone; empty for none. */
export function localTime(at: string | null): string {
  if (at === null) return '';
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** What is stored of a notice, as the form has it; of a new one nothing. */
const writtenIn = (stored: ManagedNotice | undefined): Written =>
  stored === undefined
    ? { title: '', body: '', confirm: true, audience: NOBODY, at: '' }
    : {
        title: stored.title,
        body: stored.body,
        confirm: stored.confirm,
        audience: stored.audience,
        at: localTime(stored.scheduled_at),
      };

/** Writes a notice: draft, preview, now or at a time. */
export class ComposeViewModel extends ViewModel<ComposeSnapshot> {
  readonly #services: Services;
  readonly #id: string | undefined;
  #counting: ReturnType<typeof setTimeout> | undefined;

  constructor(services: Services, id: string | undefined) {
    super({
      loading: true,
      failed: undefined,
      audiences: undefined,
      stored: undefined,
      title: '',
      body: '',
      confirm: true,
      audience: NOBODY,
      people: undefined,
      notActivated: 0,
      preview: false,
      at: '',
      busy: false,
      restored: false,
    });
    this.#services = services;
    this.#id = id;
  }

  protected override onMount(): void {
    if (this.snapshot.loading) void this.load();
    this.own(() => {
      clearTimeout(this.#counting);
    });
  }

  readonly load = async (): Promise<void> => {
    const { api } = this.#services;
    this.set({ loading: true, failed: undefined });
    try {
      const [audiences, stored] = await Promise.all([
        api.call(noticesApi.audiences, {}),
        this.#id === undefined ? undefined : api.call(noticesApi.managedOne, { params: { id: this.#id } }),
      ]);
      this.set({ loading: false, audiences });
      this.set({ stored, ...writtenIn(stored) });
      const kept = parseWritten(this.#draft?.read());
      if (kept !== undefined) this.set({ ...kept, restored: true });
      this.#count();
    } catch (error) {
      this.set({ loading: false, failed: asApiError(error) });
    }
  };

  readonly change = (
    part: Partial<Pick<ComposeSnapshot, 'title' | 'body' | 'confirm' | 'preview' | 'at'>>,
  ): void => {
    this.set(part);
    this.#keep();
  };

  /** Goes back to what is stored, or to an empty form. */
  readonly startOver = async (words: { title: string; confirm: string }): Promise<void> => {
    if (!(await this.#services.confirm.ask({ ...words, destructive: true }))) return;
    this.set({ ...writtenIn(this.snapshot.stored), people: undefined });
    this.#keep();
    this.#count();
  };

  /** The draft of this notice on this device. */
  get #draft(): FormDraft | undefined {
    return this.#services.matrix?.draft(`notices/${this.snapshot.stored?.id ?? 'new'}`);
  }

  /** Keeps what is not stored; after it is stored, cleared or put back there is nothing to keep. */
  #keep(): void {
    const { title, body, confirm, audience, at, stored } = this.snapshot;
    const now: Written = { title, body, confirm, audience, at };
    const unstored = !sameWritten(now, writtenIn(stored));
    this.#draft?.write(unstored ? now : undefined);
    if (!unstored && this.snapshot.restored) this.set({ restored: false });
  }

  readonly everybody = (everybody: boolean): void => {
    this.#setAudience({ ...(everybody ? NOBODY : this.snapshot.audience), everybody });
  };

  readonly department = (id: string, on: boolean): void => {
    const { audience } = this.snapshot;
    const others = audience.departments.filter((one) => one.id !== id);
    this.#setAudience({ ...audience, departments: on ? [...others, { id, subtree: true }] : others });
  };

  readonly subtree = (id: string, subtree: boolean): void => {
    const { audience } = this.snapshot;
    this.#setAudience({
      ...audience,
      departments: audience.departments.map((one) => (one.id === id ? { id, subtree } : one)),
    });
  };

  readonly role = (id: string, on: boolean): void => {
    const { audience } = this.snapshot;
    const others = audience.roles.filter((one) => one !== id);
    this.#setAudience({ ...audience, roles: on ? [...others, id] : others });
  };

  #setAudience(audience: Audience): void {
    this.set({ audience, people: undefined });
    this.#keep();
    this.#count();
  }

  #count(): void {
    clearTimeout(this.#counting);
    const { audience } = this.snapshot;
    if (!audience.everybody && audience.departments.length + audience.roles.length === 0) return;
    this.#counting = setTimeout(() => {
      this.#services.api
        .call(noticesApi.count, { body: audience })
        .then(({ people, not_activated: notActivated }) => {
          if (this.snapshot.audience === audience) this.set({ people, notActivated });
        })
        // Sending says what is wrong with it.
        .catch(() => undefined);
    }, COUNT_AFTER_MS);
  }

  get ready(): boolean {
    const { title, body, audience } = this.snapshot;
    const somebody = audience.everybody || audience.departments.length + audience.roles.length > 0;
    return title.trim() !== '' && body.trim() !== '' && somebody;
  }

  async #store(): Promise<ManagedNotice | undefined> {
    const { api, attempt } = this.#services;
    const { stored, title, body, confirm, audience } = this.snapshot;
    const content = { title, body, confirm, audience };
    const answer = await attempt(
      () =>
        stored === undefined
          ? api.call(noticesApi.create, { body: content })
          : api.call(noticesApi.patch, {
              params: { id: stored.id },
              body: { version: stored.version, ...content },
            }),
      { invalidate: [keys.managed] },
    );
    if (!answer.ok) return undefined;
    // Under the name it had until now, which a new one loses.
    this.#draft?.write(undefined);
    this.set({ stored: answer.value, restored: false });
    // A time is stored when it is scheduled.
    this.#keep();
    return answer.value;
  }

  async #busily(work: () => Promise<boolean>): Promise<boolean> {
    this.set({ busy: true });
    try {
      return await work();
    } finally {
      this.set({ busy: false });
    }
  }

  /** Answers whether it is stored. */
  readonly save = (done: string): Promise<boolean> =>
    this.#busily(async () => {
      const stored = await this.#store();
      if (stored !== undefined) this.#services.toasts.success(done);
      return stored !== undefined;
    });

  /** Sends or schedules; answers the notice's id where it worked. */
  readonly send = async (words: {
    title: string;
    body: string;
    confirm: string;
    done: string;
  }): Promise<string | undefined> => {
    const { api, attempt, confirm } = this.#services;
    if (!(await confirm.ask(words))) return undefined;
    let id: string | undefined;
    await this.#busily(async () => {
      const stored = await this.#store();
      if (stored === undefined) return false;
      const { at } = this.snapshot;
      const answer = await attempt(
        () =>
          api.call(noticesApi.send, {
            params: { id: stored.id },
            body: { version: stored.version, ...(at === '' ? {} : { at: new Date(at).toISOString() }) },
          }),
        { done: words.done, invalidate: [keys.all] },
      );
      if (answer.ok) {
        id = stored.id;
        this.#draft?.write(undefined);
      }
      return answer.ok;
    });
    return id;
  };

  /** What was to go out at a time is a draft again. */
  readonly unschedule = async (done: string): Promise<void> => {
    const { api, attempt } = this.#services;
    const { stored } = this.snapshot;
    if (stored === undefined) return;
    await this.#busily(async () => {
      const answer = await attempt(() => api.call(noticesApi.unschedule, { params: { id: stored.id } }), {
        done,
        invalidate: [keys.managed],
      });
      if (answer.ok) {
        this.set({ stored: answer.value, at: '' });
        this.#keep();
      }
      return answer.ok;
    });
  };

  /** Answers whether it is gone. */
  readonly discard = async (words: { title: string; confirm: string; done: string }): Promise<boolean> => {
    const { api, attempt, confirm } = this.#services;
    const { stored } = this.snapshot;
    if (!(await confirm.ask({ ...words, destructive: true }))) return false;
    if (stored === undefined) {
      this.#draft?.write(undefined);
      return true;
    }
    const answer = await attempt(() => api.call(noticesApi.discard, { params: { id: stored.id } }), {
      done: words.done,
      invalidate: [keys.managed],
    });
    if (answer.ok) this.#draft?.write(undefined);
    return answer.ok;
  };
}
