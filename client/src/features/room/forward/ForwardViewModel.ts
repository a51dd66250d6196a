import { ViewModel } from '@qiao/ui-kit';
import type { Forwardable } from '../../../matrix/forward.ts';
import { names } from '../../../matrix/people-pinyin.ts';
import type { RoomEntry } from '../../../matrix/rooms.ts';
import { writeBarrier } from '../../../matrix/sender-access.ts';
import type { MatrixSession } from '../../../matrix/session.ts';
import { findRooms } from '../../rooms/SwitcherViewModel.ts';

export interface ForwardSnapshot {
  readonly query: string;
  readonly rooms: readonly RoomEntry[];
  /** Index of the marked one; -1 where none is. */
  readonly active: number;
  /** The message cannot be forwarded: it was deleted, or is not loaded any more. */
  readonly gone: boolean;
}

/** Finds a conversation for a copy of a message, and sends it. */
export class ForwardViewModel extends ViewModel<ForwardSnapshot> {
  readonly #matrix: Pick<MatrixSession, 'client' | 'rooms' | 'timelines'>;
  readonly #message: { readonly roomId: string; readonly eventId: string };
  readonly #copy: Forwardable | undefined;

  constructor(
    matrix: Pick<MatrixSession, 'client' | 'rooms' | 'timelines'>,
    message: { readonly roomId: string; readonly eventId: string },
  ) {
    const copy = matrix.timelines.forwardable(message.roomId, message.eventId);
    super({ query: '', rooms: [], active: 0, gone: copy === undefined });
    this.#matrix = matrix;
    this.#message = message;
    this.#copy = copy;
    this.#find('');
  }

  protected override onMount(): void {
    // Names by pinyin are found as soon as its table is there.
    void names.load().then(
      () => {
        const { query, rooms, active } = this.snapshot;
        this.#find(query, rooms[active]?.roomId);
      },
      () => undefined,
    );
  }

  /** Whether the homeserver could read there what it cannot read here. */
  readonly exposes = (entry: RoomEntry): boolean => this.#copy?.encrypted === true && !entry.encrypted;

  readonly type = (query: string): void => {
    this.set({ query });
    this.#find(query);
  };

  readonly move = (step: number): void => {
    const { rooms, active } = this.snapshot;
    if (active < 0) this.set({ active: step > 0 || rooms.length === 0 ? 0 : rooms.length - 1 });
    else if (rooms.length > 0) this.set({ active: (active + step + rooms.length) % rooms.length });
  };

  readonly point = (active: number): void => {
    this.set({ active });
  };

  /** Puts a copy into the send queue, of the message as it is now. @returns false where it is gone meanwhile */
  readonly send = (entry: RoomEntry): boolean => {
    const { timelines } = this.#matrix;
    const copy = timelines.forwardable(this.#message.roomId, this.#message.eventId);
    if (copy) timelines.forward(entry.roomId, copy);
    else this.set({ gone: true });
    return copy !== undefined;
  };

  /** @param marked room that stays marked where others come before it; without one the first is */
  #find(query: string, marked?: string): void {
    const { client, rooms } = this.#matrix;
    const open = rooms
      .getSnapshot()
      .rooms.filter((entry) => !entry.invitation && writeBarrier(client, entry.roomId) === undefined);
    const found = findRooms(open, query, names);
    const active = marked === undefined ? 0 : found.findIndex((entry) => entry.roomId === marked);
    this.set({ rooms: found, active });
  }
}
