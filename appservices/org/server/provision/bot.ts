import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EncryptedBot, fileSecrets, resideBot, type MessageEvent } from '@qiao/platform/bots';
import { MatrixLink } from '@qiao/platform/matrix';
import { parseEventId, parseRoomId, parseUserId, type RoomId } from '@qiao/matrix-types';
import type { Locale } from '@qiao/platform';
import type { RoomResponse } from '../../contract/rooms.ts';
import type { OrgContext } from '../context.ts';
import type { BotRepository } from './bot.repository.ts';
import type { Welcome } from './welcomes.repository.ts';
import { asLocale, inEach, roomLocales } from './words.ts';

/** While much is being sent the bot reads once in this time, milliseconds, and looks so often whether it is over. */
const BUSY_WAIT_MS = 5000;
const BUSY_WAIT_MS_PER_CHANGE = 1;
const LONGEST_BUSY_WAIT_MS = 20_000;
const BUSY_LOOK_MS = 250;
/** Longest text that is looked at for a command. */
const MAX_COMMAND = 100;

/** So many names a line about who is new holds; further people are counted. */
const MOST_NAMES = 5;

type Command = 'help' | 'where';
const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['help', 'help'],
  ['帮助', 'help'],
  ['where', 'where'],
  ['部门', 'where'],
]);

/** What a message asks of the bot. `addressed`: it says itself that it is for the bot. */
export interface Asked {
  readonly command: Command;
  readonly addressed: boolean;
}

/**
 * The command a message is, if it is one.
 * @param mention the bot's name, where the message mentions it: then anything else asks for help
 */
export function commandOf(text: string, mention?: string): Asked | undefined {
  if (text.length > MAX_COMMAND)
    return mention === undefined ? undefined : { command: 'help', addressed: true };
  const plain = (mention === undefined ? text : text.replaceAll(mention, '')).trim();
  const word = /^[@＠:：,，\s]*([!！]?)(.*?)[\s.。?？]*$/s.exec(plain);
  const command = COMMANDS.get((word?.[2] ?? '').trim().toLowerCase());
  if (mention !== undefined) return { command: command ?? 'help', addressed: true };
  const isWord = /^[!！]?\S*$/.test(plain);
  return command === undefined || !isWord ? undefined : { command, addressed: word?.[1] !== '' };
}

/** The language a command was given in; undefined: no telling. */
const languageOf = (text: string): Locale | undefined =>
  /[\u4e00-\u9fff]/.test(text) ? 'zh-Hans' : /[a-z]/i.test(text) ? 'en' : undefined;

/** The organisation's bot: welcomes people in their department's room, answers a few words, says goodbye. */
export interface OrgBot {
  /** Begins to start; returns at once, and tries until the homeserver is there. */
  start(): void;
  stop(): Promise<void>;
  readonly running: boolean;
  /**
   * Names in a room who is new there, and mentions nobody. Sent once however often it is called.
   * Throws while the bot does not run, or where the homeserver is away.
   */
  welcome(welcome: Welcome): Promise<void>;
  /** Tells a dissolved department's people; does nothing while the bot does not run. Never throws. */
  farewell(roomId: string): Promise<void>;
  /** Says something in a room, encrypted, once for each transaction id. Throws like `welcome`. */
  post(
    roomId: string,
    message: { body: string; formattedBody?: string; extra?: Record<string, unknown> },
    txnId: string,
  ): Promise<string>;
  /** Takes a message of its own back. Throws like `welcome`. */
  redact(roomId: string, eventId: string, txnId: string): Promise<void>;
  /** Replies and reactions to messages in the bot's rooms. Add before `start`. */
  onResponse(handler: (response: RoomResponse) => Promise<void>): void;
}

