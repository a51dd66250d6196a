/*
 * What a person chose among emoji, kept on this device: which were used last, and the tone of skin.
 */

const RECENT_KEY = 'qiao.recent-emoji';
const TONE_KEY = 'qiao.skin-tone';
const RECENT = 16;

/** The hand in every tone of skin, Unicode's own colour first: a choice is its place here. */
export const TONES = ['✋', '✋🏻', '✋🏼', '✋🏽', '✋🏾', '✋🏿'] as const;

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null');
  } catch {
    return null;
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Not remembered, then.
  }
}

/** The emoji that were used last, newest first. */
export function recentEmoji(): string[] {
  const stored = read(RECENT_KEY);
  return Array.isArray(stored) ? stored.filter((each): each is string => typeof each === 'string') : [];
}

/** Notes that an emoji was used. */
export function rememberEmoji(unicode: string): void {
  write(RECENT_KEY, [unicode, ...recentEmoji().filter((other) => other !== unicode)].slice(0, RECENT));
}

/** The chosen tone of skin: a place in {@link TONES}; 0: none. */
export function chosenTone(): number {
  const stored = read(TONE_KEY);
  return typeof stored === 'number' && TONES[stored] !== undefined ? stored : 0;
}

/** Notes the tone of skin for all that is chosen from now on. */
export const chooseTone = (tone: number): void => {
  write(TONE_KEY, tone);
};
