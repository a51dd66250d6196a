import i18next, { type i18n } from 'i18next';

/** Interface languages (BCP 47); catalogues are `strings/en.json` and `strings/zh_Hans.json`. */
export const LOCALES = ['zh-Hans', 'en'] as const;
export type Locale = (typeof LOCALES)[number];
export const DEFAULT_LOCALE: Locale = 'zh-Hans';

export interface Catalogue {
  readonly [key: string]: string | Catalogue;
}
/** One catalogue per language; a test compares their keys. */
export interface Catalogues {
  readonly en: Catalogue;
  readonly zh_Hans: Catalogue;
}

/** Texts for people, by `domain:key`, in the reader's language. */
export interface Texts {
  t(locale: Locale, key: string, params?: Readonly<Record<string, unknown>>): string;
  has(locale: Locale, key: string): boolean;
}

export function createTexts(byDomain: Readonly<Record<string, Catalogues>>): Texts {
  const engine: i18n = i18next.createInstance();
  const resources: Record<Locale, Record<string, Catalogue>> = { 'zh-Hans': {}, en: {} };
  for (const [domain, catalogues] of Object.entries(byDomain)) {
    resources['zh-Hans'][domain] = catalogues.zh_Hans;
    resources.en[domain] = catalogues.en;
  }
  void engine.init({
    lng: DEFAULT_LOCALE,
    fallbackLng: 'en',
    initAsync: false,
    resources,
    ns: Object.keys(byDomain),
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  return {
    t: (locale, key, params) => engine.t(key, { lng: locale, ...params }),
    has: (locale, key) => engine.exists(key, { lng: locale, fallbackLng: [] }),
  };
}

/** The best of our languages for an `Accept-Language` header (RFC 9110, section 12.5.4). */
export function negotiateLocale(header: string | undefined, fallback: Locale = DEFAULT_LOCALE): Locale {
  if (!header) return fallback;
  const wishes = header
    .split(',')
    .map((part) => {
      const [tag = '', ...params] = part.trim().split(';');
      const q = params.map((p) => /^\s*q=([\d.]+)/.exec(p)?.[1]).find((v) => v !== undefined);
      return { tag: tag.toLowerCase(), q: q === undefined ? 1 : Number(q) };
    })
    .filter((wish) => wish.tag && wish.q > 0)
    .sort((a, b) => b.q - a.q);
  for (const { tag } of wishes) {
    if (tag === 'zh' || tag.startsWith('zh-')) return 'zh-Hans';
    if (tag === 'en' || tag.startsWith('en-')) return 'en';
  }
  return fallback;
}

/** Dotted keys of a catalogue, sorted; used by the completeness test. */
export function catalogueKeys(catalogue: Catalogue, prefix = ''): string[] {
  return Object.entries(catalogue)
    .flatMap(([key, value]) =>
      typeof value === 'string' ? [prefix + key] : catalogueKeys(value, `${prefix}${key}.`),
    )
    .sort();
}
