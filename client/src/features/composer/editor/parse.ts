import { DOMParser as DocParser, Fragment, Slice, type Node as DocNode } from 'prosemirror-model';
import { inertDocument, inertSource } from '../../../matrix/inert-html.ts';
import { schema } from './schema.ts';
import { readTables } from './tables.ts';

const parser = DocParser.fromSchema(schema);
/** Never read, not even their text. */
const DROPPED =
  'mx-reply, script, style, head, title, template, noscript, iframe, object, svg, math, textarea, select';

/**
 * HTML from anywhere as a document of the schema. It is read in a document that is not shown: nothing runs and
 * nothing is loaded.
 */
export function documentOfHtml(html: string): DocNode {
  const inert = inertDocument(html);
  for (const node of inert.querySelectorAll(DROPPED)) node.remove();
  readTables(inert);
  return parser.parse(inert.body);
}

/** HTML that is pasted, for the editor's own reader: nothing in it acts, and tables are such as the schema has. */
export function pastedSource(html: string): string {
  const inert = inertDocument(inertSource(html));
  readTables(inert);
  return inert.body.innerHTML;
}

/** A text as a document: line ends stay. */
export function documentOfText(text: string): DocNode {
  return schema.node('doc', null, [schema.node('paragraph', null, lines(text))]);
}

/** A text as it is pasted into a line. */
export const sliceOfText = (text: string): Slice =>
  new Slice(Fragment.from(schema.node('paragraph', null, lines(text))), 1, 1);

function lines(text: string): DocNode[] {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .split('\n')
    .flatMap((line, index) => [
      ...(index > 0 ? [schema.node('hard_break')] : []),
      ...(line === '' ? [] : [schema.text(line)]),
    ]);
}

/** A document that was kept, or undefined where it is none any more. */
export function documentOfJson(value: unknown): DocNode | undefined {
  try {
    const doc = schema.nodeFromJSON(value);
    doc.check();
    return doc.type.name === 'doc' ? doc : undefined;
  } catch {
    return undefined;
  }
}