export function createOrgBot(
  org: OrgContext,
  parts: {
    botId: string;
    repository: BotRepository;
    locale: () => Promise<string | null>;
    name: (userId: string, name: string) => Promise<void>;
    random: () => number;
    /** True while the provisioner floods the bot's rooms. */
    busy: () => number;
  },
): OrgBot {
  const { texts, log } = org;
  const userId = parseUserId(parts.botId);
  const folder = join(org.site.varDir, 'data', 'org');
  const link = MatrixLink.open({
    url: org.homeserver.url,
    token: org.homeserver.asToken,
    clock: { now: () => org.clock.now().getTime() },
    random: parts.random,
    log,
  });
  let companyLocale: Locale = asLocale(null);
  let spoken = roomLocales(null);
  const say = (locale: Locale, key: string, params?: Record<string, unknown>): string =>
    texts.t(locale, `org:provision.bot.${key}`, params);
  const bot = new EncryptedBot({
    link,
    userId,
    displayName: say(companyLocale, 'name'),
    storeDir: join(folder, 'bot'),
    secrets: fileSecrets(join(org.site.varDir, 'secrets', 'bots', 'org')),
    texts: { newDevice: () => inEach(spoken, (locale) => say(locale, 'lost_keys')) },
    log,
    clock: { now: () => org.clock.now().getTime() },
    setDisplayName: parts.name,
    // Each read costs the homeserver work over all the bot's rooms, and every join would be a read.
    beforeSync: async (signal) => {
      const longest = (): number =>
        Math.min(BUSY_WAIT_MS + parts.busy() * BUSY_WAIT_MS_PER_CHANGE, LONGEST_BUSY_WAIT_MS);
      for (let waited = 0; parts.busy() > 0 && waited < longest(); waited += BUSY_LOOK_MS)
        await delay(BUSY_LOOK_MS, undefined, { signal });
    },
    // People of this homeserver may write to it directly; nobody else can.
    acceptInvite: ({ inviter }) => inviter?.endsWith(`:${org.homeserver.serverName}`) === true,
  });

  const responded: ((response: RoomResponse) => Promise<void>)[] = [];
  bot.on.reaction(async ({ roomId, target, sender, key }) => {
    for (const handle of responded)
      await handle({ room_id: roomId, event_id: target, sender, kind: 'reaction', key });
  });
  bot.on.message(async ({ roomId, replyTo, thread, replaces, sender }) => {
    const target = replyTo ?? thread;
    if (target === undefined || replaces !== undefined || sender === userId) return;
    for (const handle of responded)
      await handle({ room_id: roomId, event_id: target, sender, kind: 'reply', key: null });
  });
  bot.on.message(async (event: MessageEvent) => {
    // Notices are other bots' (and our own) way of speaking: never answered.
    if (event.content.msgtype !== 'm.text' || event.replaces !== undefined) return;
    const asked = commandOf(
      event.text,
      event.mentions.includes(userId) ? say(companyLocale, 'name') : undefined,
    );
    if (asked === undefined) return;
    // Among many a bare word is said to the others.
    if (!asked.addressed && event.replyTo === undefined && (await isOfMany(event.roomId))) return;
    const { command } = asked;
    const person = await parts.repository.personOf(event.sender);
    if (person === undefined) return;
    const locale =
      languageOf(event.text.replaceAll(say(companyLocale, 'name'), '')) ?? person.locale ?? companyLocale;
    const answer =
      command === 'help'
        ? say(locale, 'help')
        : person.departments.length === 0
          ? say(locale, 'where_none')
          : say(locale, 'where', { departments: person.departments.join(locale === 'en' ? ', ' : '、') });
    await bot.sendText(
      event.roomId,
      { body: answer, replyTo: event.eventId },
      { txnId: `answer-${event.eventId}` },
    );
  });

  const residence = resideBot({
    bot,
    link,
    userId,
    log,
    prepare: async () => {
      const setting = await parts.locale();
      companyLocale = asLocale(setting);
      spoken = roomLocales(setting);
    },
  });

  return {
    get running() {
      return residence.running;
    },
    start: residence.start,
    stop: residence.stop,
    async welcome({ id, roomId, department, people }) {
      // Their first devices are new; the bot's own sync may tell of them only after the message.
      await bot.refreshDevices(people.map((person) => parseUserId(person.userId)));
      const named = people.slice(0, MOST_NAMES).map((person) => person.name);
      const more = people.length - named.length;
      const body = inEach(roomLocales(await parts.locale()), (locale) => {
        const names =
          more > 0
            ? named.join(locale === 'en' ? ', ' : '、')
            : new Intl.ListFormat(locale, { type: 'conjunction' }).format(named);
        const params = { names, department, count: people.length, more };
        return say(locale, more > 0 ? 'welcome_more' : 'welcome', params);
      });
      await bot.sendText(parseRoomId(roomId), { body }, { txnId: `welcome-${id}` });
    },
    async farewell(roomId) {
      if (bot.health.state !== 'running') return;
      try {
        await bot.sendText(
          parseRoomId(roomId),
          { body: inEach(roomLocales(await parts.locale()), (locale) => say(locale, 'closing')) },
          { txnId: `closing-${roomId}` },
        );
      } catch (error) {
        log.warn({ err: error, room_id: roomId }, 'no goodbye in a dissolved department');
      }
    },
    async post(roomId, message, txnId) {
      return bot.sendText(parseRoomId(roomId), message, { txnId });
    },
    async redact(roomId, eventId, txnId) {
      await bot.redact(parseRoomId(roomId), parseEventId(eventId), undefined, { txnId });
    },
    onResponse(handler) {
      responded.push(handler);
    },
  };

  /** Whether others are there who were not asking. */
  async function isOfMany(roomId: RoomId): Promise<boolean> {
    if (await parts.repository.isDepartmentRoom(roomId)) return true;
    return (await bot.link.joinedMembers(roomId)).size > 2;
  }
}
