import { marked, type Token, type Tokens } from 'marked';
import { Fragment, type ReactNode } from 'react';

/*
 * Markdown as React elements: nothing is ever taken for HTML, and links lead only where a link may. The server makes
 * the same of it for the message (`server/notices/markdown.ts`).
 */

const SAFE_LINK = /^(?:https?:\/\/|mailto:)/i;
const plain = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
const all = (tokens: readonly Token[] | undefined): ReactNode =>
  (tokens ?? []).map((token, index) => <Fragment key={index}>{one(token)}</Fragment>);

function table(token: Tokens.Table): ReactNode {
  return (
    <table>
      <thead>
        <tr>
          {token.header.map((cell, index) => (
            <th key={index}>{all(cell.tokens)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {token.rows.map((row, at) => (
          <tr key={at}>
            {row.map((cell, index) => (
              <td key={index}>{all(cell.tokens)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function one(token: Token): ReactNode {
  const known = token as Tokens.Generic;
  const text = String(known['text'] ?? '');
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'hr':
      return <hr />;
    case 'br':
      return <br />;
    case 'heading':
      // The page has its own headings above.
      return Number(known['depth']) <= 2 ? <h3>{all(known.tokens)}</h3> : <h4>{all(known.tokens)}</h4>;
    case 'paragraph':
      return <p>{all(known.tokens)}</p>;
    case 'blockquote':
      return <blockquote>{all(known.tokens)}</blockquote>;
    case 'code':
      return (
        <pre>
          <code>{text}</code>
        </pre>
      );
    case 'codespan':
      return <code>{text}</code>;
    case 'strong':
      return <strong>{all(known.tokens)}</strong>;
    case 'em':
      return <em>{all(known.tokens)}</em>;
    case 'del':
      return <del>{all(known.tokens)}</del>;
    case 'list': {
      const { ordered, start, items } = token as Tokens.List;
      const inside = items.map((item, index) => <li key={index}>{all(item.tokens)}</li>);
      return ordered ? <ol start={start === '' ? 1 : start}>{inside}</ol> : <ul>{inside}</ul>;
    }
    case 'table':
      return table(token as Tokens.Table);
    case 'link': {
      const href = String(known['href']);
      return SAFE_LINK.test(href) ? (
        <a href={href} target="_blank" rel="noreferrer noopener">
          {all(known.tokens)}
        </a>
      ) : (
        all(known.tokens)
      );
    }
    case 'image':
      return plain(text);
    case 'text':
    case 'escape':
      return known.tokens === undefined ? plain(text) : all(known.tokens);
    default:
      return known.raw;
  }
}

/** A notice's text. */
export function Markdown({ text }: { text: string }): ReactNode {
  let tokens: readonly Token[];
  try {
    tokens = marked.lexer(text, { gfm: true, breaks: true });
  } catch {
    return <p className="n-text">{text}</p>;
  }
  return <div className="n-text">{all(tokens)}</div>;
}
