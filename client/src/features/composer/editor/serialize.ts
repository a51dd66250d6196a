import type { Mark, Node as DocNode } from 'prosemirror-model';
import type { WrittenText } from '../../../matrix/sender-content.ts';
import { EVERYBODY, linkOfUser, schema } from './schema.ts';

/* From the editor's document to a message: by string alone, so that nothing depends on a browser's HTML. */

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const HTML_MARKS: Readonly<Record<string, readonly [open: string, close: string]>> = {
  strong: ['<strong>', '</strong>'],
  em: ['<em>', '</em>'],
  strike: ['<del>', '</del>'],
  code: ['<code>', '</code>'],
};
const MARKDOWN_MARKS: Readonly<Record<string, string>> = { strong: '**', em: '*', strike: '~~' };

/** Equal to no other. */
const NO_MARK = schema.mark('link', { href: '' });

const children = (node: DocNode): DocNode[] => [...node.content.content];

const attr = (node: DocNode | Mark, name: string): string => String(node.attrs[name]);

function markTags(mark: Mark): readonly [open: string, close: string] {
  if (mark.type.name === 'link') return [`<a href="${escapeHtml(attr(mark, 'href'))}">`, '</a>'];
  return HTML_MARKS[mark.type.name] ?? ['', ''];
}

/** Walks the inline content with marks opened and closed as they begin and end. */
function inline(
  parent: DocNode,
  leaf: (node: DocNode) => string,
  tags: (mark: Mark, between: string) => readonly [open: string, close: string],
): string {
  let text = '';
  const open: { mark: Mark; end: string }[] = [];
  const closeTo = (count: number): void => {
    while (open.length > count) text += open.pop()?.end ?? '';
  };
  for (const node of children(parent)) {
    let same = 0;
    while (same < open.length && open[same]?.mark.eq(node.marks[same] ?? NO_MARK)) same++;
    closeTo(same);
    for (const mark of node.marks.slice(same)) {
      const [begin, end] = tags(mark, node.text ?? '');
      text += begin;
      open.push({ mark, end });
    }
    text += leaf(node);
  }
  closeTo(0);
  return text;
}

const inlineHtml = (parent: DocNode): string =>
  inline(
    parent,
    (node) => {
      switch (node.type.name) {
        case 'text':
          return escapeHtml(node.text ?? '').replaceAll('\n', '<br>');
        case 'hard_break':
          return '<br>';
        case 'mention':
          return attr(node, 'id') === EVERYBODY
            ? EVERYBODY
            : `<a href="${escapeHtml(linkOfUser(attr(node, 'id')))}">${escapeHtml(attr(node, 'name'))}</a>`;
        default:
          return '';
      }
    },
    markTags,
  );

function blockHtml(node: DocNode, bare: boolean): string {
  switch (node.type.name) {
    case 'paragraph':
      return bare ? inlineHtml(node) : `<p>${inlineHtml(node)}</p>`;
    case 'heading':
      return `<h${attr(node, 'level')}>${inlineHtml(node)}</h${attr(node, 'level')}>`;
    case 'code_block': {
      const language = attr(node, 'language');
      const named = language === '' ? '' : ` class="language-${escapeHtml(language)}"`;
      return `<pre><code${named}>${escapeHtml(node.textContent)}\n</code></pre>`;
    }
    case 'horizontal_rule':
      return '<hr>';
    case 'blockquote':
      return `<blockquote>${blocksHtml(node)}</blockquote>`;
    case 'bullet_list':
      return `<ul>${children(node).map(itemHtml).join('')}</ul>`;
    case 'ordered_list': {
      const start = attr(node, 'order') === '1' ? '' : ` start="${attr(node, 'order')}"`;
      return `<ol${start}>${children(node).map(itemHtml).join('')}</ol>`;
    }
    case 'table': {
      const rows = children(node);
      const head = hasHeader(node) ? rows.splice(0, 1) : [];
      const part = (name: string, of: readonly DocNode[]): string =>
        of.length === 0 ? '' : `<${name}>${of.map(rowHtml).join('')}</${name}>`;
      return `<table>${part('thead', head)}${part('tbody', rows)}</table>`;
    }
    default:
      return '';
  }
}

