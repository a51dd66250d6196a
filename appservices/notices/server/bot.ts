import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { EncryptedBot, fileSecrets, resideBot, type TextMessage } from '@qiao/platform/bots';
import { MatrixError, MatrixLink } from '@qiao/platform/matrix';
import {
  parseEventId,
  parseRoomId,
  parseUserId,
  type EventId,
  type RoomAlias,
  type RoomId,
} from '@qiao/matrix-types';
import type { Locale } from '@qiao/platform';
import { CHANGED_SIGNAL, NOTICES_BOT } from '../contract/index.ts';
import { fraction, type Base } from './context.ts';
import type { Witness } from './witness.ts';

/** Somebody answered something the bot said in their room. */
export interface DirectResponse {
  readonly event_id: string;
  readonly sender: string;
  readonly kind: 'reply' | 'reaction';
  readonly key: string | null;
}

/** The domain's bot: it speaks to one person at a time, in a room of their own. */
export interface NoticesBot {
  /** Begins to start; returns at once, and tries until the homeserver is there. */
  start(): void;
  stop(): Promise<void>;
  readonly running: boolean;
  /**
   * Says something to a person, encrypted, once for each transaction id. Undefined where it would not be read: the
   * person has left the room, or has no device. Throws while the bot does not run or the homeserver is away.
   */
  tell(
    userId: string,
    message: Omit<TextMessage, 'replyTo' | 'thread' | 'replaces'>,
    txnId: string,
  ): Promise<{ room_id: string; event_id: string } | undefined>;
  redact(roomId: string, eventId: string, txnId: string): Promise<void>;
  /** Sends the signal without content to all devices of the people. */
  signal(userIds: readonly string[]): Promise<void>;
  onResponse(handler: (response: DirectResponse) => Promise<void>): void;
}

export function createNoticesBot(
  base: Base,
  parts: { witness: Witness; say: (locale: Locale, key: string, params?: Record<string, unknown>) => string },
): NoticesBot {
  const { context, db, org } = base;
  const { log } = context;
  const { serverName } = context.homeserver;
  const userId = parseUserId(`@${NOTICES_BOT}:${serverName}`);
  const link = MatrixLink.open({
    url: context.homeserver.url,
    token: context.homeserver.asToken,
    clock: { now: () => context.clock.now().getTime() },
    random: fraction(context),
    log,
  });
  let locale: Locale = 'zh-Hans';
  const bot = new EncryptedBot({
    link,
    userId,
    displayName: parts.say(locale, 'bot.name'),
    storeDir: join(context.site.varDir, 'data', 'notices', 'bot'),
    secrets: fileSecrets(join(context.site.varDir, 'secrets', 'bots', 'notices')),
    texts: { newDevice: () => parts.say(locale, 'bot.lost_keys') },
    log,
    clock: { now: () => context.clock.now().getTime() },
    setDisplayName: (id, name) => parts.witness.name(id, name),
  });

  const handlers: ((response: DirectResponse) => Promise<void>)[] = [];
  const respond = async (response: DirectResponse): Promise<void> => {
    for (const handle of handlers) await handle(response);
  };
  bot.on.reaction(({ target, sender, key }) => respond({ event_id: target, sender, kind: 'reaction', key }));
  bot.on.message(async ({ replyTo, thread, replaces, sender }) => {
    const target = replyTo ?? thread;
    if (target === undefined || replaces !== undefined || sender === userId) return;
    await respond({ event_id: target, sender, kind: 'reply', key: null });
  });
  // Who leaves the room wants no messages there: the client goes on showing reminders. Coming back undoes it.
  bot.on.membership(async ({ roomId, user, membership }) => {
    if (user === userId || (membership !== 'leave' && membership !== 'join')) return;
    await db
      .updateTable('notices.direct_room')
      .set({ left_by_person: membership === 'leave' })
      .where('room_id', '=', roomId)
      .where('user_id', '=', user)
      .execute();
  });

  /** Makes the room, or finds the one that a process made which died before it wrote it down. */
  async function makeRoom(person: string, { name, topic }: { name: string; topic: string }): Promise<RoomId> {
    const alias = `_qiao_notices_${createHash('sha256').update(person).digest('hex').slice(0, 32)}`;
    try {
      return await bot.createRoom({
        name,
        topic,
        invite: [parseUserId(person)],
        isDirect: true,
        roomAliasName: alias,
        historyVisibility: 'invited',
        // Nobody is let in by the person: what stands here is for them alone.
        powerLevels: { invite: 100, events_default: 0 },
      });
    } catch (error) {
      if (!MatrixError.is(error, 'M_ROOM_IN_USE')) throw error;
      const found = await link.as(userId).resolveAlias(`#${alias}:${serverName}` as RoomAlias);
      if (found === undefined) throw error;
      return found.room_id;
    }
  }

  async function roomOf(person: string): Promise<RoomId | undefined> {
    const known = await db
      .selectFrom('notices.direct_room')
      .select(['room_id', 'left_by_person'])
      .where('user_id', '=', person)
      .executeTakeFirst();
    if (known !== undefined) return known.left_by_person ? undefined : parseRoomId(known.room_id);
    const found = await org.personByUserId(person);
    const language = found?.locale ?? locale;
    const roomId = await makeRoom(person, {
      name: parts.say(language, 'bot.room'),
      topic: parts.say(language, 'bot.topic'),
    });
    await parts.witness.join(userId, roomId, person);
    await db
      .insertInto('notices.direct_room')
      .values({ user_id: person, room_id: roomId })
      .onConflict((conflict) => conflict.column('user_id').doNothing())
      .execute();
    return roomId;
  }

  const residence = resideBot({
    bot,
    link,
    userId,
    log,
    prepare: async () => {
      locale = await org.locale();
    },
  });

  const requireRunning = (): void => {
    if (bot.health.state !== 'running') throw new Error('the notices bot does not run yet');
  };

  return {
    get running() {
      return residence.running;
    },
    start: residence.start,
    stop: residence.stop,
    async tell(person, message, txnId) {
      requireRunning();
      // What is encrypted before there is a device nobody could read.
      if (!(await residence.hasDevice(person))) return undefined;
      const roomId = await roomOf(person);
      if (roomId === undefined) return undefined;
      const eventId: EventId = await bot.sendText(roomId, { msgtype: 'm.text', ...message }, { txnId });
      return { room_id: roomId, event_id: eventId };
    },
    async redact(roomId, eventId, txnId) {
      requireRunning();
      await bot.redact(parseRoomId(roomId), parseEventId(eventId), undefined, { txnId });
    },
    async signal(userIds) {
      requireRunning();
      const messages = Object.fromEntries(userIds.map((person) => [person, { '*': {} }]));
      await bot.link.sendToDevice(CHANGED_SIGNAL, context.random.uuid(), { messages });
    },
    onResponse(handler) {
      handlers.push(handler);
    },
  };
}
