import i18next, { type i18n } from 'i18next';
import { plainBrand, type Brand } from '../app/brand.ts';
import type { UiLocale } from './locales.ts';

/** A nested object of texts. */
export interface Catalogue {
  [key: string]: string | Catalogue;
}
/** A domain's texts, loaded when a language is chosen. */
export type Catalogues = Readonly<Record<UiLocale, () => Promise<{ default: Catalogue }>>>;

const STORED_AS = 'qiao.locale';

const store = (): Storage | undefined => {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
};

/** What was chosen, else the browser's first language that the brand offers, else the brand's own. */
export function preferredLocale(
  languages: readonly string[] = navigator.languages,
  brand: Pick<Brand, 'offered' | 'language'> = plainBrand,
): UiLocale {
  const offered = (locale: string): UiLocale | undefined => brand.offered.find((one) => one === locale);
  const chosen = offered(store()?.getItem(STORED_AS) ?? '');
  if (chosen) return chosen;
  for (const language of languages) {
    const found = offered(
      /^zh\b/i.test(language) ? 'zh-Hans' : (language.split('-', 1)[0] ?? '').toLowerCase(),
    );
    if (found) return found;
  }
  return brand.language;
}

/** Formats for numbers and times in the chosen language and the reader's time zone. */
export interface Formats {
  number(value: number): string;
  percent(share: number): string;
  bytes(value: number): string;
  date(value: string | Date): string;
  dateTime(value: string | Date): string;
  time(value: string | Date): string;
  /** `3 minutes ago`. */
  relative(value: string | Date, now?: Date): string;
  list(values: readonly string[]): string;
}

const RELATIVE_STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/**
 * The language of dates: English as the browser's person writes it (30 Nov or Nov 30), British where it does not say,
 * as the texts are.
 */
export const dateLocale = (locale: UiLocale, languages: readonly string[] = navigator.languages): string =>
  locale === 'en' ? (languages.find((language) => /^en-/i.test(language)) ?? 'en-GB') : locale;

/** The hour of a day, the same in all languages and places: 00:00 to 23:59. */
const CLOCK = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;

export function makeFormats(locale: UiLocale): Formats {
  const number = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const place = dateLocale(locale);
  const date = new Intl.DateTimeFormat(place, { year: 'numeric', month: 'short', day: 'numeric' });
  const time = new Intl.DateTimeFormat(place, CLOCK);
  const dateTime = new Intl.DateTimeFormat(place, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    ...CLOCK,
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const list = new Intl.ListFormat(locale, { type: 'conjunction' });
  // A calendar date has no time zone: it must not move to the day before in the west.
  const toDate = (value: string | Date): Date =>
    typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)
      ? new Date(`${value}T00:00:00`)
      : new Date(value);
  return {
    number: (value) => number.format(value),
    percent: (share) => percent.format(share),
    bytes: (value) => {
      const steps = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
      let scaled = value;
      let step = 0;
      while (scaled >= 1000 && step < steps.length - 1) {
        scaled /= 1000;
        step++;
      }
      return new Intl.NumberFormat(locale, {
        style: 'unit',
        unit: steps[step] ?? 'byte',
        unitDisplay: 'short',
        maximumFractionDigits: scaled < 10 && step > 0 ? 1 : 0,
      }).format(scaled);
    },
    date: (value) => date.format(toDate(value)),
    dateTime: (value) => dateTime.format(toDate(value)),
    time: (value) => time.format(toDate(value)),
    relative: (value, now = new Date()) => {
      const seconds = (toDate(value).getTime() - now.getTime()) / 1000;
      for (const [unit, size] of RELATIVE_STEPS) {
        if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
      }
      return relative.format(0, 'second');
    },
    list: (values) => list.format(values),
  };
}

/** The texts of the interface: one language at a time, loaded when it is chosen. */
export class I18n {
  readonly instance: i18n;
  /** The brand of the installation; its short name is `{{brand}}` in every text. */
  readonly brand: Brand;
  readonly #catalogues: Readonly<Record<string, Catalogues>>;
  #formats: Formats;

  private constructor(
    instance: i18n,
    catalogues: Readonly<Record<string, Catalogues>>,
    locale: UiLocale,
    brand: Brand,
  ) {
    this.instance = instance;
    this.brand = brand;
    this.#catalogues = catalogues;
    this.#formats = makeFormats(locale);
  }

  /** @param catalogues by namespace: `kit`, the host's own, and one for each domain */
  static async create(
    catalogues: Readonly<Record<string, Catalogues>>,
    locale: UiLocale,
    brand: Brand = plainBrand,
  ): Promise<I18n> {
    const instance = i18next.createInstance();
    await instance.init({
      lng: locale,
      fallbackLng: false,
      ns: Object.keys(catalogues),
      defaultNS: false,
      resources: {},
      interpolation: { escapeValue: false },
      returnNull: false,
      react: { useSuspense: false },
    });
    const made = new I18n(instance, catalogues, locale, brand);
    await made.choose(locale, false);
    // What is chosen in one tab holds in all.
    if (typeof window !== 'undefined')
      window.addEventListener('storage', ({ key, newValue }) => {
        const chosen = brand.offered.find((one) => one === newValue);
        if (key === STORED_AS && chosen) void made.choose(chosen, false);
      });
    return made;
  }

  get locale(): UiLocale {
    return this.instance.language === 'en' ? 'en' : 'zh-Hans';
  }

  /** Somebody has chosen a language in this browser. */
  get isChosen(): boolean {
    return (store()?.getItem(STORED_AS) ?? null) !== null;
  }

  get format(): Formats {
    return this.#formats;
  }

  /** Text for `namespace:key`. */
  readonly t = (key: string, values?: Record<string, unknown>): string =>
    this.instance.t(key, { brand: this.brand.shortName[this.locale], ...values });

  /** Loads the texts of a language, for what is said in another than the chosen one: `t` takes it as `lng`. */
  async load(locale: UiLocale): Promise<void> {
    await Promise.all(
      Object.entries(this.#catalogues).map(async ([namespace, load]) => {
        if (this.instance.hasResourceBundle(locale, namespace)) return;
        const { default: texts } = await load[locale]();
        this.instance.addResourceBundle(locale, namespace, texts);
      }),
    );
  }

  /** Changes the language; remembered in this browser. */
  async choose(locale: UiLocale, remember = true): Promise<void> {
    await this.load(locale);
    this.#formats = makeFormats(locale);
    await this.instance.changeLanguage(locale);
    if (remember) store()?.setItem(STORED_AS, locale);
    if (typeof document !== 'undefined') document.documentElement.lang = locale;
  }
}