/** Whether the first row of a table names the columns. */
const hasHeader = (table: DocNode): boolean =>
  children(table.child(0)).every((cell) => cell.attrs['header'] === true);

const rowHtml = (row: DocNode): string =>
  `<tr>${children(row)
    .map((cell) => {
      const name = cell.attrs['header'] === true ? 'th' : 'td';
      return `<${name}>${children(cell).map(inlineHtml).join('<br>')}</${name}>`;
    })
    .join('')}</tr>`;

const itemHtml = (item: DocNode): string =>
  `<li>${children(item)
    .map((block, index) => blockHtml(block, index === 0 && block.type.name === 'paragraph'))
    .join('')}</li>`;

function blocksHtml(node: DocNode): string {
  const blocks = children(node);
  return blocks.map((block) => blockHtml(block, blocks.length === 1)).join('');
}

/** What would be read as Markdown in a plain text, made not to. */
function escapeMarkdown(text: string): string {
  return text
    .replaceAll(/[\\`*[\]~<]/g, '\\$&')
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
    .replaceAll(/^(\s*)([#>+-]|\d+[.)])(?=\s|$)/gm, (_all, blank: string, sign: string) =>
      /\d/.test(sign) ? `${blank}${sign.slice(0, -1)}\\${sign.slice(-1)}` : `${blank}\\${sign}`,
    );
}

/** A fence longer than any run of backticks within. */
const fence = (text: string, least: number): string => {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  return '`'.repeat(longest < least ? least : longest + 1);
};

interface MarkdownOptions {
  /** To be read again as Markdown: signs are escaped, mentions are links. Else it is for people. */
  readonly exact: boolean;
}

function inlineMarkdown(parent: DocNode, options: MarkdownOptions): string {
  return inline(
    parent,
    (node) => {
      switch (node.type.name) {
        case 'text': {
          const text = node.text ?? '';
          if (node.marks.some((mark) => mark.type.name === 'code')) return text;
          return options.exact ? escapeMarkdown(text) : text;
        }
        case 'hard_break':
          return '\n';
        case 'mention': {
          const [id, name] = [attr(node, 'id'), attr(node, 'name')];
          if (id === EVERYBODY) return EVERYBODY;
          return options.exact ? `[${escapeMarkdown(name)}](${linkOfUser(id)})` : name;
        }
        default:
          return '';
      }
    },
    (mark, between) => {
      if (mark.type.name === 'link') {
        return [
          '[',
          `](${attr(mark, 'href').replaceAll(/[()\\]/g, (sign) => (encodeURIComponent(sign) === sign ? `%${sign.charCodeAt(0).toString(16)}` : encodeURIComponent(sign)))})`,
        ];
      }
      if (mark.type.name === 'code') {
        const sign = fence(between, 1);
        return [sign, sign];
      }
      const sign = MARKDOWN_MARKS[mark.type.name] ?? '';
      return [sign, sign];
    },
  );
}

const indent = (text: string, first: string, rest: string): string =>
  text
    .split('\n')
    .map((line, index) => (index === 0 ? first + line : line === '' ? '' : rest + line))
    .join('\n');

/** A row as a line; lines within a cell become one, as Markdown has no others. */
const rowMarkdown = (row: DocNode, columns: number, options: MarkdownOptions): string => {
  const cells = children(row).map((cell) =>
    children(cell)
      .map((line) => inlineMarkdown(line, options))
      .join(' ')
      .replaceAll('\n', ' ')
      .replaceAll('|', '\\|')
      .trim(),
  );
  return `|${Array.from({ length: columns }, (_, at) => ` ${cells[at] ?? ''} `).join('|')}|`;
};

function tableMarkdown(table: DocNode, options: MarkdownOptions): string {
  const columns = Math.max(...children(table).map(({ childCount }) => childCount));
  const rows = children(table).map((row) => rowMarkdown(row, columns, options));
  const line = `|${' --- |'.repeat(columns)}`;
  if (hasHeader(table)) return [rows[0], line, ...rows.slice(1)].join('\n');
  // People read the rows; Markdown is none without a head.
  return options.exact ? [`|${'  |'.repeat(columns)}`, line, ...rows].join('\n') : rows.join('\n');
}

function blockMarkdown(node: DocNode, options: MarkdownOptions): string {
  switch (node.type.name) {
    case 'paragraph':
      return inlineMarkdown(node, options);
    case 'heading':
      return `${'#'.repeat(Number(node.attrs['level']))} ${inlineMarkdown(node, options)}`;
    case 'code_block': {
      const text = node.textContent;
      const sign = fence(text, 3);
      return `${sign}${attr(node, 'language')}\n${text}\n${sign}`;
    }
    case 'horizontal_rule':
      return '---';
    case 'blockquote':
      return blocksMarkdown(node, options)
        .split('\n')
        .map((line) => (line === '' ? '>' : `> ${line}`))
        .join('\n');
    case 'bullet_list':
      return children(node)
        .map((item) => indent(blocksMarkdown(item, options, '\n'), '- ', '  '))
        .join('\n');
    case 'ordered_list':
      return children(node)
        .map((item, index) => {
          const sign = `${String(Number(node.attrs['order']) + index)}. `;
          return indent(blocksMarkdown(item, options, '\n'), sign, ' '.repeat(sign.length));
        })
        .join('\n');
    case 'table':
      return tableMarkdown(node, options);
    // Parts of a table that are copied.
    case 'table_row':
      return rowMarkdown(node, node.childCount, options);
    case 'table_cell':
      return blocksMarkdown(node, options);
    default:
      return '';
  }
}

const blocksMarkdown = (node: DocNode, options: MarkdownOptions, between = '\n\n'): string =>
  children(node)
    .map((block) => blockMarkdown(block, options))
    .join(between);

/** The document as Markdown that is read back to the same document. */
export const markdownOf = (doc: DocNode): string => blocksMarkdown(doc, { exact: true });

/** The document for people without formatting: the message's `body`, the preview of a draft. */
export const plainTextOf = (doc: DocNode): string => blocksMarkdown(doc, { exact: false }).trim();

/** Whether the document has anything that plain text has not. */
function isFormatted(doc: DocNode): boolean {
  let formatted = false;
  doc.descendants((node) => {
    if (node.marks.length > 0 || node.type.name === 'mention') formatted = true;
    else if (node.isBlock && node.type.name !== 'paragraph') formatted = true;
    return !formatted;
  });
  return formatted;
}

/** Whether there is nothing to send. */
export function isBlank(doc: DocNode): boolean {
  let blank = true;
  doc.descendants((node) => {
    if (
      node.type.name === 'mention' ||
      node.type.name === 'horizontal_rule' ||
      (node.text ?? '').trim() !== ''
    )
      blank = false;
    return blank;
  });
  return blank;
}

/** Without the empty lines at the beginning and the end. */
function trimmed(doc: DocNode): DocNode {
  const blocks = children(doc);
  const empty = (node: DocNode | undefined): boolean =>
    node?.type.name === 'paragraph' && isBlank(node) && node.textContent.trim() === '';
  while (blocks.length > 1 && empty(blocks[0])) blocks.shift();
  while (blocks.length > 1 && empty(blocks.at(-1))) blocks.pop();
  return doc.type.create(null, blocks);
}

/** The message that the document is. */
export function messageOf(given: DocNode): WrittenText {
  const doc = trimmed(given);
  const userIds = new Set<string>();
  let room = false;
  doc.descendants((node) => {
    if (node.type.name !== 'mention') return;
    const id = attr(node, 'id');
    if (id === EVERYBODY) room = true;
    else userIds.add(id);
  });
  return {
    body: plainTextOf(doc),
    html: isFormatted(doc) ? blocksHtml(doc).replaceAll(/^(?:<br>)+|(?:<br>)+$/g, '') : undefined,
    userIds: [...userIds],
    room,
  };
}
