import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

/*
 * Every place of the sources that draws a window, a menu, a picker or an empty state, with the texts it can be told
 * by. A new one that no picture shows is found this way, whoever adds it and wherever.
 */

/** Where screens are. */
const FOLDERS = [
  'client/src',
  'admin/src',
  'packages/ui-kit/src',
  'appservices/org/ui',
  'appservices/notices/ui',
];
/** Components that draw one, by what it is called in a picture, and the property with its text. */
const COMPONENTS: Readonly<Record<string, readonly [kind: string, property: string]>> = {
  Dialog: ['dialog', 'title'],
  Drawer: ['dialog', 'title'],
  EmptyState: ['empty', 'title'],
  MenuButton: ['menu', 'label'],
};
/** Elements of the page itself that are one by their role. */
const ROLES: Readonly<Record<string, string>> = { dialog: 'dialog', menu: 'menu', listbox: 'list' };

/** A place that draws one. */
export interface Site {
  /** File and component: `client/src/features/composer/poll/PollDialog.tsx PollDialog`. */
  readonly where: string;
  readonly kind: string;
  /** Its texts in both languages as patterns; none where the text is what a person wrote. */
  readonly texts: readonly RegExp[];
}

interface Texts {
  readonly [key: string]: string | Texts;
}

function flatten(texts: Texts, before = ''): [string, string][] {
  return Object.entries(texts).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string'
      ? [[(before + name).replace(/_(zero|one|two|few|many|other)$/, ''), value]]
      : flatten(value, `${before}${name}.`),
  );
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!['node_modules', 'dist', 'test', 'testing'].includes(entry.name)) yield* filesBelow(path);
    } else yield path;
  }
}

/** Texts by `namespace:key`, each in both languages. */
function catalogues(root: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const namespaces: Record<string, string> = {
    'packages/ui-kit/src': 'kit',
    'admin/src': 'admin',
    'client/src/app': 'app',
    'client/src': 'client',
    'appservices/org/ui': 'org',
    'appservices/notices/ui': 'notices',
  };
  for (const folder of FOLDERS)
    for (const path of filesBelow(join(root, folder))) {
      if (!/strings\/\w+\.json$/.test(path)) continue;
      const of = relative(root, dirname(dirname(path)));
      const namespace = namespaces[of] ?? of.split('/').at(-1) ?? '';
      for (const [key, text] of flatten(JSON.parse(readFileSync(path, 'utf8')) as Texts)) {
        const name = `${namespace}:${key}`;
        found.set(name, [...(found.get(name) ?? []), text]);
      }
    }
  return found;
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
/** @param within the text is a part of what is said */
const asPattern = (text: string, within: boolean): RegExp => {
  const parts = text.split(/\{\{[^}]*\}\}/).map((part) => escaped(part));
  const pattern = parts.join('.*');
  return new RegExp(within ? pattern : `^${pattern}$`, 's');
};

/** The keys of texts that an expression can come to; a template stands for all that begin like it. */
function keysIn(node: ts.Node, namespace: string, known: ReadonlyMap<string, string[]>): string[] {
  const found: string[] = [];
  const full = (key: string): string => (key.includes(':') ? key : `${namespace}:${key}`);
  const take = (argument: ts.Node): void => {
    if (ts.isStringLiteralLike(argument)) found.push(full(argument.text));
    else if (ts.isTemplateExpression(argument)) {
      const begin = full(argument.head.text);
      const end = argument.templateSpans.at(-1)?.literal.text ?? '';
      found.push(...[...known.keys()].filter((key) => key.startsWith(begin) && key.endsWith(end)));
    } else if (ts.isConditionalExpression(argument)) [argument.whenTrue, argument.whenFalse].forEach(take);
  };
  const visit = (each: ts.Node): void => {
    const [first] = ts.isCallExpression(each) ? each.arguments : [];
    if (ts.isCallExpression(each) && first) {
      const { expression } = each;
      const name = ts.isIdentifier(expression)
        ? expression.text
        : ts.isPropertyAccessExpression(expression)
          ? expression.name.text
          : '';
      if (name === 't' || name === 'text') take(first);
    }
    ts.forEachChild(each, visit);
  };
  visit(node);
  return found.filter((key) => known.has(key));
}

