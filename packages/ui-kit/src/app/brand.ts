import type { UiLocale } from '../i18n/locales.ts';

type Words = Readonly<Record<UiLocale, string>>;

/** The brand of the installation, as the gateway gives it (`/brand.json`). Colours come by `/brand.css`. */
export interface Brand {
  readonly name: Words;
  /** For sentences and narrow places. */
  readonly shortName: Words;
  /** Addresses of pictures; absent: the mark that comes with Qiao. */
  readonly logo: { readonly light: string; readonly dark: string } | undefined;
  /** Address of a square picture for notifications. */
  readonly icon: string;
  /** The sign-in page has a picture behind it: `--q-sign-in-background`. */
  readonly background: boolean;
  readonly intro: Words | undefined;
  readonly links: readonly { readonly label: Words; readonly url: string }[];
  readonly offered: readonly UiLocale[];
  readonly language: UiLocale;
}

/** What is shown where the gateway gives no brand. */
export const plainBrand: Brand = {
  name: { 'zh-Hans': '桥 Qiao 工作区', en: 'Qiao workspace' },
  shortName: { 'zh-Hans': '桥 Qiao', en: 'Qiao' },
  logo: undefined,
  icon: '/icons/icon-192.png',
  background: false,
  intro: undefined,
  links: [],
  offered: ['zh-Hans', 'en'],
  language: 'zh-Hans',
};

/** How long a page waits for its brand before it is shown without, in milliseconds. */
const PATIENCE_MS = 3_000;

/** The shape of `/brand.json`; the gateway has checked its values. */
interface BrandAnswer {
  name: Words;
  short_name: Words;
  logo: { light: string; dark: string } | null;
  icon: string;
  sign_in: { background: boolean; intro: Words | null; links: { label: Words; url: string }[] };
  languages: { offered: UiLocale[]; default: UiLocale };
}

/** Asks for the brand; never throws: without an answer it is the plain one. */
export async function loadBrand(): Promise<Brand> {
  try {
    const answer = await fetch('/brand.json', { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) return plainBrand;
    const given = (await answer.json()) as BrandAnswer;
    return {
      name: given.name,
      shortName: given.short_name,
      logo: given.logo ?? undefined,
      icon: given.icon,
      background: given.sign_in.background,
      intro: given.sign_in.intro ?? undefined,
      links: given.sign_in.links,
      offered: given.languages.offered,
      language: given.languages.default,
    };
  } catch {
    return plainBrand;
  }
}

/** The brand in one language. */
export interface LocalBrand extends Omit<Brand, 'name' | 'shortName' | 'intro' | 'links'> {
  readonly name: string;
  readonly shortName: string;
  readonly intro: string | undefined;
  readonly links: readonly { readonly label: string; readonly url: string }[];
}

export const localBrand = (brand: Brand, locale: UiLocale): LocalBrand => ({
  ...brand,
  name: brand.name[locale],
  shortName: brand.shortName[locale],
  intro: brand.intro?.[locale],
  links: brand.links.map(({ label, url }) => ({ label: label[locale], url })),
});
