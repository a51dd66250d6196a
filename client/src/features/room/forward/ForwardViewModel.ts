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
  readonly active: number;
  /** The message cannot be forwarded: it was deleted, or is not loaded any more. */
  readonly gone: boolean;
}

/** Finds a conversation for a copy of a message, and sends it. */
export class ForwardViewModel extends ViewModel<ForwardSnapshot> {
  readonly #matrix: Pick<MatrixSession, 'client' | 'rooms' | 'timelines'>;
  readonly #copy: Forwardable | undefined;

  constructor(
    matrix: Pick<MatrixSession, 'client' | 'rooms' | 'timelines'>,
    message: { readonly roomId: string; readonly eventId: string },
  ) {
    const copy = matrix.timelines.forwardable(message.roomId, message.eventId);
    super({ query: '', rooms: [], active: 0, gone: copy === undefined });
    this.#matrix = matrix;
    this.#copy = copy;
    this.#find('');
  }

  protected override onMount(): void {
    // Names by pinyin are found as soon as its table is there.
    void names.load().then(
      () => {
        this.#find(this.snapshot.query);
      },
      () => undefined,
    );
  }

  /** Whether the homeserver could read there what it cannot read here. */
  readonly exposes = (entry: RoomEntry): boolean => this.#copy?.encrypted === true && !entry.encrypted;

  readonly type = (query: string): void => {
    this.set({ query, active: 0 });
    this.#find(query);
  };

  readonly move = (step: number): void => {
    const { rooms, active } = this.snapshot;
    if (rooms.length > 0) this.set({ active: (active + step + rooms.length) % rooms.length });
  };

  readonly point = (active: number): void => {
    this.set({ active });
  };

  /** Puts a copy into the send queue. */
  readonly send = (entry: RoomEntry): void => {
    if (this.#copy) this.#matrix.timelines.forward(entry.roomId, this.#copy);
  };

  #find(query: string): void {
    const { client, rooms } = this.#matrix;
    const open = rooms
      .getSnapshot()
      .rooms.filter((entry) => !entry.invitation && writeBarrier(client, entry.roomId) === undefined);
    this.set({ rooms: findRooms(open, query, names) });
  }
}
