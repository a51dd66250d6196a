/*
 * HTML of strangers is parsed in a document that is not shown: nothing of it runs, and nothing is loaded. In a
 * document of the page Chromium nevertheless reports each event handler and `base` as a breach of the page's
 * policy, even in a template, and a console full of such reports hides the one that matters. The parser of a frame
 * that is gone has no policy to breach. So the source is read as it is, and never rewritten.
 */

let parser: DOMParser | undefined;

function inertParser(): DOMParser {
  if (parser) return parser;
  const frame = document.createElement('iframe');
  frame.hidden = true;
  document.documentElement.append(frame);
  const view = frame.contentWindow as (Window & typeof globalThis) | null;
  // Where there is no such thing, or it does not outlive its frame, the page's own: it costs reports at most.
  let made = new DOMParser();
  try {
    if (view) made = new view.DOMParser();
    frame.remove();
    made.parseFromString('', 'text/html').body.getAttribute('id');
  } catch {
    frame.remove();
    made = new DOMParser();
  }
  parser = made;
  return made;
}

/** Line ends of code as text: bridges and editors write them as `<br>` or as a block for each line. */
function plainLines(within: ParentNode): void {
  for (const end of within.querySelectorAll('pre br')) end.replaceWith('\n');
  for (const line of within.querySelectorAll('pre :is(div, p, li)')) {
    const next = line.nextSibling;
    if (next && next.nodeValue?.startsWith('\n') !== true && !line.textContent.endsWith('\n'))
      line.append('\n');
  }
}

/**
 * Parses HTML of anybody in a document that is not shown; nothing of it runs or is loaded. Its nodes are of another
 * window: `instanceof` does not know them, `nodeType` does.
 */
export function inertDocument(html: string): Document {
  const parsed = inertParser().parseFromString(html, 'text/html');
  plainLines(parsed);
  return parsed;
}

function disarm(within: ParentNode): void {
  for (const element of within.querySelectorAll('*')) {
    for (const name of element.getAttributeNames())
      if (name.toLowerCase().startsWith('on')) element.removeAttribute(name);
    if ('content' in element && element.localName === 'template') disarm(element.content as DocumentFragment);
    if (element.localName === 'base') element.remove();
  }
}

/** HTML of anybody without event handlers and `base`, for who parses it in a document of the page. */
export function inertSource(html: string): string {
  const { body } = inertDocument(html);
  disarm(body);
  return body.innerHTML;
}
