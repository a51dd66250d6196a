import {
  ClientEvent,
  EventType,
  SyncState,
  type MatrixClient,
  type MatrixEvent,
  type Room,
} from 'matrix-js-sdk';
import { askOf } from './ask-content.ts';
import { previewOf } from './message-words.ts';
import { EVENT, RELATION } from './names.ts';
import { partnersOf } from './rooms-account.ts';
import { cleanName } from './safe-text.ts';
import type { Preview } from './timeline-types.ts';
import { unreadOf } from './unread.ts';

/** A message that has just come, and of which the person is to be told by the rules of the account. */
export interface Arrival {
  readonly roomId: string;
  readonly eventId: string;
  /** Root of its thread. */
  readonly threadId: string | undefined;
  readonly room: string;
  /** A direct chat, which is called like who writes. */
  readonly direct: boolean;
  /** Name of who has written. */
  readonly sender: string;
  readonly senderId: string;
  readonly preview: Preview;
  /** By the rules with a sound: direct chats and mentions, unless somebody chose otherwise. */
  readonly sound: boolean;
  readonly mention: boolean;
  /** An urgent message, of which the person is asked for a confirmation. */
  readonly urgent: boolean;
  /** An invitation: what strangers call it is not repeated. */
  readonly invitation: boolean;
}

/** A message whose key does not come is told of without its words, milliseconds. */
const KEY_PATIENCE_MS = 3_000;

/**
 * Tells what comes while the page runs. What has come before is counted, and not told one by one: the first answer of
 * the homeserver is passed over.
 */
export class Arrivals {
  readonly #client: MatrixClient;
  readonly #work: (arrivals: readonly Arrival[]) => void;
  readonly #ends: (() => void)[] = [];
  #waiting: { roomId: string; eventId: string }[] = [];
  #invited = new Set<string>();
  #live = false;

  /** @param work hears of all that came at once */
  constructor(client: MatrixClient, work: (arrivals: readonly Arrival[]) => void) {
    this.#client = client;
    this.#work = work;
  }

  /** @returns ends it */
  start(): () => void {
    // A page that is told to listen later has read its first answer already.
    this.#live = this.#client.getSyncState() === SyncState.Syncing;
    if (this.#live) this.#noteInvitations();
    const onSync = (state: SyncState): void => {
      if (state !== SyncState.Syncing) return;
      const came = this.#waiting.splice(0);
      const invitations = this.#noteInvitations();
      if (this.#live) void this.#tell(came, invitations);
      this.#live = true;
    };
    this.#client.on(ClientEvent.Sync, onSync);
    this.#ends.push(
      () => this.#client.off(ClientEvent.Sync, onSync),
      unreadOf(this.#client).onNew((roomId, eventId) => {
        if (this.#live) this.#waiting.push({ roomId, eventId });
      }),
    );
    return () => {
      for (const end of this.#ends.splice(0)) end();
    };
  }

  /** @returns rooms the person has been invited to since */
  #noteInvitations(): Room[] {
    const now = this.#client.getRooms().filter((room) => room.getMyMembership() === 'invite');
    const fresh = now.filter(({ roomId }) => !this.#invited.has(roomId));
    this.#invited = new Set(now.map(({ roomId }) => roomId));
    return fresh;
  }

  async #tell(
    came: readonly { roomId: string; eventId: string }[],
    invitations: readonly Room[],
  ): Promise<void> {
    const messages = await Promise.all(
      came.map(({ roomId, eventId }) => this.#read(roomId, eventId).catch(() => undefined)),
    );
    const all = [
      ...messages.filter((one) => one !== undefined),
      ...invitations.flatMap((room) => this.#invitation(room)),
    ];
    if (all.length > 0) this.#work(all);
  }

  async #read(roomId: string, eventId: string): Promise<Arrival | undefined> {
    const room = this.#client.getRoom(roomId);
    const event = room?.findEventById(eventId);
    if (!room || !event || room.getMyMembership() !== 'join') return undefined;
    if (event.getSender() === room.myUserId || event.isState() || event.isRelation(RELATION.replace))
      return undefined;
    if (event.getType() === EVENT.reaction) return undefined;
    await this.#decrypt(event);
    const actions = this.#client.getPushActionsForEvent(event, true);
    if (actions?.notify !== true || event.isRedacted() || unreadOf(this.#client).hasRead(room, event))
      return undefined;
    const ask = askOf(event.getContent());
    const sender = event.getSender() ?? '';
    return {
      roomId,
      eventId,
      threadId: event.threadRootId === eventId ? undefined : event.threadRootId,
      room: cleanName(room.name, roomId),
      direct: partnersOf(this.#client.getAccountData(EventType.Direct)?.getContent()).has(roomId),
      sender: cleanName(room.getMember(sender)?.rawDisplayName, sender),
      senderId: sender,
      preview: previewOf(event),
      sound: actions.tweaks.sound !== undefined,
      mention: actions.tweaks.highlight === true,
      urgent: ask?.kind === 'urgent' && ask.asked.includes(room.myUserId),
      invitation: false,
    };
  }

  async #decrypt(event: MatrixEvent): Promise<void> {
    if (!event.isEncrypted() || !event.shouldAttemptDecryption()) {
      await event.getDecryptionPromise();
      return;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, KEY_PATIENCE_MS);
    });
    await Promise.race([this.#client.decryptEventIfNeeded(event).catch(() => undefined), late]);
    clearTimeout(timer);
  }

  #invitation(room: Room): Arrival[] {
    const event = room.getMember(room.myUserId)?.events.member;
    const sender = event?.getSender();
    if (!event || sender === undefined) return [];
    return [
      {
        roomId: room.roomId,
        eventId: event.getId() ?? '',
        threadId: undefined,
        room: '',
        direct: false,
        sender,
        senderId: sender,
        preview: { text: '' },
        sound: false,
        mention: false,
        urgent: false,
        invitation: true,
      },
    ];
  }
}
