import { Fragment, type ReactNode } from 'react';
import { inertDocument } from '../../matrix/inert-html.ts';
import { CodeBlock } from './CodeBlock.tsx';
import { Spoiler } from './Spoiler.tsx';
import { Linked, MessageLink } from './MessageLink.tsx';
import { safeHref } from './linkify.ts';

/*
 * Formatted bodies are parsed into a document that runs and loads nothing, and what is on the list below is built
 * anew as React elements: no HTML of a stranger is ever put into the page, so there is nothing to escape from.
 */

/** Elements that are shown (client-server API, `m.room.message` msgtypes), by what is made of them. */
const PLAIN = new Set<string>([
  ...[
    'del',
    'h1',
    'h2',
    'h3',
    'h4',
    'h5',
    'h6',
    'blockquote',
    'p',
    'ul',
    'ol',
    'sup',
    'sub',
    'li',
    'b',
    'i',
    'u',
  ],
  ...[
    'strong',
    'em',
    's',
    'strike',
    'code',
    'hr',
    'br',
    'div',
    'table',
    'thead',
    'tbody',
    'tfoot',
    'tr',
    'th',
    'td',
  ],
  ...['caption', 'details', 'summary', 'span', 'font'],
]);
const VOID = new Set(['hr', 'br']);
/** Elements that go with all they hold. */
const DROPPED = new Set([
  ...['script', 'style', 'head', 'title', 'template', 'noscript', 'iframe', 'object', 'embed', 'svg', 'math'],
  ...['mx-reply', 'textarea', 'select', 'form', 'input', 'button', 'audio', 'video', 'canvas'],
]);
const DEPTH = 60;
const MOST_NODES = 5000;
/** React takes a few of HTML's names for others. */
const RENAMED: Readonly<Record<string, keyof React.JSX.IntrinsicElements>> = {
  font: 'span',
  strike: 's',
  // One heading of a message must not be one of the page.
  h1: 'p',
  h2: 'p',
  h3: 'p',
  h4: 'p',
  h5: 'p',
  h6: 'p',
};

interface Walk {
  nodes: number;
}

const attribute = (element: Element, name: string): string | undefined =>
  element.getAttribute(name) ?? undefined;

function propsOf(element: Element, name: string): Record<string, unknown> {
  const props: Record<string, unknown> = {};
  if (/^h[1-6]$/.test(name)) props['className'] = 'c-html__heading';
  const start = name === 'ol' ? Number(attribute(element, 'start')) : NaN;
  if (Number.isInteger(start) && Math.abs(start) < 1_000_000) props['start'] = start;
  if (name === 'span' || name === 'font') {
    const colour =
      attribute(element, 'data-mx-color') ?? (name === 'font' ? attribute(element, 'color') : undefined);
    if (colour !== undefined && /^#[0-9a-f]{6}$/i.test(colour)) props['style'] = { color: colour };
  }
  if (name === 'table') props['className'] = 'c-html__table';
  return props;
}

function children(parent: Node, walk: Walk, depth: number): ReactNode[] {
  return [...parent.childNodes].map((node, index) => (
    <Fragment key={index}>{build(node, walk, depth)}</Fragment>
  ));
}

/** The nodes are of another window. */
const isElement = (node: Node): node is Element => node.nodeType === Node.ELEMENT_NODE;

function build(node: Node, walk: Walk, depth: number): ReactNode {
  if (++walk.nodes > MOST_NODES) return null;
  if (node.nodeType === Node.TEXT_NODE) {
    const text = node.nodeValue ?? '';
    const within = node.parentElement?.closest('a, code, pre');
    return within ? text : <Linked text={text} />;
  }
  if (!isElement(node)) return null;
  const name = node.localName;
  if (DROPPED.has(name)) return null;
  if (depth > DEPTH) return node.textContent;
  switch (name) {
    case 'a': {
      const href = safeHref(attribute(node, 'href') ?? '');
      return href === undefined ? (
        children(node, walk, depth + 1)
      ) : (
        <MessageLink href={href} text={node.textContent}>
          {children(node, walk, depth + 1)}
        </MessageLink>
      );
    }
    // Pictures in texts would be loaded from anywhere: their words stand for them.
    case 'img':
      return attribute(node, 'alt') ?? attribute(node, 'title') ?? null;
    case 'pre': {
      const code = node.querySelector('code');
      const language = /(?:^|\s)language-([\w+#.-]{1,30})/.exec(code?.className ?? '')?.[1];
      return <CodeBlock code={node.textContent} language={language} />;
    }
    case 'span':
      if (node.hasAttribute('data-mx-spoiler')) {
        return (
          <Spoiler reason={attribute(node, 'data-mx-spoiler')}>{children(node, walk, depth + 1)}</Spoiler>
        );
      }
      break;
    default:
  }
  if (!PLAIN.has(name)) return children(node, walk, depth + 1);
  const Tag = RENAMED[name] ?? (name as keyof React.JSX.IntrinsicElements);
  const props = propsOf(node, name);
  if (VOID.has(name)) return <Tag {...props} />;
  // Text between the rows of a table is not allowed there.
  const inner = ['table', 'thead', 'tbody', 'tfoot', 'tr'].includes(name)
    ? [...node.children].map((child, index) => (
        <Fragment key={index}>{build(child, walk, depth + 1)}</Fragment>
      ))
    : children(node, walk, depth + 1);
  return <Tag {...props}>{inner}</Tag>;
}

/** A formatted body as elements of ours. */
export function renderHtml(html: string): ReactNode {
  return children(inertDocument(html).body, { nodes: 0 }, 0);
}
