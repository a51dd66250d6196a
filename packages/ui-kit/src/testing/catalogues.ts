import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

type Texts = Record<string, unknown>;

/** Leaves of a catalogue as `a.b.c`; the plural ending is not part of a key. */
function flatten(texts: Texts, before = ''): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [name, value] of Object.entries(texts)) {
    const key = before === '' ? name : `${before}.${name}`;
    if (typeof value === 'string') flat.set(key.replace(/_(zero|one|two|few|many|other)$/, ''), value);
    else for (const [inner, text] of flatten(value as Texts, key)) flat.set(inner, text);
  }
  return flat;
}

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'testing' && entry.name !== 'node_modules') yield* sources(path);
    } else if (/\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name)) yield path;
  }
}

const placeholders = (text: string): string =>
  [...text.matchAll(/\{\{(\w+)\}\}/g)]
    .map((match) => match[1])
    .sort()
    .join();

/** Attributes that a person reads or hears. */
const SPOKEN = new Set(['title', 'label', 'placeholder', 'aria-label', 'alt', 'intro', 'help']);
/** A text has a word: signs and arrows alone are none. */
const WORD = /\p{L}{2,}/u;

/**
 * What is wrong with the texts of one namespace, one line each: keys of only one language, keys that are used
 * and missing, different placeholders, and texts that are written into a view.
 * @param folder holds `strings/` and the sources
 */
export function catalogueProblems(namespace: string, folder: string): string[] {
  const read = (name: string): Map<string, string> =>
    flatten(JSON.parse(readFileSync(join(folder, 'strings', name), 'utf8')) as Texts);
  const en = read('en.json');
  const zh = read('zh_Hans.json');
  const problems: string[] = [];
  for (const key of en.keys()) if (!zh.has(key)) problems.push(`zh_Hans lacks ${key}`);
  for (const [key, text] of zh) {
    const other = en.get(key);
    if (other === undefined) problems.push(`en lacks ${key}`);
    else if (placeholders(text) !== placeholders(other)) problems.push(`${key}: placeholders differ`);
  }
  const has = (key: string): boolean => en.has(key);
  const hasBelow = (begin: string): boolean => [...en.keys()].some((key) => key.startsWith(begin));

  for (const path of sources(folder)) {
    const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
    const name = path.slice(folder.length + 1);
    const own = (key: string): string | undefined =>
      key.includes(':')
        ? key.startsWith(`${namespace}:`)
          ? key.slice(namespace.length + 1)
          : undefined
        : key;
    // In this file `t` belongs to the namespace that the file asks for.
    const asked = /useText\('(\w+)'\)/.exec(file.text)?.[1] ?? namespace;
    const check = (argument: ts.Expression): void => {
      if (ts.isStringLiteralLike(argument)) {
        const key = own(argument.text);
        if (key !== undefined && (asked === namespace || argument.text.includes(':')) && !has(key)) {
          problems.push(`${name}: ${argument.text} is missing`);
        }
      } else if (ts.isTemplateExpression(argument)) {
        const begin = own(argument.head.text);
        if (begin !== undefined && asked === namespace && begin !== '' && !hasBelow(begin)) {
          problems.push(`${name}: nothing below ${begin}`);
        }
      } else if (ts.isConditionalExpression(argument)) {
        check(argument.whenTrue);
        check(argument.whenFalse);
      }
    };
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && node.arguments[0]) {
        const called = node.expression;
        if (
          (ts.isIdentifier(called) && called.text === 't') ||
          (ts.isPropertyAccessExpression(called) && called.name.text === 't')
        ) {
          check(node.arguments[0]);
        }
      }
      if (ts.isJsxText(node) && WORD.test(node.text)) problems.push(`${name}: text “${node.text.trim()}”`);
      if (
        ts.isJsxAttribute(node) &&
        SPOKEN.has(node.name.getText(file)) &&
        node.initializer &&
        ts.isStringLiteral(node.initializer) &&
        WORD.test(node.initializer.text)
      ) {
        problems.push(`${name}: ${node.name.getText(file)} “${node.initializer.text}”`);
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return problems;
}
