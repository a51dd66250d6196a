import { pinyin } from 'pinyin-pro';
import { plainText } from '../directory/search.ts';
import type { DepartmentTree } from '../directory/tree.ts';

const HAN = /\p{Script=Han}/u;
const STARTS_ASCII = /^[a-z0-9]/;
/** Names whose reading is kept; far above the departments of a company. */
const MAX_KEPT = 20_000;
const kept = new Map<string, string>();

/** A department's name, its pinyin in full and its initials, lower-case, as one text to look into. */
function nameText(name: string): string {
  const known = kept.get(name);
  if (known !== undefined) return known;
  const lower = plainText(name);
  let text = lower;
  if (HAN.test(name)) {
    const syllables = pinyin(lower, { toneType: 'none', type: 'array', nonZh: 'consecutive', v: true });
    text += ` ${syllables.join('')} ${syllables.map((syllable) => syllable.charAt(0)).join('')}`;
  }
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(name, text);
  return text;
}

/** Whether a name holds the word, or its pinyin begins with it. */
export const nameHolds = (name: string, word: string): boolean =>
  STARTS_ASCII.test(word) ? ` ${nameText(name)}`.includes(` ${word}`) : plainText(name).includes(word);

/**
 * Departments, out of those the viewer sees, whose name holds the word (or its pinyin begins with it), and those below
 * them: whoever is in a team of research is in research.
 */
export function departmentsNamed(tree: DepartmentTree, unseen: ReadonlySet<string>, word: string): string[] {
  const shown = (id: string): boolean => tree.get(id)?.state === 'active' && !unseen.has(id);
  const named = tree
    .ordered()
    .filter((node) => shown(node.id) && nameHolds(node.name, word))
    .map((node) => node.id);
  return [...tree.subtree(named)].filter(shown);
}
