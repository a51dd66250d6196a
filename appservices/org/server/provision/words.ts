import { DEFAULT_LOCALE, type Locale, type Texts } from '@qiao/platform';
import type { RoomWords } from './tree.ts';

export const asLocale = (value: string | null | undefined): Locale =>
  value === 'en' || value === 'zh-Hans' ? value : DEFAULT_LOCALE;

/** Most characters of a room's name that clients show well; the directory's own limit is 200. */
const MAX_NAME = 230;

/** The rooms' texts in one language. */
export function roomWords(texts: Texts, locale: Locale): RoomWords {
  const t = (key: string, params?: Record<string, unknown>): string =>
    texts.t(locale, `org:provision.${key}`, params);
  return {
    companyTopic: t('topic.company'),
    spaceTopic: (name) => t('topic.space', { name }),
    roomTopic: (name) => t('topic.room', { name }),
    closedName: (name) => t('topic.closed_name', { name }).slice(0, MAX_NAME),
    closedTopic: t('topic.closed'),
  };
}
