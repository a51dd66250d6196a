import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { AA, AAA, parseHex, readable, shades, worst, type Scheme } from './colours.ts';

/** Languages of the interface. */
export const languages = ['zh-Hans', 'en'] as const;
export type Language = (typeof languages)[number];
export type Words = Readonly<Record<Language, string>>;

/** A file of the brand: checked, and served under a name that changes with its content. */
export interface BrandFile {
  /** `/brand/<slot>.<hash>.<extension>` */
  readonly url: string;
  readonly type: string;
  readonly body: Buffer;
  /** Width and height in pixels; of PNG only. */
  readonly size: readonly [number, number] | undefined;
}

/** A brand that is whole: what the file leaves out has its default. */
export interface Brand {
  readonly name: Words;
  readonly shortName: Words;
  readonly accent: Partial<Record<Scheme, string>>;
  readonly logo: { readonly light: BrandFile; readonly dark: BrandFile } | undefined;
  readonly icon: BrandFile | undefined;
  readonly maskable: BrandFile | undefined;
  readonly background: BrandFile | undefined;
  readonly intro: Words | undefined;
  readonly links: readonly { readonly label: Words; readonly url: string }[];
  readonly offered: readonly Language[];
  readonly language: Language;
}

/** A brand that cannot be used; one sentence for each thing to change. */
export class BrandError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Folder of the brand: `brand.json` and the pictures it names. */
export const brandFolder = (varDir: string): string => join(varDir, 'config/brand');
const FILE = 'brand.json';

/** The brand of an installation that has none of its own. */
export const defaultBrand: Brand = {
  name: { 'zh-Hans': '桥 Qiao 工作区', en: 'Qiao workspace' },
  shortName: { 'zh-Hans': '桥 Qiao', en: 'Qiao' },
  accent: {},
  logo: undefined,
  icon: undefined,
  maskable: undefined,
  background: undefined,
  intro: undefined,
  links: [],
  offered: languages,
  language: 'zh-Hans',
};
/** Accents of the ui-kit's theme. */
export const defaultAccent: Readonly<Record<Scheme, string>> = { light: '#0f6a82', dark: '#5bbdd2' };

/** Longest texts (characters) and largest pictures (bytes). */
const LIMITS = { name: 60, short: 20, intro: 400, label: 40, links: 6, vector: 256 * 1024, picture: 3 << 20 };
/** Smallest side of the icon of the installed app, in pixels (installability of Chromium asks for 144). */
const ICON_SIDE = 192;

type Raw = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Collects what is wrong while a brand is read. */
class Reader {
  readonly problems: string[] = [];
  readonly folder: string;
  constructor(folder: string) {
    this.folder = folder;
  }

  wrong(where: string, what: string): undefined {
    this.problems.push(`"${where}" ${what}`);
    return undefined;
  }

  object(value: unknown, where: string, known: readonly string[]): Raw {
    if (value === undefined) return {};
    if (!isObject(value)) {
      this.wrong(where, 'must be an object.');
      return {};
    }
    for (const key of Object.keys(value))
      if (!known.includes(key)) this.wrong(where === '' ? key : `${where}.${key}`, 'is not known.');
    return value;
  }

  /** A text for every language, or one text for all. */
  words(value: unknown, where: string, longest: number): Words | undefined {
    if (value === undefined) return undefined;
    const given = typeof value === 'string' ? { 'zh-Hans': value, en: value } : value;
    const read = this.object(given, where, languages);
    const text = (language: Language): string => {
      const one = read[language];
      // Control and direction characters would let a name dress up as another.
      const bad =
        typeof one !== 'string' || one.trim() === '' || /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(one);
      if (bad) this.wrong(`${where}.${language}`, 'must be text on one line.');
      else if (one.length > longest)
        this.wrong(`${where}.${language}`, `must have at most ${longest} characters.`);
      return bad ? '' : one.trim();
    };
    return { 'zh-Hans': text('zh-Hans'), en: text('en') };
  }

