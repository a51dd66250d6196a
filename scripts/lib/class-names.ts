import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { argv, exit, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';

/*
 * Class names belong to one feature. All style sheets of a page are in force together, so two features that give
 * one name a look change each other's: a field of a dialog becomes as wide as a letter, and no test of either sees
 * it. A feature is a folder with style sheets; within one a name may be in several.
 */

/** Where style sheets are looked for. */
const FOLDERS = ['client/src', 'admin/src', 'appservices', 'packages'];
const PASSED_OVER = new Set(['node_modules', 'dist', 'test']);
/** The theme's, which sheets of any kind ask for and none gives a look. */
const THEME = 'cpd-theme-';

/** `c-poll__answer--own` is of `c-poll`. */
const blockOf = (name: string): string => name.replace(/(?:__|--).*$/, '');

/** Selectors of a sheet, one of a list each; those of at-rules are among them. */
function selectorsOf(css: string): string[] {
  const text = css.replace(/\/\*[\s\S]*?\*\//g, '').replace(/"[^"\n]*"|'[^'\n]*'/g, '""');
  return [...text.matchAll(/(?<=^|[{};])\s*([^{};@][^{};]*)\{/g)].flatMap(([, list]) =>
    (list ?? '').split(/,(?![^(]*\))/).map((each) => each.trim()),
  );
}

/**
 * The names that a sheet gives a look of its own: in a selector with no other feature's name. With one, as in
 * `.c-panel > .c-search`, the look is for that place alone.
 */
export function definedIn(css: string): Set<string> {
  const defined = new Set<string>();
  for (const selector of selectorsOf(css)) {
    const names = [...selector.matchAll(/\.(-?[A-Za-z_][\w-]*)/g)].map(([, name]) => name ?? '');
    const own = names.filter((name) => !name.startsWith(THEME));
    if (new Set(own.map(blockOf)).size === 1) for (const name of own) defined.add(name);
  }
  return defined;
}

/** Names with the features that define them, where these are several; sorted. */
export function definedTwice(sheets: Iterable<readonly [path: string, css: string]>): string[] {
  const features = new Map<string, Set<string>>();
  for (const [path, css] of sheets)
    for (const name of definedIn(css))
      features.set(name, (features.get(name) ?? new Set()).add(dirname(path)));
  return [...features]
    .filter(([, folders]) => folders.size > 1)
    .map(([name, folders]) => `.${name}: ${[...folders].sort().join(', ')}`)
    .sort();
}

function* sheetsBelow(root: string, folder: string): Generator<readonly [string, string]> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!PASSED_OVER.has(entry.name)) yield* sheetsBelow(root, path);
    } else if (entry.name.endsWith('.css')) yield [path, readFileSync(join(root, path), 'utf8')];
  }
}

/** Style sheets of the checkout, with their paths in it. */
export function* sheets(root: string): Generator<readonly [string, string]> {
  for (const folder of FOLDERS) yield* sheetsBelow(root, folder);
}

if (argv[1] !== undefined && relative(argv[1], fileURLToPath(import.meta.url)) === '') {
  const found = definedTwice(sheets(join(import.meta.dirname, '../..')));
  for (const each of found) stdout.write(`a class of two features: ${each}\n`);
  exit(found.length === 0 ? 0 : 1);
}
