import type { PeopleByHand, PersonByHand, Source, SourceHandover } from '@qiao/org/contract';
import { LOADING, ViewModel, watchPages, type Pages, type Remote, type Services } from '@qiao/ui-kit';
import type { Static } from 'typebox';
import { keys, orgApi } from '../api.ts';

/** How long ticking rests before it is counted, in milliseconds. */
const REST_MS = 300;

type ByHandPage = Static<typeof PeopleByHand>;

/** Who is to go where; without ids all. */
interface Wish {
  readonly to: Source;
  readonly who: { person_ids?: string[] };
}

export interface AdoptSnapshot {
  readonly people: Remote<Pages<PersonByHand, ByHandPage>>;
  readonly to: Source | undefined;
  /** Everybody, or only `chosen`. */
  readonly all: boolean;
  readonly chosen: ReadonlySet<string>;
  /** What it would mean; `running` while it is counted. */
  readonly counts: Static<typeof SourceHandover> | 'running' | undefined;
  readonly busy: boolean;
}

/** Gives people no source keeps in step to one, after counting what that means. */
export class AdoptViewModel extends ViewModel<AdoptSnapshot> {
  readonly #services: Services;
  readonly #done: () => void;
  /** The latest question; answers to earlier ones are late. */
  #asked = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(services: Services, done: () => void) {
    super({
      people: LOADING,
      to: undefined,
      all: false,
      chosen: new Set(),
      counts: undefined,
      busy: false,
    });
    this.#services = services;
    this.#done = done;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const watching = watchPages<PersonByHand, ByHandPage>(
      queries,
      {
        key: [...keys.byHand, 'list'],
        load: (after, signal) =>
          api.call(orgApi.peopleByHand, { query: after === undefined ? {} : { after }, signal }),
      },
      (people) => {
        this.set({ people });
      },
    );
    this.own(() => {
      watching.end();
      clearTimeout(this.#timer);
    });
  }

  readonly handTo = (to: Source | undefined): void => {
    this.set({ to });
    this.#count();
  };

  readonly setAll = (all: boolean): void => {
    this.set({ all });
    this.#count();
  };

  readonly choose = (id: string, on: boolean): void => {
    const chosen = new Set(this.snapshot.chosen);
    if (on) chosen.add(id);
    else chosen.delete(id);
    this.set({ chosen });
    this.#count();
  };

  /** Undefined where nothing can be asked yet. */
  #wish(): Wish | undefined {
    const { to, all, chosen } = this.snapshot;
    if (!to || (!all && chosen.size === 0)) return undefined;
    return { to, who: all ? {} : { person_ids: [...chosen] } };
  }

  #count(): void {
    clearTimeout(this.#timer);
    const question = ++this.#asked;
    const wish = this.#wish();
    this.set({ counts: wish && 'running' });
    if (wish) this.#timer = setTimeout(() => void this.#ask(question, wish), REST_MS);
  }

  async #ask(question: number, wish: Wish): Promise<void> {
    const { api, attempt } = this.#services;
    const done = await attempt(() =>
      api.call(orgApi.adoptPeople, { params: { id: wish.to.id }, body: { ...wish.who, dry_run: true } }),
    );
    if (question === this.#asked) this.set({ counts: done.ok ? done.value : undefined });
  }

  readonly handOver = async (): Promise<void> => {
    const wish = this.#wish();
    if (!wish) return;
    const { api, attempt, i18n } = this.#services;
    this.set({ busy: true });
    const done = await attempt(
      () =>
        api.call(orgApi.adoptPeople, { params: { id: wish.to.id }, body: { ...wish.who, dry_run: false } }),
      {
        done: i18n.t('org:sources.adopted', { to: wish.to.name }),
        invalidate: [keys.sources, keys.people],
      },
    );
    this.set({ busy: false });
    if (done.ok) this.#done();
  };
}
