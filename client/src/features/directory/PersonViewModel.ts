import {
  dataOf,
  LOADING,
  ViewModel,
  watch,
  type Remote,
  type Services,
  type Watch,
  type Watching,
} from '@qiao/ui-kit';
import type { MatrixPerson, PeopleStore } from '../../matrix/people.ts';
import type { RoomEntry, RoomsStore } from '../../matrix/rooms.ts';
import { serverOf } from '../../matrix/rooms-text.ts';
import { findPeople, getProfile, inDirectory, type DirectoryProfile } from './api.ts';

/** How often it is looked whether somebody has activated the account, in milliseconds. */
const WAITING_MS = 15_000;

export interface PersonSnapshot {
  readonly person: MatrixPerson;
  /** What the company's directory says; null where the person is not in it, or not shown to the reader. */
  readonly profile: Remote<DirectoryProfile | null>;
  readonly shared: readonly RoomEntry[];
  /** The reader has checked who it is; undefined while nothing is known. */
  readonly verified: boolean | undefined;
  /** Neither directory nor homeserver know the account. */
  readonly unknown: boolean;
  readonly opening: boolean;
}

interface Parts {
  readonly services: Services;
  readonly people: PeopleStore;
  readonly rooms: RoomsStore;
}

/** One person, as the directory and Matrix know them. */
export class PersonViewModel extends ViewModel<PersonSnapshot> {
  #parts: Parts;
  #watching: Watching<DirectoryProfile | null> | undefined;
  readonly #userId: string;
  #shared: readonly string[] = [];
  /** How many conversations were known when those that are shared were looked for. */
  #known = 0;
  #opening: AbortController | undefined;

  constructor(parts: Parts, userId: string) {
    super({
      person: parts.people.known(userId),
      profile: LOADING,
      shared: [],
      verified: undefined,
      unknown: serverOf(userId) === undefined,
      opening: false,
    });
    this.#parts = parts;
    this.#userId = userId;
  }

  protected override onMount(): void {
    const { services, people, rooms } = this.#parts;
    const userId = this.#userId;
    const watching = watch<DirectoryProfile | null>(services.queries, this.#watch(), (profile) => {
      this.set({ profile });
    });
    this.#watching = watching;
    this.own(watching.end);
    people.profile(userId).then(
      (person) => {
        this.set({ person });
      },
      (error: unknown) => {
        // Whom one shares nothing with, the homeserver may keep to itself: that is no lack of the person.
        if ((error as { errcode?: unknown }).errcode === 'M_NOT_FOUND') this.set({ unknown: true });
      },
    );
    void people.verified(userId).then(
      (verified) => {
        this.set({ verified });
      },
      () => undefined,
    );
    this.own(() => {
      this.#opening?.abort();
    });
    this.#findShared();
    this.own(
      rooms.subscribe(() => {
        // Opened before the first sync, the page knows no conversation yet.
        if (this.#known !== rooms.getSnapshot().byId.size) this.#findShared();
        else this.#show();
      }),
    );
  }

  #watch(): Watch<DirectoryProfile | null> {
    const { people, services } = this.#parts;
    const { api, session } = services;
    const userId = this.#userId;
    return {
      key: ['directory', 'person', userId, session.personId ?? ''],
      load: async (signal) => {
        if (!inDirectory(session) || people.isExternal(userId)) return null;
        const { items } = await api.call(findPeople, { query: { user_id: userId }, signal });
        const [found] = items;
        return found ? api.call(getProfile, { params: { id: found.id }, signal }) : null;
      },
      // Somebody who has not been here yet may come while the page is open.
      every: (profile) => (profile?.activated === false ? WAITING_MS : false),
    };
  }

  /** Goes on with what is known of the reader now. */
  readonly enter = (services: Services): void => {
    const before = this.#parts.services.session.personId;
    this.#parts = { ...this.#parts, services };
    if (before !== services.session.personId) this.#watching?.change(this.#watch());
  };

  #findShared(): void {
    const { people, rooms } = this.#parts;
    const known = rooms.getSnapshot().byId.size;
    this.#known = known;
    void people.sharedRooms(this.#userId).then((shared) => {
      if (known !== this.#known) return;
      this.#shared = shared;
      this.#show();
    });
  }

  /** The direct chat; made if there is none. @returns its room; undefined when the person has gone elsewhere meanwhile */
  readonly message = async (): Promise<string | undefined> => {
    const opening = new AbortController();
    this.#opening = opening;
    this.set({ opening: true });
    try {
      const { rooms } = this.#parts;
      const roomId = await rooms.actions.openDirect(this.#userId, opening.signal);
      await rooms.appears(roomId);
      return opening.signal.aborted ? undefined : roomId;
    } catch (error) {
      if (opening.signal.aborted) return undefined;
      throw error;
    } finally {
      this.set({ opening: false });
    }
  };

  /** What the directory says, once it is there. */
  readonly inCompany = (): DirectoryProfile | undefined => dataOf(this.snapshot.profile) ?? undefined;

  #show(): void {
    const { byId } = this.#parts.rooms.getSnapshot();
    const shared = this.#shared.flatMap((roomId) => byId.get(roomId) ?? []);
    const before = this.snapshot.shared;
    if (shared.length !== before.length || shared.some((entry, index) => entry !== before[index]))
      this.set({ shared });
  }
}
