import { Schema, type DOMOutputSpec, type Node as DocNode } from 'prosemirror-model';

/*
 * What a message may hold. Everything that comes in (pasted HTML, an own message of another client, Markdown) is
 * read into this schema, and everything that goes out is written from it: what it does not know does not exist.
 */

const LINK_PROTOCOLS = new Set(['http:', 'https:', 'mailto:', 'tel:', 'matrix:']);
const MAX_NAME = 100;

/** An address that a link may lead to, or undefined: never a script. */
export function safeHref(href: string | null | undefined): string | undefined {
  if (href === null || href === undefined) return undefined;
  // Browsers leave control characters out when they read an address.
  const trimmed = href.replaceAll(/[\p{Cc}\s]/gu, '');
  try {
    return LINK_PROTOCOLS.has(new URL(trimmed).protocol) ? trimmed : undefined;
  } catch {
    return undefined;
  }
}

const LINK_OF_USER = 'https://matrix.to/#/';
const USER_ID = /^@[^/?#\s]+:[^/?#\s]+$/;
const ROOM_MENTION = '@room';

/** The user id that a link to a person is about, or undefined. */
export function userOfLink(href: string | null | undefined): string | undefined {
  if (!href?.startsWith(LINK_OF_USER)) return undefined;
  try {
    const id = decodeURIComponent(href.slice(LINK_OF_USER.length).split('?', 1)[0] ?? '');
    return USER_ID.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

/** The link that stands for a person in a message (`matrix.to`). */
export const linkOfUser = (userId: string): string =>
  LINK_OF_USER + encodeURIComponent(userId).replaceAll('%40', '@').replaceAll('%3A', ':');

/** A name without characters that would hide or turn round what follows. */
export const plainName = (name: string): string =>
  name
    .replaceAll(/[\p{Cc}\p{Cf}\n]/gu, '')
    .trim()
    .slice(0, MAX_NAME);

/** The node of everybody in the room has this for its id. */
export const EVERYBODY = ROOM_MENTION;

export const schema = new Schema({
  nodes: {
    doc: { content: 'block+' },
    paragraph: {
      content: 'inline*',
      group: 'block',
      parseDOM: [{ tag: 'p' }],
      toDOM: (): DOMOutputSpec => ['p', 0],
    },
    blockquote: {
      content: 'block+',
      group: 'block',
      defining: true,
      parseDOM: [{ tag: 'blockquote' }],
      toDOM: (): DOMOutputSpec => ['blockquote', 0],
    },
    heading: {
      attrs: { level: { default: 1, validate: 'number' } },
      content: 'inline*',
      group: 'block',
      defining: true,
      parseDOM: [1, 2, 3, 4, 5, 6].map((level) => ({ tag: `h${String(level)}`, attrs: { level } })),
      toDOM: (node): DOMOutputSpec => [`h${String(node.attrs['level'])}`, 0],
    },
    code_block: {
      attrs: { language: { default: '', validate: 'string' } },
      content: 'text*',
      marks: '',
      group: 'block',
      code: true,
      defining: true,
      parseDOM: [
        {
          tag: 'pre',
          preserveWhitespace: 'full',
          getAttrs: (pre) => ({
            language: /language-([\w+#-]{1,30})/.exec(pre.querySelector('code')?.className ?? '')?.[1] ?? '',
          }),
        },
      ],
      toDOM: (): DOMOutputSpec => ['pre', ['code', 0]],
    },
    horizontal_rule: {
      group: 'block',
      parseDOM: [{ tag: 'hr' }],
      toDOM: (): DOMOutputSpec => ['hr'],
    },
    bullet_list: {
      content: 'list_item+',
      group: 'block',
      parseDOM: [{ tag: 'ul' }],
      toDOM: (): DOMOutputSpec => ['ul', 0],
    },
    ordered_list: {
      attrs: { order: { default: 1, validate: 'number' } },
      content: 'list_item+',
      group: 'block',
      parseDOM: [
        {
          tag: 'ol',
          getAttrs: (list) => ({
            order: Math.max(0, Math.trunc(Number(list.getAttribute('start') ?? 1))) || 1,
          }),
        },
      ],
      toDOM: (node): DOMOutputSpec => ['ol', { start: String(node.attrs['order']) }, 0],
    },
    list_item: {
      content: 'paragraph block*',
      defining: true,
      parseDOM: [{ tag: 'li' }],
      toDOM: (): DOMOutputSpec => ['li', 0],
    },
    table: {
      content: 'table_row+',
      group: 'block',
      isolating: true,
      parseDOM: [{ tag: 'table' }],
      toDOM: (): DOMOutputSpec => ['table', ['tbody', 0]],
    },
    table_row: {
      content: 'table_cell+',
      parseDOM: [{ tag: 'tr' }],
      toDOM: (): DOMOutputSpec => ['tr', 0],
    },
    table_cell: {
      attrs: { header: { default: false, validate: 'boolean' } },
      content: 'paragraph+',
      isolating: true,
      parseDOM: [{ tag: 'td' }, { tag: 'th', attrs: { header: true } }],
      toDOM: (node): DOMOutputSpec => [node.attrs['header'] === true ? 'th' : 'td', 0],
    },
    text: { group: 'inline' },
    hard_break: {
      inline: true,
      group: 'inline',
      selectable: false,
      linebreakReplacement: true,
      parseDOM: [{ tag: 'br' }],
      toDOM: (): DOMOutputSpec => ['br'],
    },
    mention: {
      inline: true,
      group: 'inline',
      atom: true,
      selectable: true,
      attrs: { id: { validate: 'string' }, name: { validate: 'string' } },
      leafText: (node: DocNode) => mentionText(node),
      parseDOM: [
        {
          tag: 'span[data-mention]',
          priority: 70,
          getAttrs: (span) => {
            const id = span.getAttribute('data-mention') ?? '';
            if (id !== ROOM_MENTION && userOfLink(linkOfUser(id)) === undefined) return false;
            return { id, name: plainName(span.textContent).replace(/^@/, '') || id };
          },
        },
        {
          tag: 'a[href]',
          priority: 60,
          getAttrs: (link) => {
            const id = userOfLink(link.getAttribute('href'));
            return id === undefined
              ? false
              : { id, name: plainName(link.textContent).replace(/^@/, '') || id };
          },
        },
      ],
      toDOM: (node): DOMOutputSpec => [
        'span',
        { 'data-mention': node.attrs['id'] as string, class: 'c-mention' },
        mentionText(node),
      ],
    },
  },
  marks: {
    link: {
      attrs: { href: { validate: 'string' } },
      inclusive: false,
      parseDOM: [
        {
          tag: 'a[href]',
          getAttrs: (link) => {
            const href = safeHref(link.getAttribute('href'));
            return href === undefined ? false : { href };
          },
        },
      ],
      toDOM: (mark): DOMOutputSpec => [
        'a',
        { href: mark.attrs['href'] as string, rel: 'noreferrer noopener', tabindex: '-1' },
        0,
      ],
    },
    strong: {
      parseDOM: [
        { tag: 'strong' },
        // Some pages wrap everything in a <b> that is not bold.
        { tag: 'b', getAttrs: (node) => node.style.fontWeight !== 'normal' && null },
      ],
      toDOM: (): DOMOutputSpec => ['strong', 0],
    },
    em: {
      parseDOM: [{ tag: 'em' }, { tag: 'i', getAttrs: (node) => node.style.fontStyle !== 'normal' && null }],
      toDOM: (): DOMOutputSpec => ['em', 0],
    },
    strike: {
      parseDOM: [{ tag: 'del' }, { tag: 's' }, { tag: 'strike' }],
      toDOM: (): DOMOutputSpec => ['del', 0],
    },
    code: {
      excludes: '_',
      parseDOM: [{ tag: 'code' }],
      toDOM: (): DOMOutputSpec => ['code', 0],
    },
  },
});

/** What a mention shows. */
export function mentionText(node: DocNode): string {
  const { id, name } = node.attrs as { id: string; name: string };
  return id === ROOM_MENTION ? ROOM_MENTION : `@${name}`;
}
