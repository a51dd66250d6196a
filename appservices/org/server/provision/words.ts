import { DEFAULT_LOCALE, LOCALES, type Locale, type Texts } from '@qiao/platform';
import type { RoomWords } from './tree.ts';

export const asLocale = (value: string | null | undefined): Locale =>
  value === 'en' || value === 'zh-Hans' ? value : DEFAULT_LOCALE;

/** Most characters of a room's name that clients show well; the directory's own limit is 200. */
const MAX_NAME = 230;

/** Languages of what many read, rooms' topics above all: the one that the company chose, else both. */
export const roomLocales = (setting: string | null | undefined): readonly Locale[] =>
  setting === 'en' || setting === 'zh-Hans' ? [setting] : LOCALES;

/** A text for many, in each of the languages one after the other. */
export const inEach = (locales: readonly Locale[], text: (locale: Locale) => string): string =>
  [...new Set(locales.map(text))].join(' / ');

/** The rooms' texts in one language or in several. */
export function roomWords(texts: Texts, locales: readonly Locale[]): RoomWords {
  const t = (key: string, params?: Record<string, unknown>): string =>
    inEach(locales, (locale) => texts.t(locale, `org:provision.${key}`, params));
  const [only] = locales;
  const closed = (name: string): string =>
    locales.length > 1 || only === undefined
      ? `${name} (${inEach(locales, (locale) => texts.t(locale, 'org:provision.topic.closed_word'))})`
      : texts.t(only, 'org:provision.topic.closed_name', { name });
  return {
    companyTopic: t('topic.company'),
    spaceTopic: (name) => t('topic.space', { name }),
    roomTopic: (name) => t('topic.room', { name }),
    closedName: (name) => closed(name).slice(0, MAX_NAME),
    closedTopic: t('topic.closed'),
  };
}
