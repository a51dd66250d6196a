import type { CompactEmoji } from 'emojibase';

/** An emoji as lists show it. */
export interface Emoji {
  readonly unicode: string;
  /** What it is called in the chosen language. */
  readonly label: string;
  /** Unicode's group, 0 to 9. */
  readonly group: number;
  /** What it is found by, lower-case, in both languages. */
  readonly words: readonly string[];
  /** In the five tones of skin, lightest first; empty where it shows none. */
  readonly tones: readonly string[];
}

const MODIFIERS = /[\u{1F3FB}-\u{1F3FF}]/gu;

/** Of the forms in which a sign for two people has two tones, those with one. */
const tonesOf = (emoji: CompactEmoji): string[] =>
  (emoji.skins ?? [])
    .map(({ unicode }) => ({ unicode, tones: new Set(unicode.match(MODIFIERS)) }))
    .filter(({ tones }, index, all) => {
      const [tone] = tones;
      return (
        tones.size === 1 &&
        all.findIndex((other) => other.tones.size === 1 && other.tones.has(tone ?? '')) === index
      );
    })
    .map(({ unicode }) => unicode);

/** An emoji in a tone of skin, 1 to 5; as it is for 0, and where it shows none. */
export const toned = (emoji: Emoji, tone: number): string => emoji.tones[tone - 1] ?? emoji.unicode;

/** Groups of Unicode that are shown, in its order; 2 are parts of others. */
export const GROUPS = [0, 1, 3, 4, 5, 6, 7, 8, 9] as const;

type Codes = Readonly<Record<string, string | readonly string[]>>;

const wordsOf = (emoji: CompactEmoji | undefined): string[] =>
  emoji ? [emoji.label, ...(emoji.tags ?? [])].map((word) => word.toLowerCase()) : [];

const loading = new Map<string, Promise<readonly Emoji[]>>();

/** All emoji in the order of Unicode, called in a language; loaded when first asked for. */
export function loadEmoji(locale: 'zh-Hans' | 'en'): Promise<readonly Emoji[]> {
  let made = loading.get(locale);
  if (!made) {
    made = load(locale);
    made.catch(() => loading.delete(locale));
    loading.set(locale, made);
  }
  return made;
}

async function load(locale: 'zh-Hans' | 'en'): Promise<readonly Emoji[]> {
  const [{ default: en }, { default: zh }, { default: codes }] = await Promise.all([
    import('emojibase-data/en/compact.json'),
    import('emojibase-data/zh/compact.json'),
    import('emojibase-data/en/shortcodes/github.json'),
  ]);
  const shortcodes = codes as Codes;
  const chinese = new Map(zh.map((emoji) => [emoji.hexcode, emoji]));
  return en
    .filter((emoji) => emoji.group !== undefined && emoji.group !== 2 && emoji.order !== undefined)
    .sort((one, other) => (one.order ?? 0) - (other.order ?? 0))
    .map((emoji) => {
      const own = chinese.get(emoji.hexcode);
      const code = shortcodes[emoji.hexcode] ?? [];
      return {
        unicode: emoji.unicode,
        label: (locale === 'en' ? emoji.label : own?.label) ?? emoji.label,
        group: emoji.group ?? 0,
        tones: tonesOf(emoji),
        words: [...(typeof code === 'string' ? [code] : code), ...wordsOf(emoji), ...wordsOf(own)],
      };
    });
}

/** Emoji that a word finds: those that are called so, then those whose name begins so, then the others. */
export function findEmoji(all: readonly Emoji[], query: string, most: number): Emoji[] {
  const word = query.toLowerCase().replaceAll('_', ' ');
  const scored = all.flatMap((emoji, order) => {
    let score: number | undefined;
    for (const own of emoji.words) {
      const name = own.replaceAll('_', ' ');
      const now = name === word ? 0 : name.startsWith(word) ? 1 : name.includes(word) ? 2 : undefined;
      if (now !== undefined && (score === undefined || now < score)) score = now;
    }
    return score === undefined ? [] : [{ emoji, score, order }];
  });
  return scored
    .sort((one, other) => one.score - other.score || one.order - other.order)
    .slice(0, most)
    .map(({ emoji }) => emoji);
}
