import { marked, type Token, type Tokens } from 'marked';

/*
 * Markdown (CommonMark and tables, no HTML) as Matrix's HTML. Every text is escaped here, HTML in the source too, and
 * links lead only where a link may: so what comes out is ours, whatever went in.
 */

/** Largest parts of an event that both go into one, bytes: an event holds 64 KiB, encrypted a third more. */
const MAX_TEXT_BYTES = 16_000;
const MAX_HTML_BYTES = 20_000;
const SAFE_LINK = /^(?:https?:\/\/|mailto:)/i;

const escape = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** The few entities that people write; marked leaves them in its texts. */
const plain = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

const all = (tokens: readonly Token[] | undefined): string => (tokens ?? []).map(one).join('');

function table(token: Tokens.Table): string {
  const row = (cells: readonly Tokens.TableCell[], name: 'th' | 'td'): string =>
    `<tr>${cells.map((cell) => `<${name}>${all(cell.tokens)}</${name}>`).join('')}</tr>`;
  return `<table><thead>${row(token.header, 'th')}</thead><tbody>${token.rows
    .map((cells) => row(cells, 'td'))
    .join('')}</tbody></table>`;
}

function one(token: Token): string {
  const known = token as Tokens.Generic;
  switch (token.type) {
    case 'space':
    case 'def':
      return '';
    case 'hr':
      return '<hr>';
    case 'br':
      return '<br>';
    case 'heading':
      return `<h${String(known['depth'])}>${all(known.tokens)}</h${String(known['depth'])}>`;
    case 'paragraph':
      return `<p>${all(known.tokens)}</p>`;
    case 'blockquote':
      return `<blockquote>${all(known.tokens)}</blockquote>`;
    case 'code':
      return `<pre><code>${escape(String(known['text']))}</code></pre>`;
    case 'codespan':
      return `<code>${escape(String(known['text']))}</code>`;
    case 'strong':
    case 'em':
    case 'del':
      return `<${token.type}>${all(known.tokens)}</${token.type}>`;
    case 'list': {
      const { ordered, items } = token as Tokens.List;
      const name = ordered ? 'ol' : 'ul';
      return `<${name}>${items.map((item) => `<li>${all(item.tokens)}</li>`).join('')}</${name}>`;
    }
    case 'table':
      return table(token as Tokens.Table);
    case 'link': {
      const href = String(known['href']);
      const text = all(known.tokens);
      return SAFE_LINK.test(href) ? `<a href="${escape(href)}">${text}</a>` : text;
    }
    case 'image':
      // Nothing is fetched for a notice.
      return escape(plain(String(known['text'])));
    case 'text':
    case 'escape':
      return known.tokens === undefined ? escape(plain(String(known['text']))) : all(known.tokens);
    default:
      return escape(known.raw);
  }
}

/** @throws Error for a text nested so deep that it cannot be read */
export function markdownToHtml(markdown: string): string {
  return all(marked.lexer(markdown, { gfm: true, breaks: true }));
}

const cutBytes = (text: string, limit: number): string => {
  const bytes = Buffer.from(text);
  // A cut character ends as U+FFFD.
  return bytes.length <= limit
    ? text
    : `${bytes
        .subarray(0, limit)
        .toString()
        .replace(/\uFFFD$/, '')}…`;
};

/** A notice's message, and how many characters at the end of each text are for clients that show no button. */
export interface NoticeMessage {
  readonly body: string;
  readonly formattedBody?: string;
  readonly tail: number;
  readonly htmlTail: number;
}

/** A notice as the message of a bot: its text for every client, and formatted where that fits an event. */
export function noticeMessage(
  notice: { title: string; body: string },
  words: { by: string; hint: string; url: string; more: string },
): NoticeMessage {
  const long = Buffer.byteLength(notice.body) > MAX_TEXT_BYTES;
  const head = [notice.title, words.by, '', cutBytes(notice.body, MAX_TEXT_BYTES)].join('\n');
  const rest = `\n\n${[long ? words.more : '', words.hint, words.url].filter((line) => line !== '').join('\n')}`;
  const text = { body: head + rest, tail: rest.length };
  if (long) return { ...text, htmlTail: 0 };
  const html = `<h3>${escape(notice.title)}</h3><p><em>${escape(words.by)}</em></p>${markdownToHtml(notice.body)}`;
  const htmlRest = `${words.hint === '' ? '' : `<p><em>${escape(words.hint)}</em></p>`}<p><a href="${escape(words.url)}">${escape(words.url)}</a></p>`;
  return Buffer.byteLength(html + htmlRest) > MAX_HTML_BYTES
    ? { ...text, htmlTail: 0 }
    : { ...text, formattedBody: html + htmlRest, htmlTail: htmlRest.length };
}