  accent(value: unknown, scheme: Scheme): string | undefined {
    const where = `colours.${scheme}.accent`;
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || parseHex(value) === undefined) {
      this.wrong(where, 'must be a colour like #0f6a82.');
      return undefined;
    }
    const { ground, ratio } = worst(value, scheme);
    if (ratio >= AA) return value.toLowerCase();
    this.wrong(
      where,
      `is hard to read: ${value} on ${ground} has a contrast of ${ratio.toFixed(1)}:1, ${AA}:1 is needed (WCAG AA). ${readable(value, scheme, AA)} would do.`,
    );
    return undefined;
  }

  file(value: unknown, slot: string, kinds: readonly string[]): BrandFile | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string' || !/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/.test(value)) {
      this.wrong(slot, `must be the name of a file in ${this.folder}.`);
      return undefined;
    }
    const extension = extname(value).slice(1).toLowerCase().replace('jpeg', 'jpg');
    if (!kinds.includes(extension)) {
      this.wrong(slot, `must be a file of type ${kinds.join(' or ')}.`);
      return undefined;
    }
    let body: Buffer;
    try {
      body = readFileSync(join(this.folder, value));
    } catch {
      this.wrong(slot, `names ${value}, which is not in ${this.folder}.`);
      return undefined;
    }
    const most = extension === 'svg' ? LIMITS.vector : LIMITS.picture;
    if (body.length > most) {
      this.wrong(slot, `must be a file of at most ${most >> 10} kB.`);
      return undefined;
    }
    const problem =
      extension === 'svg' ? vectorProblem(body.toString('utf8')) : pictureProblem(body, extension);
    if (problem !== undefined) {
      this.wrong(slot, `${value}: ${problem}`);
      return undefined;
    }
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
    return {
      url: `/brand/${slot.replaceAll('.', '-')}.${hash}.${extension}`,
      type: TYPES[extension] ?? 'application/octet-stream',
      body,
      size: extension === 'png' ? [body.readUInt32BE(16), body.readUInt32BE(20)] : undefined,
    };
  }

  icon(value: unknown, slot: string): BrandFile | undefined {
    const file = this.file(value, slot, ['png', 'svg']);
    const [width, height] = file?.size ?? [ICON_SIDE, ICON_SIDE];
    if (width === height && width >= ICON_SIDE) return file;
    this.wrong(slot, `must be a square of at least ${ICON_SIDE} pixels; it has ${width} × ${height}.`);
    return undefined;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
};

/** What a drawing must not have: it is shown as a picture only, but somebody may open it by its address. */
function vectorProblem(text: string): string | undefined {
  if (!/<svg[\s/>]/i.test(text)) return 'is not an SVG drawing.';
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) return 'must not declare a document type or entities.';
  if (/<(script|foreignObject|iframe|object|embed|audio|video|handler)[\s/>]/i.test(text))
    return 'must not hold scripts or other documents.';
  if (/\son[a-z]+\s*=/i.test(text)) return 'must not hold event handlers.';
  if (/(href|src)\s*=\s*["']?\s*(?!["'#]|data:image\/(png|jpeg|webp);)[^\s"'>]/i.test(text))
    return 'must not refer to other addresses.';
  if (/url\(\s*["']?\s*(?!["'#)])[^\s]/i.test(text) || /@import/i.test(text))
    return 'must not load styles or pictures from elsewhere.';
  return undefined;
}

function pictureProblem(body: Buffer, extension: string): string | undefined {
  const begins = (bytes: readonly number[], at = 0): boolean =>
    bytes.every((byte, index) => body[at + index] === byte);
  const right =
    extension === 'png'
      ? begins([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) && body.length > 33
      : extension === 'jpg'
        ? begins([0xff, 0xd8, 0xff])
        : begins([0x52, 0x49, 0x46, 0x46]) && begins([0x57, 0x45, 0x42, 0x50], 8);
  return right ? undefined : `is not a picture of type ${extension}.`;
}

function links(reader: Reader, value: unknown): Brand['links'] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > LIMITS.links) {
    reader.wrong('sign_in.links', `must be a list of at most ${LIMITS.links} links.`);
    return [];
  }
  return value.flatMap((each: unknown, at) => {
    const where = `sign_in.links.${at}`;
    const link = reader.object(each, where, ['label', 'url']);
    const label = reader.words(link['label'], `${where}.label`, LIMITS.label);
    const { url } = link;
    if (typeof url !== 'string' || !URL.canParse(url) || !/^(https:|mailto:)$/.test(new URL(url).protocol))
      reader.wrong(`${where}.url`, 'must be an https or mailto address.');
    else if (label === undefined) reader.wrong(`${where}.label`, 'is missing.');
    else return [{ label, url }];
    return [];
  });
}

/**
 * Reads the brand of a folder; the default where it has no `brand.json`.
 * @throws BrandError with a sentence for everything that is wrong
 */
export function readBrand(folder: string): Brand {
  const path = join(folder, FILE);
  if (!existsSync(path)) return defaultBrand;
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new BrandError([`${path} cannot be read as JSON: ${(error as Error).message}`]);
  }
  if (!isObject(raw)) throw new BrandError([`${path} must hold one JSON object.`]);
  const reader = new Reader(folder);
  const known = ['name', 'short_name', 'logo', 'icon', 'icon_maskable', 'colours', 'sign_in', 'languages'];
  const top = reader.object(raw, '', known);
  const colours = reader.object(top['colours'], 'colours', ['light', 'dark']);
  const accent = (scheme: Scheme): string | undefined =>
    reader.accent(reader.object(colours[scheme], `colours.${scheme}`, ['accent'])['accent'], scheme);
  const signIn = reader.object(top['sign_in'], 'sign_in', ['background', 'intro', 'links']);
  const tongues = reader.object(top['languages'], 'languages', ['offered', 'default']);
  const offered = tongues['offered'] ?? languages;
  const isOffered =
    Array.isArray(offered) &&
    offered.length > 0 &&
    offered.every((one) => languages.includes(one as Language));
  if (!isOffered) reader.wrong('languages.offered', `must name some of: ${languages.join(', ')}.`);
  const usable = isOffered ? languages.filter((one) => (offered as unknown[]).includes(one)) : languages;
  const first = tongues['default'] ?? usable[0];
  if (!usable.includes(first as Language))
    reader.wrong('languages.default', 'must be one of the languages offered.');
  const name = reader.words(top['name'], 'name', LIMITS.name);
  const short = reader.words(top['short_name'], 'short_name', LIMITS.short);
  const given = top['logo'];
  const pair = isObject(given) ? reader.object(given, 'logo', ['light', 'dark']) : { light: given };
  const light = reader.file(pair['light'], 'logo', ['svg', 'png']);
  const dark = reader.file(pair['dark'], 'logo.dark', ['svg', 'png']) ?? light;
  const [onLight, onDark] = [accent('light'), accent('dark')];
  const brand: Brand = {
    name: name ?? defaultBrand.name,
    shortName: short ?? name ?? defaultBrand.shortName,
    accent: { ...(onLight && { light: onLight }), ...(onDark && { dark: onDark }) },
    logo: light && dark ? { light, dark } : undefined,
    icon: reader.icon(top['icon'], 'icon'),
    maskable: reader.icon(top['icon_maskable'], 'icon_maskable'),
    background: reader.file(signIn['background'], 'sign_in.background', ['jpg', 'png', 'webp']),
    intro: reader.words(signIn['intro'], 'sign_in.intro', LIMITS.intro),
    links: links(reader, signIn['links']),
    offered: usable,
    language: usable.includes(first as Language) ? (first as Language) : 'zh-Hans',
  };
  if (reader.problems.length > 0)
    throw new BrandError(reader.problems.map((problem) => `${path}: ${problem}`));
  return brand;
}

