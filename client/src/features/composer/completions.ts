import type { MatrixClient } from 'matrix-js-sdk';
import { names } from '../../matrix/people-pinyin.ts';
import { isUserId } from '../../matrix/people.ts';
import { mayMentionRoom } from '../../matrix/sender-access.ts';
import { mentionables } from '../../matrix/sender-own.ts';
import { noteOf, type FoundPerson, type PeopleSearch } from '../finder/people.ts';
import { peopleAmong } from '../finder/sources.ts';
import { chosenTone } from './complete/chosen.ts';
import { EVERYBODY } from './editor/schema.ts';
import type { Completion, Trigger } from './editor/writing.ts';

/** One entry of the list of completions. */
export interface Suggestion {
  readonly key: string;
  readonly completion: Completion;
  readonly title: string;
  readonly detail: string;
  readonly avatar?: { readonly id: string; readonly mxc: string | undefined };
  readonly sign?: string;
}

/** What is said of people in the list. */
export interface MentionWords {
  readonly everybody: string;
  readonly external: string;
  readonly notActivated: string;
  readonly notHere: string;
}

/** What is needed to suggest something. */
export interface SuggestFor {
  readonly client: MatrixClient;
  readonly search: PeopleSearch;
  readonly roomId: string;
  readonly locale: 'en' | 'zh-Hans';
  readonly words: MentionWords;
  /** Ends what is asked of the directory, once something else is typed. */
  readonly signal: AbortSignal;
}

const MOST = 8;
/** People of a conversation who are looked up, those who wrote last first. */
const MOST_KNOWN = 1000;
/** How long typing rests before the directory is asked, in milliseconds. */
const REST_MS = 150;
const EVERYBODY_NAMES = ['room', 'all', 'everyone', '所有人', '全体成员'];

const rest = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, REST_MS);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
    });
  });

const joined = (...parts: (string | false | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== false && part !== '').join(' · ');

function mention(person: FoundPerson, words: MentionWords, isHere: boolean): Suggestion {
  return {
    key: person.userId,
    completion: { kind: 'mention', id: person.userId, name: person.name },
    title: person.name,
    detail: joined(
      person.server !== undefined && words.external,
      noteOf(person),
      person.activated === false && words.notActivated,
      !isHere && words.notHere,
    ),
    avatar: { id: person.userId, mxc: person.avatar },
  };
}

/** People of the conversation first; then others of the directory, who are told to be elsewhere. */
async function people(
  query: string,
  of: SuggestFor,
  show: (items: readonly Suggestion[]) => void,
): Promise<void> {
  const { client, search, roomId, words, signal } = of;
  // Offline before the dictionary was loaded names are found as they are written.
  const [members] = await Promise.all([mentionables(client, roomId), search.load().catch(() => undefined)]);
  const all =
    mayMentionRoom(client, roomId) &&
    (query === '' || EVERYBODY_NAMES.some((name) => names.match(name, query) > 0));
  const suggest = (here: readonly FoundPerson[], others: readonly FoundPerson[]): void => {
    const found = [
      ...peopleAmong(here, query, names).map((person) => mention(person, words, true)),
      ...others.map((person) => mention(person, words, false)),
    ];
    if (!all) {
      show(found.slice(0, MOST));
      return;
    }
    const room: Suggestion = {
      key: EVERYBODY,
      completion: { kind: 'mention', id: EVERYBODY, name: EVERYBODY },
      title: words.everybody,
      detail: EVERYBODY,
    };
    const few = found.slice(0, MOST - 1);
    show(query === '' ? [...few, room] : [room, ...few]);
  };
  suggest(
    members.map((member) => search.withListing(member, undefined)),
    [],
  );
  if (!search.inCompany) return;
  const nobody = { people: [], next: null };
  const asked =
    query === '' || isUserId(query)
      ? Promise.resolve(nobody)
      : rest(signal).then(() => search.find(query, undefined, signal).catch(() => nobody));
  const [listings, page] = await Promise.all([
    search.lookUp(members.slice(0, MOST_KNOWN).map(({ userId }) => userId)),
    asked,
  ]);
  const here = new Set(members.map(({ userId }) => userId));
  suggest(
    members.map((member) => search.withListing(member, listings.get(member.userId))),
    page.people.filter(({ userId }) => !here.has(userId)),
  );
}

async function emoji(query: string, locale: 'en' | 'zh-Hans'): Promise<Suggestion[]> {
  const { findEmoji, loadEmoji, toned } = await import('./complete/emoji.ts');
  const tone = chosenTone();
  return findEmoji(await loadEmoji(locale), query, MOST).map((each) => ({
    key: each.unicode,
    completion: { kind: 'emoji', text: toned(each, tone) },
    title: each.label,
    detail: each.words[0] === undefined ? '' : `:${each.words[0]}:`,
    sign: toned(each, tone),
  }));
}

/**
 * Shows what fits what is typed, best first, and again when more is known; nothing where nothing fits or can be had.
 */
export async function suggest(
  trigger: Trigger,
  of: SuggestFor,
  show: (items: readonly Suggestion[]) => void,
): Promise<void> {
  try {
    if (trigger.kind === 'mention') await people(trigger.query, of, show);
    else show(await emoji(trigger.query, of.locale));
  } catch {
    show([]);
  }
}
