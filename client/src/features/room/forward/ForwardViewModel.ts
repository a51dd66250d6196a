import { ViewModel } from '@qiao/ui-kit';
import type { Forwardable } from '../../../matrix/forward.ts';
import { names } from '../../../matrix/people-pinyin.ts';
import type { RoomEntry } from '../../../matrix/rooms.ts';
import { writeBarrier } from '../../../matrix/sender-access.ts';
import type { MatrixSession } from '../../../matrix/session.ts';
import type { FoundPerson } from '../../finder/people.ts';
import { findRooms } from '../../rooms/find-rooms.ts';

export interface ForwardSnapshot {
  /** The message cannot be forwarded: it was deleted, or is not loaded any more. */
  readonly gone: boolean;
  /** A chat is being begun. */
  readonly busy: boolean;
}

/** Sends a copy of a message to a conversation, or to a person. */
export class ForwardViewModel extends ViewModel<ForwardSnapshot> {
  readonly #matrix: Pick<MatrixSession, 'client' | 'rooms' | 'timelines'>;
  readonly #message: { readonly roomId: string; readonly eventId: string };
  readonly #copy: Forwardable | undefined;

  constructor(
    matrix: Pick<MatrixSession, 'client' | 'rooms' | 'timelines'>,
    message: { readonly roomId: string; readonly eventId: string },
  ) {
    const copy = matrix.timelines.forwardable(message.roomId, message.eventId);
    super({ gone: copy === undefined, busy: false });
    this.#matrix = matrix;
    this.#message = message;
    this.#copy = copy;
  }

  /** Conversations that fit and that one may write in, best first. */
  readonly find = (query: string): RoomEntry[] => {
    const { client, rooms } = this.#matrix;
    const open = rooms
      .getSnapshot()
      .rooms.filter((entry) => !entry.invitation && writeBarrier(client, entry.roomId) === undefined);
    return findRooms(open, query, names);
  };

  /** Whether the homeserver could read there what it cannot read here. */
  readonly exposes = (entry: RoomEntry): boolean => this.#copy?.encrypted === true && !entry.encrypted;

  /** The chat there is with a person. */
  readonly chatWith = (person: FoundPerson): RoomEntry | undefined => {
    const { rooms } = this.#matrix;
    const roomId = rooms.actions.findDirect(person.userId);
    return roomId === undefined ? undefined : rooms.getSnapshot().byId.get(roomId);
  };

  /** Puts a copy into the send queue, of the message as it is now. @returns false where it is gone meanwhile */
  readonly send = (roomId: string): boolean => {
    const { timelines } = this.#matrix;
    const copy = timelines.forwardable(this.#message.roomId, this.#message.eventId);
    if (copy) timelines.forward(roomId, copy);
    else this.set({ gone: true });
    return copy !== undefined;
  };

  /** Begins a chat with a person. @returns its room @throws MatrixError */
  readonly begin = async (person: FoundPerson): Promise<string> => {
    const { rooms } = this.#matrix;
    this.set({ busy: true });
    try {
      const roomId = await rooms.actions.openDirect(person.userId);
      await rooms.appears(roomId);
      return roomId;
    } finally {
      this.set({ busy: false });
    }
  };
}
