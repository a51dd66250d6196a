import { foldWidth, nameKey } from '../names.ts';

/** What divides several departments in a cell, as it is after folding; names hardly ever hold the first ones. */
const STRONG = ['\n', ';'] as const;
const WEAK = ['、', '|', ',', '/'] as const;
export const LIST_SEPARATORS: readonly string[] = [...STRONG, ...WEAK];

const partsOf = (cell: string, separators: ReadonlySet<string>): string[] => {
  const parts: string[] = [];
  let from = 0;
  const folded = foldWidth(cell);
  for (let at = 0; at <= folded.length; at++) {
    if (at < folded.length && !separators.has(folded.charAt(at))) continue;
    // The name stays as it is written: folding keeps every character's place.
    const part = cell.slice(from, at).trim();
    if (part !== '') parts.push(part);
    from = at + 1;
  }
  return parts;
};

/** Which characters divide several departments in the cells of a column; undefined where each cell holds one. */
export function guessDepartmentList(cells: readonly string[]): string | undefined {
  const whole = new Set(cells.map(nameKey));
  const found = LIST_SEPARATORS.filter((separator) => {
    const several = cells
      .map((cell) => partsOf(cell, new Set([separator])))
      .filter((parts) => parts.length > 1);
    if (several.length === 0) return false;
    if (separator === '\n' || separator === ';') return true;
    // A name with a comma or a path looks like a list; parts that are departments by themselves are one.
    const alone = (parts: readonly string[]): boolean => parts.every((part) => whole.has(nameKey(part)));
    return separator === '、' ? several.some(alone) : several.every(alone);
  });
  return found.length === 0 ? undefined : found.join('');
}

/** Parts of one cell that are compared with each other. */
const MAX_PARTS = 12;

/** How a cell was read, and where a person should look: what was taken for one department, or for several. */
export interface ReadCell {
  parts: string[];
  doubts: { text: string; parts: string[] }[];
}

/**
 * Divides cells of several departments. Names may hold a separator themselves: where its parts are no departments that
 * stand alone somewhere in the file or the directory, a weak one divides nothing, and that is told.
 */
export function createCellReader(
  cells: Iterable<string>,
  options: { list: string | undefined; pathSeparator: string | undefined; known: readonly string[] },
): (cell: string) => ReadCell {
  const { list, pathSeparator } = options;
  if (list === undefined) return (cell) => ({ parts: [cell], doubts: [] });
  const all = new Set(Array.from(foldWidth(list)));
  const strong = new Set(STRONG.filter((sign) => all.has(sign)));
  const weak = new Set([...all].filter((sign) => !STRONG.some((other) => other === sign)));
  const pathKey = (text: string): string =>
    pathSeparator === undefined
      ? nameKey(text)
      : foldWidth(text).split(foldWidth(pathSeparator)).map(nameKey).join('\u0001');
  const names = new Set(options.known.map(nameKey));
  const inDirectory = (text: string): boolean => names.has(pathKey(text).split('\u0001').at(-1) ?? '');
  const alone = new Set<string>();
  const whole = new Set<string>();
  for (const cell of cells) {
    for (const part of partsOf(cell, strong)) {
      const key = pathKey(part);
      whole.add(key);
      if (partsOf(part, weak).length > 1) continue;
      alone.add(key);
      // What lies above is a department, too.
      for (let at = key.indexOf('\u0001'); at >= 0; at = key.indexOf('\u0001', at + 1))
        alone.add(key.slice(0, at));
    }
  }
  const known = (part: string): boolean => alone.has(pathKey(part)) || inDirectory(part);
  /** The most departments the parts are together, each of which is one elsewhere, too. */
  const group = (text: string, parts: readonly string[]): string[] | undefined => {
    const from = (at: number): string[] | undefined => {
      if (at === parts.length) return [];
      for (let end = at + 1; end <= parts.length; end++) {
        if (at === 0 && end === parts.length) return undefined;
        const first = parts[at] ?? '';
        const last = parts[end - 1] ?? '';
        const begins = text.indexOf(first);
        const joined = end === at + 1 ? first : text.slice(begins, text.indexOf(last, begins) + last.length);
        if (!known(joined) && !(end > at + 1 && whole.has(pathKey(joined)))) continue;
        const rest = from(end);
        if (rest) return [joined, ...rest];
      }
      return undefined;
    };
    return parts.length > MAX_PARTS ? undefined : from(0);
  };
  const read = (cell: string): ReadCell => {
    const byStrong = partsOf(cell, strong);
    if (byStrong.length > 1 && !byStrong.every(known) && inDirectory(cell))
      return { parts: [cell], doubts: [] };
    const doubts: ReadCell['doubts'] = [];
    const parts = byStrong.flatMap((part) => {
      const several = partsOf(part, weak);
      if (several.length < 2) return several;
      const found = group(part, several);
      if (found) return found;
      if (inDirectory(part)) return [part];
      const taken = several.some(known) ? several : [part];
      doubts.push({ text: part, parts: taken });
      return taken;
    });
    const seen = new Set<string>();
    const different = parts.filter((part) => {
      const key = pathKey(part);
      const first = !seen.has(key);
      seen.add(key);
      return first;
    });
    return { parts: different, doubts };
  };
  // Many people share few cells.
  const done = new Map<string, ReadCell>();
  return (cell) => {
    let found = done.get(cell);
    if (!found) done.set(cell, (found = read(cell)));
    return found;
  };
}
