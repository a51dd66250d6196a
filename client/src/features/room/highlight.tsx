import { common, createLowlight } from 'lowlight';
import { Fragment, type ReactNode } from 'react';

const lowlight = createLowlight(common);

interface HighlightNode {
  readonly type: string;
  readonly value?: string;
  readonly properties?: { readonly className?: unknown };
  readonly children?: readonly HighlightNode[];
}

const show = (node: HighlightNode): ReactNode => {
  if (node.type === 'text') return node.value;
  const inner = (node.children ?? []).map((child, index) => <Fragment key={index}>{show(child)}</Fragment>);
  const names = Array.isArray(node.properties?.className) ? node.properties.className.join(' ') : '';
  return node.type === 'element' ? <span className={names}>{inner}</span> : inner;
};

/** Code in colours, or undefined when the language is not known. */
export function highlight(code: string, language: string): ReactNode | undefined {
  const name = language.toLowerCase();
  if (!lowlight.registered(name)) return undefined;
  return show(lowlight.highlight(name, code));
}
