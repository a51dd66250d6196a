import { ViewModel, type Services } from '@qiao/ui-kit';
import { askContent, MAX_ASKED } from '../../matrix/ask-content.ts';
import { names } from '../../matrix/people-pinyin.ts';
import type { Reading } from '../../matrix/reading.ts';
import type { Content } from '../../matrix/sender-content.ts';
import { asItem, FinderViewModel } from '../finder/FinderViewModel.ts';
import type { FoundPerson, PeopleSearch } from '../finder/people.ts';
import { peopleAmong } from '../finder/sources.ts';
import { askFrom, BLANK_ASK, isDuePast, register, type AskForm } from './asking.ts';

/** A message to be sent so that people are asked by it. */
export interface AskToSend {
  readonly userIds: readonly string[];
  readonly content: Content;
  /** Undefined: what is written in the composer. */
  readonly text: string | undefined;
}

/** Why a message was not taken to be sent. */
export type NotTaken = 'too_long' | 'nothing' | 'busy' | 'barrier';
/** Whether a message is on its way; then its event's id when the homeserver has it. */
export type Taken =
  | { readonly taken: true; readonly sent: Promise<string> }
  | { readonly taken: false; readonly why: NotTaken };

export interface AskSnapshot {
  readonly loading: boolean;
  readonly people: readonly FoundPerson[];
  /** How many more are in the conversation. */
  readonly unlisted: number;
  readonly form: AskForm;
  readonly text: string;
  /** Somebody pressed the button: what is missing is said. */
  readonly tried: boolean;
  readonly late: boolean;
  /** It is being decided whether the message can be sent. */
  readonly busy: boolean;
  /** Why it was not sent. */
  readonly why: NotTaken | undefined;
}

/** Sends a message by which people of the conversation are asked. */
export class AskViewModel extends ViewModel<AskSnapshot> {
  readonly #services: Services;
  readonly #reading: Reading;
  readonly #roomId: string;
  readonly #search: Pick<PeopleSearch, 'load' | 'lookUp' | 'onEntered' | 'withListing'>;
  readonly #isWritten: boolean;
  /** Whom to ask, among people of the conversation. */
  readonly finder: FinderViewModel;

  /** @param isWritten there is a text in the composer already */
  constructor(
    services: Services,
    reading: Reading,
    search: Pick<PeopleSearch, 'load' | 'lookUp' | 'onEntered' | 'withListing'>,
    roomId: string,
    isWritten: boolean,
  ) {
    super({
      loading: true,
      people: [],
      unlisted: 0,
      form: BLANK_ASK,
      text: '',
      tried: false,
      late: false,
      busy: false,
      why: undefined,
    });
    this.#services = services;
    this.#reading = reading;
    this.#search = search;
    this.#roomId = roomId;
    this.#isWritten = isWritten;
    this.finder = new FinderViewModel(
      {
        here: (query) => peopleAmong(this.snapshot.people, query, names).map(asItem),
        load: search.load,
        watch: this.subscribe,
      },
      { several: true, most: MAX_ASKED },
    );
  }

  protected override onMount(): void {
    void this.#reading.readers(this.#roomId).then(async ({ people, unlisted }) => {
      const known = people.map((one) => this.#search.withListing(one, undefined));
      this.set({ loading: false, people: known, unlisted });
      const [only, ...others] = known;
      if (only && others.length === 0 && !this.finder.isChosen(only.userId)) this.finder.toggle(only);
      await this.#lookUp();
    });
    this.own(this.#search.onEntered(() => void this.#lookUp()));
  }

  async #lookUp(): Promise<void> {
    const listings = await this.#search.lookUp(this.snapshot.people.map(({ userId }) => userId));
    this.set({
      people: this.snapshot.people.map((one) => this.#search.withListing(one, listings.get(one.userId))),
    });
  }

  readonly change = (part: Partial<Pick<AskSnapshot, 'form' | 'text'>>): void => {
    this.set({ ...part, late: false, why: undefined });
  };

  /**
   * Sends, and registers the people when the homeserver has the message: nobody waits for that here.
   * @returns whether it is on its way: until then who asks loses nothing
   */
  readonly submit = async (send: (ask: AskToSend) => Promise<Taken>): Promise<boolean> => {
    const { form, text } = this.snapshot;
    const { chosen } = this.finder.getSnapshot();
    if (this.snapshot.busy) return false;
    this.set({ tried: true, late: isDuePast(form, Date.now()), why: undefined });
    if (chosen.length === 0 || this.snapshot.late || (!this.#isWritten && text.trim() === '')) return false;
    const ask = askFrom(
      form,
      chosen.map(({ userId }) => userId),
    );
    const roomId = this.#roomId;
    this.set({ busy: true });
    let answer: Taken;
    try {
      answer = await send({
        userIds: ask.asked,
        content: askContent(ask),
        text: this.#isWritten ? undefined : text.trim(),
      });
    } finally {
      this.set({ busy: false });
    }
    if (!answer.taken) {
      this.set({ why: answer.why });
      return false;
    }
    void answer.sent.then(
      async (eventId) => {
        await register(this.#services, { roomId, eventId }, ask);
      },
      // Deleted before it was sent.
      () => undefined,
    );
    return true;
  };
}
