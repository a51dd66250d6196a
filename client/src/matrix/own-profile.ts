import { ViewModel } from '@qiao/ui-kit';
import { ClientEvent, RoomStateEvent, SyncState, type MatrixClient } from 'matrix-js-sdk';
import type { MatrixPerson, PeopleStore } from './people.ts';
import { plainName } from './rooms-text.ts';

/**
 * What the homeserver calls the person, and the picture. A change made on another device comes as a change of the
 * membership in each conversation; there the person can have another name, too, so that the profile is asked for.
 */
export class OwnProfile extends ViewModel<MatrixPerson> {
  readonly #userId: string;
  readonly #people: Pick<PeopleStore, 'profile'>;
  #known = false;
  #asking = false;
  #askAgain = false;

  constructor(client: MatrixClient, people: Pick<PeopleStore, 'known' | 'profile'>) {
    const userId = client.getSafeUserId();
    super(people.known(userId));
    this.#userId = userId;
    this.#people = people;
    client.on(ClientEvent.Sync, (state) => {
      if (!this.#known && (state === SyncState.Prepared || state === SyncState.Syncing)) this.read();
    });
    client.on(RoomStateEvent.Members, (event, _state, member) => {
      if (!this.#known || member.userId !== userId || member.membership !== 'join') return;
      const told: Readonly<Record<string, unknown>> = event.getContent();
      const picture = told['avatar_url'] === '' ? undefined : told['avatar_url'];
      const { name, avatar } = this.snapshot;
      if (plainName(told['displayname'], userId) !== name || picture !== avatar) this.read();
    });
  }

  /** Asks for it anew; calls that come while it is asked for are one. */
  readonly read = (): void => {
    if (this.#asking) {
      this.#askAgain = true;
      return;
    }
    this.#asking = true;
    this.#people
      .profile(this.#userId)
      .then(
        (person) => {
          this.#known = true;
          this.set(person);
        },
        // What was known stays; as long as nothing is, each sync asks again.
        () => undefined,
      )
      .finally(() => {
        this.#asking = false;
        if (!this.#askAgain) return;
        this.#askAgain = false;
        this.read();
      });
  };
}
