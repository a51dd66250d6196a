import { ViewModel } from '@qiao/ui-kit';
import { ClientEvent, type MatrixClient, type Room } from 'matrix-js-sdk';

interface Emitter {
  on(event: string, listener: (...given: never[]) => void): unknown;
  off(event: string, listener: (...given: never[]) => void): unknown;
}

/** Changes within this time are told together, milliseconds. */
const GATHER_MS = 50;

/** A view model of one room: begins when the room is known, and looks again when something of it changes. */
export abstract class RoomViewModel<S extends object> extends ViewModel<S> {
  protected readonly client: MatrixClient;
  readonly roomId: string;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: MatrixClient, roomId: string, initial: S) {
    super(initial);
    this.client = client;
    this.roomId = roomId;
  }

  protected get room(): Room | undefined {
    return this.client.getRoom(this.roomId) ?? undefined;
  }

  protected override onMount(): void {
    this.own(() => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    });
    const { room } = this;
    if (room) {
      this.begin(room);
      return;
    }
    const onRoom = (added: Room): void => {
      if (added.roomId !== this.roomId) return;
      this.client.off(ClientEvent.Room, onRoom);
      this.begin(added);
    };
    this.client.on(ClientEvent.Room, onRoom);
    this.own(() => this.client.off(ClientEvent.Room, onRoom));
  }

  /** The room is there; called once for each mount. */
  protected abstract begin(room: Room): void;

  /** Reads the room anew. */
  protected abstract look(): void;

  protected readonly later = (): void => {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.look();
    }, GATHER_MS);
  };

  /** Listens while mounted. */
  protected hear(emitter: unknown, event: string, listener: (...given: never[]) => void = this.later): void {
    // The SDK's emitters type each event; here only that something happened counts.
    const heard = emitter as Emitter;
    heard.on(event, listener);
    this.own(() => heard.off(event, listener));
  }
}
