import { isQuiet, type QuietHours } from '@qiao/notices/quiet';
import type { Arrival } from '../../matrix/arrivals.ts';
import type { PageNotifySnapshot } from '../../pwa/page-notify.ts';
import type { PageNotification } from '../../pwa/show-notification.ts';

/** When the person does not want to be disturbed. */
export interface Wishes extends QuietHours {
  readonly urgent_through: boolean;
}

/** What a notification says, in the reader's language. */
export interface NotifierWords {
  readonly brand: string;
  readonly message: string;
  readonly messageOf: (sender: string) => string;
  readonly mentionOf: (sender: string) => string;
  readonly messages: (count: number) => string;
  readonly conversations: (count: number, rooms: number) => string;
  readonly invitation: string;
  readonly words: (arrival: Arrival) => string;
}

export interface NotifierParts {
  /** Of the person; undefined: somebody without quiet hours. */
  readonly wishes: () => Promise<Wishes | undefined>;
  readonly settings: () => Pick<PageNotifySnapshot, 'on' | 'sound' | 'words'>;
  /** Whether the person looks at the client now, and at which conversation. */
  readonly looksAt: () => { readonly client: boolean; readonly roomId: string | undefined };
  readonly words: () => NotifierWords;
  readonly show: (notification: PageNotification) => Promise<void>;
  /** @returns whether it is heard */
  readonly play: () => boolean;
  readonly now: () => Date;
}

/** Conversations told one by one; of more at once, as after a night's sleep of the computer, how many. */
const MOST_AT_ONCE = 5;
/** The bot that reminds: in quiet hours it speaks only of what is let through. */
const REMINDER_BOT = '@_qiao_notices_bot:';

const pathOf = ({ roomId, eventId, threadId, invitation }: Arrival): string => {
  const room = `/room/${encodeURIComponent(roomId)}`;
  if (invitation) return room;
  return threadId === undefined
    ? `${room}?event=${encodeURIComponent(eventId)}`
    : `${room}?panel=thread&event=${encodeURIComponent(threadId)}`;
};

/** Tells of what has come by a notification or a sound; the person's wishes first. */
export async function tellOf(arrivals: readonly Arrival[], parts: NotifierParts): Promise<void> {
  const settings = parts.settings();
  if (!settings.on) return;
  const wishes = await parts.wishes();
  const quiet = wishes !== undefined && isQuiet(parts.now(), wishes);
  const through = ({ urgent, senderId }: Arrival): boolean =>
    wishes?.urgent_through === true && (urgent || senderId.startsWith(REMINDER_BOT));
  const { client, roomId } = parts.looksAt();
  const told = arrivals.filter((one) => (!quiet || through(one)) && !(client && one.roomId === roomId));
  if (told.length === 0) return;
  const loud = settings.sound && told.some(({ sound }) => sound);
  // Where it has made its own sound, the system makes none.
  const silent = !settings.sound || !loud || parts.play();
  // Who looks at the client sees it in the list.
  if (client) return;
  for (const notification of notificationsFor(told, settings.words, parts.words()))
    await parts.show({ ...notification, silent });
}

function notificationsFor(
  arrivals: readonly Arrival[],
  withWords: boolean,
  words: NotifierWords,
): Omit<PageNotification, 'silent'>[] {
  const byRoom = Map.groupBy(arrivals, ({ roomId }) => roomId);
  if (byRoom.size > MOST_AT_ONCE)
    return [
      {
        title: words.brand,
        body: words.conversations(arrivals.length, byRoom.size),
        tag: 'qiao',
        path: '/',
        events: arrivals.map(({ eventId }) => eventId),
      },
    ];
  return [...byRoom.values()].flatMap((here) => {
    const last = here.at(-1);
    if (!last) return [];
    const mention = here.findLast((one) => one.mention);
    const body = last.invitation
      ? words.invitation
      : withWords
        ? words.words(last)
        : mention
          ? words.mentionOf(mention.sender)
          : here.length > 1
            ? words.messages(here.length)
            : last.direct
              ? words.message
              : words.messageOf(last.sender);
    return [
      {
        // A stranger's invitation puts no words of theirs on somebody's screen.
        title: last.invitation ? words.brand : last.room,
        body,
        tag: last.roomId,
        path: pathOf(mention ?? last),
        events: here.map(({ eventId }) => eventId),
      },
    ];
  });
}
