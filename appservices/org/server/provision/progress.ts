import type { Locale, Texts } from '@qiao/platform';
import type { OrgDb } from '../tables.ts';
import { createProvisionRepository } from './provision.repository.ts';
import { stateChanges, wantedRooms, type RoomWords } from './tree.ts';
import { roomLocales, roomWords } from './words.ts';

const NO_WORDS: RoomWords = {
  companyTopic: '',
  spaceTopic: () => '',
  roomTopic: () => '',
  closedName: (name) => name,
  closedTopic: '',
};

/** How far the homeserver has what the directory says; counts of things, not of requests. */
export interface ProvisionProgress {
  /** accounts, account_changes (locks, closings, reopenings), names, spaces, rooms, links (names, topics, power, tree), joins, leaves */
  readonly pending: Readonly<Record<string, number>>;
  /** accounts, spaces, rooms, joins */
  readonly done: Readonly<Record<string, number>>;
  /** People who come into their rooms with their first device with keys; no work is left for them. */
  readonly waiting: number;
  /** Things that failed and are tried again, or wait for a person. */
  readonly problems: number;
  /** False: a person stopped it. */
  readonly enabled: boolean;
  readonly lastReconciledAt: string | null;
  /** Language of rooms' topics; null: both. */
  readonly language: Locale | null;
}

/**
 * Counts by kind; a few queries, for screens that ask every few seconds. `links` is only counted where the
 * installation is given, because it compares texts.
 */
export async function provisionProgress(
  db: OrgDb,
  org?: { readonly texts: Texts; readonly serverName: string; readonly companyName: string },
): Promise<ProvisionProgress> {
  const repository = createProvisionRepository(db, org?.serverName ?? '');
  const settings = await repository.settings();
  const counts = await repository.counts();
  const directory = await repository.directory(org?.companyName ?? '');
  const languages = roomLocales(settings.locale);
  const rooms = wantedRooms(directory, org ? roomWords(org.texts, languages) : NO_WORDS);
  const missing = (kind: string): number =>
    rooms.filter((room) => room.kind === kind && room.create && room.roomId === null).length;
  const there = (kind: string): number =>
    rooms.filter((room) => room.kind === kind && room.roomId !== null).length;
  return {
    pending: {
      accounts: counts.accounts,
      account_changes: counts.account_changes,
      names: counts.names,
      spaces: missing('space'),
      rooms: missing('room'),
      links: !org
        ? 0
        : rooms.reduce((sum, room) => sum + (room.roomId === null ? 0 : stateChanges(room).length), 0),
      joins: counts.joins,
      leaves: counts.leaves,
    },
    done: {
      accounts: counts.accounts_done,
      spaces: there('space'),
      rooms: there('room'),
      joins: counts.joins_done,
    },
    waiting: counts.waiting,
    problems: counts.problems,
    enabled: settings.enabled,
    lastReconciledAt: settings.last_reconciled_at,
    language: languages.length === 1 ? (languages[0] ?? null) : null,
  };
}
