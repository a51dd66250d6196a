/** Variation selectors that say whether an emoji is drawn as a sign or in colours (Unicode TS #51). */
const PRESENTATION = /[\ufe0e\ufe0f]/gu;

/** What all writings of one emoji have in common: clients send a heart with and without its selector. */
export const emojiKey = (key: string): string => key.replace(PRESENTATION, '');

/**
 * Reactions with the writings of one emoji together, the most first; under the writing of which there are most.
 * @param byKey reactions of each writing, the most first
 */
export function sameEmoji<T>(
  byKey: Iterable<readonly [key: string, events: Iterable<T>]>,
): [string, Set<T>][] {
  const together = new Map<string, [string, Set<T>]>();
  for (const [key, events] of byKey) {
    const common = typeof key === 'string' ? emojiKey(key) : key;
    const [shown, all] = together.get(common) ?? [key, []];
    together.set(common, [shown, new Set([...all, ...events])]);
  }
  return [...together.values()].sort(([, one], [, other]) => other.size - one.size);
}
