import { Marked, type Token, type Tokens } from 'marked';
import type { Mark, Node as DocNode } from 'prosemirror-model';
import { EVERYBODY, plainName, safeHref, schema, userOfLink } from './schema.ts';

/*
 * Markdown to the editor's document. The lexer's tokens are read, not its HTML; HTML in the source stays text.
 */

/** Emphasis that CommonMark does not see beside Chinese punctuation: **重点：**内容 */
const STRONG = /^\*\*(?![\s*])((?:\\.|[^*\\]|\*(?!\*))+?)(?<![\s\\])\*\*(?!\*)/u;

/** Before a sign of emphasis: a letter or figure, of which words are made that are written apart. */
const WITHIN_WORD = /[\p{Script=Latin}\p{N}]$/u;

const marked = new Marked({
  gfm: true,
  breaks: true,
  tokenizer: {
    // 2*3*4 is a sum; false: as the library does it.
    emStrong: (_source, _masked, before = '') => (WITHIN_WORD.test(before) ? undefined : false),
  },
  extensions: [
    {
      name: 'strong',
      level: 'inline',
      start: (source: string) => {
        const at = source.indexOf('**');
        return at === -1 ? undefined : at;
      },
      tokenizer(source: string, before: Token[]) {
        const [raw, text] = STRONG.exec(source) ?? [];
        if (raw === undefined || text === undefined) return undefined;
        if (WITHIN_WORD.test(before.at(-1)?.raw ?? '')) return { type: 'text', raw: '**', text: '**' };
        return { type: 'strong', raw, text, tokens: this.lexer.inlineTokens(text) };
      },
    },
  ],
});

const MARKS: Readonly<Record<string, string>> = { strong: 'strong', em: 'em', del: 'strike' };

const textNodes = (text: string, marks: readonly Mark[]): DocNode[] =>
  text
    .split('\n')
    .flatMap((line, index) => [
      ...(index > 0 ? [schema.node('hard_break')] : []),
      ...line
        .split(/(?<![\p{L}\p{N}_@])(@room)(?![\p{L}\p{N}_:])/u)
        .flatMap((part) =>
          part === ''
            ? []
            : part === EVERYBODY
              ? [schema.node('mention', { id: EVERYBODY, name: EVERYBODY })]
              : [schema.text(part, marks)],
        ),
    ]);

function inlines(tokens: readonly Token[] | undefined, marks: readonly Mark[]): DocNode[] {
  return (tokens ?? []).flatMap((token): DocNode[] => {
    switch (token.type) {
      case 'strong':
      case 'em':
      case 'del': {
        const mark = schema.mark(MARKS[token.type] ?? 'em');
        return inlines((token as Tokens.Strong).tokens, mark.addToSet(marks));
      }
      case 'codespan':
        return [schema.text((token as Tokens.Codespan).text || ' ', schema.mark('code').addToSet(marks))];
      case 'br':
        return [schema.node('hard_break')];
      case 'link': {
        const { href, text, raw, tokens: inner } = token as Tokens.Link;
        const user = userOfLink(href);
        if (user !== undefined && raw.startsWith('['))
          return [schema.node('mention', { id: user, name: plainName(plainOf(inner)) || user })];
        const safe = safeHref(href);
        // Everybody's client makes a link of a bare address by itself.
        if (safe === undefined || !raw.startsWith('['))
          return textNodes(raw.startsWith('[') ? text : raw, marks);
        return inlines(inner, schema.mark('link', { href: safe }).addToSet(marks));
      }
      case 'image': {
        const { href, text } = token as Tokens.Image;
        const safe = safeHref(href);
        const shown = text || href;
        if (shown === '') return [];
        return [
          schema.text(
            shown,
            safe === undefined ? marks : schema.mark('link', { href: safe }).addToSet(marks),
          ),
        ];
      }
      case 'text':
        return inlinesOf(token as Tokens.Text, marks);
      case 'escape':
        return textNodes((token as Tokens.Escape).text, marks);
      default:
        return textNodes(token.raw, marks);
    }
  });
}

const inlinesOf = ({ tokens, text }: Tokens.Text, marks: readonly Mark[]): DocNode[] =>
  tokens ? inlines(tokens, marks) : textNodes(text, marks);

const plainOf = (tokens: readonly Token[]): string =>
  inlines(tokens, [])
    .map((node) => node.textContent)
    .join('');

/** A table; one whose heads are all empty has none (Markdown knows no other way to say so). */
function tableOf({ header, rows }: Tokens.Table): DocNode {
  const row = (cells: readonly Tokens.TableCell[], isHeader: boolean): DocNode =>
    schema.node(
      'table_row',
      null,
      cells.map(({ tokens }) =>
        schema.node('table_cell', { header: isHeader }, [
          schema.node('paragraph', null, inlines(tokens, [])),
        ]),
      ),
    );
  const hasHeader = rows.length === 0 || header.some(({ text }) => text !== '');
  return schema.node('table', null, [
    ...(hasHeader ? [row(header, true)] : []),
    ...rows.map((cells) => row(cells, false)),
  ]);
}

function blocks(tokens: readonly Token[]): DocNode[] {
  return tokens.flatMap((token): DocNode[] => {
    switch (token.type) {
      case 'space':
      case 'def':
        return [];
      case 'heading': {
        const { depth, tokens: inner } = token as Tokens.Heading;
        return [schema.node('heading', { level: depth }, inlines(inner, []))];
      }
      case 'code': {
        const { text, lang } = token as Tokens.Code;
        const language = /^[\w+#-]{1,30}/.exec(lang ?? '')?.[0] ?? '';
        return [schema.node('code_block', { language }, text === '' ? [] : [schema.text(text)])];
      }
      case 'hr':
        return [schema.node('horizontal_rule')];
      case 'blockquote':
        return [schema.node('blockquote', null, atLeastOne(blocks((token as Tokens.Blockquote).tokens)))];
      case 'list': {
        const { ordered, start, items } = token as Tokens.List;
        const made = items.map((item) => {
          const box = item.task ? [schema.text(item.checked === true ? '☑ ' : '☐ ')] : [];
          const inner = blocks(item.tokens.filter((each) => each.type !== 'checkbox'));
          const first = inner[0]?.type.name === 'paragraph' ? inner.shift() : undefined;
          const paragraph = schema.node('paragraph', null, [...box, ...(first ? first.content.content : [])]);
          return schema.node('list_item', null, [paragraph, ...inner]);
        });
        return ordered
          ? [schema.node('ordered_list', { order: start === '' ? 1 : start }, made)]
          : [schema.node('bullet_list', null, made)];
      }
      case 'paragraph':
      case 'text': {
        return [schema.node('paragraph', null, inlinesOf(token as Tokens.Text, []))];
      }
      case 'table':
        return [tableOf(token as Tokens.Table)];
      default:
        return [schema.node('paragraph', null, textNodes(token.raw.trimEnd(), []))];
    }
  });
}

const atLeastOne = (made: DocNode[]): DocNode[] => (made.length > 0 ? made : [schema.node('paragraph')]);

/** Markdown (GFM, line ends count) as a document. */
export function documentOfMarkdown(source: string): DocNode {
  return schema.node('doc', null, atLeastOne(blocks(marked.lexer(source))));
}