/** The function, component or method around a node, by its name. */
function nameAround(node: ts.Node): { name: string; body: ts.Node } {
  for (let at: ts.Node = node; !ts.isSourceFile(at); at = at.parent) {
    if ((ts.isFunctionDeclaration(at) || ts.isMethodDeclaration(at)) && at.name)
      return { name: at.name.getText(), body: at };
    if (
      (ts.isVariableDeclaration(at) || ts.isPropertyDeclaration(at)) &&
      at.initializer &&
      ts.isArrowFunction(at.initializer)
    )
      return { name: at.name.getText(), body: at };
  }
  return { name: '', body: node.getSourceFile() };
}

/** All places that draw a window, a menu, a picker or an empty state. */
export function sitesOf(root: string): Site[] {
  const known = catalogues(root);
  const sites: Site[] = [];
  for (const folder of FOLDERS) {
    for (const path of filesBelow(join(root, folder))) {
      if (!/\.tsx?$/.test(path) || /\.test\.tsx?$/.test(path)) continue;
      const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
      const domain = /^appservices\/(\w+)/.exec(folder)?.[1] ?? '';
      const namespace = /useText\('(\w+)'\)/.exec(file.text)?.[1] ?? domain;
      const add = (kind: string, node: ts.Node, text: ts.Node | undefined): void => {
        const { name, body } = nameAround(node);
        let keys = text ? keysIn(text, namespace, known) : [];
        // A text that was made beside: in the same function.
        if (keys.length === 0 && text) {
          const wanted = text.getText().replaceAll(/^\{|\}$/g, '');
          const look = (each: ts.Node): void => {
            if (ts.isVariableDeclaration(each) && each.name.getText() === wanted && each.initializer)
              keys = keysIn(each.initializer, namespace, known);
            ts.forEachChild(each, look);
          };
          look(body);
        }
        const within =
          text !== undefined &&
          ts.isJsxExpression(text) &&
          text.expression?.kind === ts.SyntaxKind.TemplateExpression;
        sites.push({
          where: `${relative(root, path)} ${name}`,
          kind,
          texts: keys.flatMap((key) => (known.get(key) ?? []).map((each) => asPattern(each, within))),
        });
      };
      const attribute = (node: ts.JsxOpeningLikeElement, name: string): ts.JsxAttribute | undefined =>
        node.attributes.properties.find(
          (each): each is ts.JsxAttribute => ts.isJsxAttribute(each) && each.name.getText() === name,
        );
      const visit = (node: ts.Node): void => {
        if (ts.isJsxOpeningElement(node) || ts.isJsxSelfClosingElement(node)) {
          const tag = node.tagName.getText();
          const component = COMPONENTS[tag];
          const role = attribute(node, 'role')?.initializer;
          const kind = role && ts.isStringLiteral(role) ? ROLES[role.text] : undefined;
          if (component) add(component[0], node, attribute(node, component[1])?.initializer);
          // The browser's own window; one with a heading is drawn by `Dialog`.
          else if (tag === 'dialog' && attribute(node, 'aria-label'))
            add('dialog', node, attribute(node, 'aria-label')?.initializer);
          else if (kind !== undefined) add(kind, node, attribute(node, 'aria-label')?.initializer);
        }
        if (
          ts.isCallExpression(node) &&
          ts.isPropertyAccessExpression(node.expression) &&
          node.expression.name.text === 'ask' &&
          node.expression.expression.getText().endsWith('confirm') &&
          node.arguments[0]
        ) {
          const [question] = node.arguments;
          const title = ts.isObjectLiteralExpression(question)
            ? question.properties.find((each) => each.name?.getText() === 'title')
            : undefined;
          // Where the words are made beside, any of the function's may be the title.
          add('dialog', node, title ?? nameAround(node).body);
        }
        ts.forEachChild(node, visit);
      };
      visit(file);
    }
  }
  return sites;
}

/** Whether a picture that draws these shows the place. */
export const isDrawn = (site: Site, drawn: ReadonlySet<string>): boolean =>
  [...drawn].some((each) => {
    const [kind = '', ...name] = each.split(' ');
    return kind === site.kind && site.texts.some((text) => text.test(name.join(' ')));
  });
