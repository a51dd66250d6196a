/** The languages of the interface. */
export const LOCALES = ['zh-Hans', 'en'] as const;
export type UiLocale = (typeof LOCALES)[number];