/** When something of the folder's brand changed last; cheap enough for every request. */
export function brandStamp(folder: string, brand: string): string {
  const names = [FILE, ...new Set(brand.match(/[\w.-]+\.(?:svg|png|jpe?g|webp)/gi) ?? [])];
  return names
    .map((name) => {
      const stat = statSync(join(folder, name), { throwIfNoEntry: false });
      return stat ? `${stat.mtimeMs}/${stat.size}` : '-';
    })
    .join(' ');
}

/** `/brand.css`: the variables that differ from the ui-kit's own. */
export function brandCss(brand: Brand): string {
  const rules: string[] = [];
  for (const scheme of ['light', 'dark'] as const) {
    const accent = brand.accent[scheme];
    if (accent === undefined) continue;
    const body = (colour: string): string =>
      Object.entries(shades(colour, scheme))
        .map(([name, value]) => `${name}:${value}`)
        .join(';');
    const selector = `.cpd-theme-${scheme}.cpd-theme-${scheme}`;
    rules.push(
      `${selector}{${body(accent)}}`,
      `${selector}.q-contrast{${body(readable(accent, scheme, AAA))}}`,
    );
  }
  if (brand.background) rules.push(`:root{--q-sign-in-background:url("${brand.background.url}")}`);
  return `${rules.join('\n')}\n`;
}

/** `/brand.json`: what pages need of the brand. */
export function brandJson(brand: Brand): object {
  return {
    name: brand.name,
    short_name: brand.shortName,
    logo: brand.logo ? { light: brand.logo.light.url, dark: brand.logo.dark.url } : null,
    icon: (brand.icon ?? brand.logo?.light)?.url ?? '/icons/icon-192.png',
    sign_in: { background: brand.background !== undefined, intro: brand.intro ?? null, links: brand.links },
    languages: { offered: brand.offered, default: brand.language },
  };
}

const SHORTCUTS: readonly { url: string; name: Words }[] = [
  { url: '/', name: { 'zh-Hans': '聊天', en: 'Chats' } },
  { url: '/settings', name: { 'zh-Hans': '设置', en: 'Settings' } },
];

/** `/manifest.webmanifest` (W3C Web Application Manifest) in a language. */
export function brandManifest(brand: Brand, language: Language): object {
  const own =
    brand.icon ??
    (brand.logo?.light.size && brand.logo.light.size[0] !== brand.logo.light.size[1]
      ? undefined
      : brand.logo?.light);
  const icon = (file: BrandFile, purpose: string): object => ({
    src: file.url,
    type: file.type,
    sizes: file.size ? file.size.join('x') : 'any',
    purpose,
  });
  const shipped = (name: string, side: number, purpose: string): object => ({
    src: `/icons/${name}-${side}.png`,
    type: 'image/png',
    sizes: `${side}x${side}`,
    purpose,
  });
  return {
    id: '/',
    name: brand.name[language],
    short_name: brand.shortName[language],
    lang: language,
    dir: 'ltr',
    start_url: '/',
    scope: '/',
    display: 'standalone',
    theme_color: brand.accent.light ?? defaultAccent.light,
    background_color: '#ffffff',
    categories: ['business', 'productivity'],
    icons: [
      ...(own ? [icon(own, 'any')] : [shipped('icon', 192, 'any'), shipped('icon', 512, 'any')]),
      ...(brand.maskable
        ? [icon(brand.maskable, 'maskable')]
        : own
          ? []
          : [shipped('maskable', 512, 'maskable')]),
    ],
    shortcuts: SHORTCUTS.map(({ url, name }) => ({ url, name: name[language] })),
  };
}
