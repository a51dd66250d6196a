import type { PatchPerson, PersonDetail, PersonRef } from '@qiao/org/contract';
import {
  holds,
  LOADING,
  refusedField,
  ViewModel,
  watch,
  type ApiError,
  type Remote,
  type Services,
} from '@qiao/ui-kit';
import type { Static } from 'typebox';
import { keys, orgApi } from '../api.ts';

/** Fields of a person's forms whose values the server looks at closer than the page. */
const FORM_FIELDS = ['email', 'phone', 'localpart'] as const;

/** The field whose value the server did not take, and why; without a text the page knows what is wrong. */
export interface RefusedField {
  readonly field: (typeof FORM_FIELDS)[number];
  readonly text: string | undefined;
}

/** Which field of a person's forms an error is about, if it is about one. */
export function refusedAt(error: ApiError): RefusedField | undefined {
  const field = refusedField(error, FORM_FIELDS);
  return field && { field, text: error.code === 'platform.bad_request' ? undefined : error.message };
}

export interface PersonEdit {
  readonly display_name: string;
  readonly title: string;
  readonly email: string;
  readonly phone: string;
  readonly manager: PersonRef | undefined;
  readonly locale: 'zh-Hans' | 'en' | '';
}

export interface PlacementEdit {
  readonly department: { readonly id: string; readonly name: string };
  readonly primary: boolean;
  readonly head: boolean;
  readonly title: string;
}

export interface PersonSnapshot {
  readonly person: Remote<PersonDetail>;
  readonly dialog: 'edit' | 'move' | 'leave' | 'link' | undefined;
  readonly busy: boolean;
  readonly refused: RefusedField | undefined;
  readonly canOffboard: boolean;
}

type PatchBody = Static<typeof PatchPerson>;

const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());

/** One person: facts, changes, activation, the start of leaving. */
export class PersonViewModel extends ViewModel<PersonSnapshot> {
  readonly #services: Services;
  readonly #id: string;

  constructor(services: Services, id: string) {
    super({
      person: LOADING,
      dialog: undefined,
      busy: false,
      refused: undefined,
      canOffboard: holds(services.session, 'org.person.offboard'),
    });
    this.#services = services;
    this.#id = id;
  }

  protected override onMount(): void {
    const { api, queries } = this.#services;
    const watching = watch<PersonDetail>(
      queries,
      {
        key: keys.person(this.#id),
        load: (signal) => api.call(orgApi.person, { params: { id: this.#id }, signal }),
      },
      (person) => {
        this.set({ person });
      },
    );
    this.own(watching.end);
  }

  readonly open = (dialog: NonNullable<PersonSnapshot['dialog']>): void => {
    this.set({ dialog, refused: undefined });
  };

  readonly close = (): void => {
    this.set({ dialog: undefined });
  };

  readonly edit = async (person: PersonDetail, given: PersonEdit): Promise<void> => {
    await this.#save(person, {
      display_name: given.display_name.trim(),
      title: orNull(given.title),
      email: orNull(given.email),
      phone: orNull(given.phone),
      manager_id: given.manager?.id ?? null,
      locale: given.locale === '' ? null : given.locale,
    });
  };

  readonly move = async (person: PersonDetail, placements: readonly PlacementEdit[]): Promise<void> => {
    await this.#save(person, {
      departments: placements.map((each) => ({
        department_id: each.department.id,
        is_primary: each.primary,
        is_head: each.head,
        title: orNull(each.title),
      })),
    });
  };

  async #save(person: PersonDetail, body: Omit<PatchBody, 'version'>): Promise<void> {
    this.set({ busy: true, refused: undefined });
    const { api, attempt, i18n } = this.#services;
    const done = await attempt(
      () =>
        api.call(orgApi.patchPerson, {
          params: { id: person.id },
          body: { version: person.version, ...body },
        }),
      {
        done: i18n.t('org:saved'),
        invalidate: [keys.people, keys.departments],
        toldElsewhere: (error) => refusedAt(error) !== undefined,
      },
    );
    this.set({
      busy: false,
      ...(done.ok ? { dialog: undefined } : { refused: refusedAt(done.error) }),
    });
  }

  /** @returns the id of the leaver's flow */
  readonly startLeaving = async (
    person: PersonDetail,
    given: { reason: string; to: PersonRef | undefined },
  ): Promise<string | undefined> => {
    this.set({ busy: true });
    const { api, attempt, i18n } = this.#services;
    const done = await attempt(
      () =>
        api.call(orgApi.startOffboarding, {
          params: { id: person.id },
          body: {
            ...(given.reason.trim() === '' ? {} : { reason: given.reason.trim() }),
            ...(given.to === undefined ? {} : { handover_to: given.to.id }),
          },
        }),
      {
        done: i18n.t('org:leavers.started', { name: person.display_name }),
        invalidate: [keys.people, keys.offboardings],
      },
    );
    this.set({ busy: false, ...(done.ok ? { dialog: undefined } : {}) });
    return done.ok ? done.value.id : undefined;
  };
}
