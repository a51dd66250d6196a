import type { MatrixClient } from 'matrix-js-sdk';
import { mayMentionRoom } from '../../matrix/sender-access.ts';
import { mentionables } from '../../matrix/sender-own.ts';
import { best, fit, type ReadingsOf } from './complete/match.ts';
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

const MOST = 8;
const EVERYBODY_NAMES = ['room', 'all', 'everyone', '所有人', '全体成员'];

async function readings(): Promise<ReadingsOf> {
  try {
    return (await import('./complete/pinyin.ts')).readingsOf;
  } catch {
    // Offline before it was loaded: names and ids still match.
    return () => [];
  }
}

async function people(
  client: MatrixClient,
  roomId: string,
  query: string,
  everybody: string,
): Promise<Suggestion[]> {
  const [members, readingsOf] = await Promise.all([mentionables(client, roomId), readings()]);
  const names = new Map<string, number>();
  for (const { name } of members) names.set(name, (names.get(name) ?? 0) + 1);
  const found = best(query, members, readingsOf, MOST).map(({ userId, name, avatar }): Suggestion => ({
    key: userId,
    completion: { kind: 'mention', id: userId, name },
    title: name,
    // Two of one name are told apart; so is somebody of another server.
    detail: userId,
    avatar: { id: userId, mxc: avatar },
  }));
  const all = EVERYBODY_NAMES.some(
    (name) => fit(query, { userId: EVERYBODY, name }, readingsOf) !== undefined,
  );
  if (!all || !mayMentionRoom(client, roomId)) return found;
  const room: Suggestion = {
    key: EVERYBODY,
    completion: { kind: 'mention', id: EVERYBODY, name: EVERYBODY },
    title: everybody,
    detail: EVERYBODY,
  };
  return query === '' ? [...found.slice(0, MOST - 1), room] : [room, ...found.slice(0, MOST - 1)];
}

async function emoji(query: string, locale: 'en' | 'zh-Hans'): Promise<Suggestion[]> {
  const { findEmoji, loadEmoji } = await import('./complete/emoji.ts');
  return findEmoji(await loadEmoji(locale), query, MOST).map((each) => ({
    key: each.unicode,
    completion: { kind: 'emoji', text: each.unicode },
    title: each.label,
    detail: each.words[0] === undefined ? '' : `:${each.words[0]}:`,
    sign: each.unicode,
  }));
}

/** What fits what is typed, best first. Loads what it needs; empty when nothing fits or cannot be had. */
export async function suggestionsFor(
  trigger: Trigger,
  of: { client: MatrixClient; roomId: string; locale: 'en' | 'zh-Hans'; everybody: string },
): Promise<Suggestion[]> {
  try {
    return trigger.kind === 'mention'
      ? await people(of.client, of.roomId, trigger.query, of.everybody)
      : await emoji(trigger.query, of.locale);
  } catch {
    return [];
  }
}
