import type { IncomingMessage, ServerResponse } from 'node:http';

/** A text in both languages. */
export interface Text {
  en: string;
  zh: string;
}

/** Whether a person's browser wants to show what comes. */
export function wantsPage(request: IncomingMessage | undefined): boolean {
  return (
    request !== undefined &&
    (request.method === 'GET' || request.method === 'HEAD') &&
    (request.headers.accept ?? '').includes('text/html')
  );
}

/** A small page in both languages; used when the real ones are not there. */
export function page(title: Text, text: Text): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title.en} · ${title.zh}</title>
<main>
<h1 lang="zh-Hans">${title.zh}</h1>
<p lang="zh-Hans">${text.zh}</p>
<hr>
<h1>${title.en}</h1>
<p>${text.en}</p>
</main>
</html>
`;
}

/** An answer of the gateway's own: a page for a browser that wants one, else an error as Matrix writes it. */
export function answer(
  request: IncomingMessage | undefined,
  response: ServerResponse,
  status: number,
  code: string,
  title: Text,
  text: Text,
): void {
  const asPage = wantsPage(request);
  const body = asPage ? page(title, text) : JSON.stringify({ errcode: code, error: text.en });
  response.writeHead(status, {
    'content-type': asPage ? 'text/html; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'self'",
    // Browsers on other origins (Matrix clients) must be able to read the error.
    'access-control-allow-origin': '*',
    ...(status === 503 && { 'retry-after': '3' }),
  });
  response.end(request?.method === 'HEAD' ? undefined : body);
}
