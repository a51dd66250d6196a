// @vitest-environment happy-dom
import { readFileSync } from 'node:fs';
import { renderView, testServices } from '@qiao/ui-kit/testing';
import { catalogues } from '../../strings/index.ts';
import { expect, test } from 'vitest';
import { renderHtml } from './html.tsx';

const fixture = `${import.meta.dirname}/../../../test/fixtures/chat/pre-br.json`;

const shown = async (html: string): Promise<HTMLElement> => {
  const services = await testServices({ answer: () => undefined, catalogues });
  return renderView(<div>{renderHtml(html)}</div>, services).container;
};

test('what people format stays', async () => {
  const body = await shown('<p>a <strong>b</strong> <em>c</em></p><ul><li>d</li></ul><h1>e</h1>');
  expect(body.innerHTML).toContain('<strong>b</strong>');
  expect(body.querySelector('li')?.textContent).toBe('d');
  expect(body.querySelector('h1')).toBeNull();
  expect(body.textContent).toContain('e');
});

test.each([
  '<script>window.bad=1</script>',
  '<img src=x onerror="window.bad=1">',
  '<svg onload="window.bad=1"><script>window.bad=1</script></svg>',
  '<a href="javascript:window.bad=1">x</a>',
  '<a href="java&#10;script:window.bad=1">x</a>',
  '<p onclick="window.bad=1" style="position:fixed" class="c-room" id="app">x</p>',
  '<iframe src="https://evil.example"></iframe>',
  '<math><mtext><table><mglyph><style><img src=x onerror="window.bad=1">',
  '<style>*{display:none}</style>',
  '<form action="https://evil.example"><input name=x></form>',
  '<base href="https://evil.example"><meta http-equiv=refresh content="0;url=https://evil.example">',
  `${'<blockquote>'.repeat(400)}deep`,
])('nothing of %s comes through', async (html) => {
  const body = await shown(html);
  expect(
    body.querySelector('script, img, svg, iframe, style, form, input, base, meta, [onclick], [style], [id]'),
  ).toBeNull();
  for (const link of body.querySelectorAll('a')) expect(link.href).toMatch(/^https?:/);
  expect(body.innerHTML).not.toContain('window.bad');
});

test('what can be opened is shown closed, and does nothing by itself', async () => {
  const body = await shown(
    '<p>a</p><DETAILS open ontoggle="window.bad=1"><summary>更多</summary>b</DETAILS>',
  );
  expect(body.querySelector('details')?.outerHTML).toBe('<details><summary>更多</summary>b</details>');
});

test.each([
  (JSON.parse(readFileSync(fixture, 'utf8')) as { content: { formatted_body: string } }).content
    .formatted_body,
  '<pre>first line<br>second line<br>third line</pre>',
  '<pre><div>first line</div><div>second line</div><div>third line</div></pre>',
  '<pre><code>first line\nsecond line\nthird line\n</code></pre>',
])('lines of code stay lines: %s', async (html) => {
  const body = await shown(html);
  expect(body.querySelector('pre')?.textContent.split('\n')).toEqual([
    'first line',
    'second line',
    'third line',
  ]);
});

test('a table is shown as one', async () => {
  const body = await shown(
    '<table><thead><tr> <th>Part</th><th>Qty</th></tr></thead><tbody><tr><td>Bolt</td><td>40</td></tr></tbody><tfoot><tr><td>all</td><td>40</td></tr></tfoot></table>',
  );
  expect(
    [...body.querySelectorAll('table tr')].map((row) => [...row.children].map((cell) => cell.textContent)),
  ).toEqual([
    ['Part', 'Qty'],
    ['Bolt', '40'],
    ['all', '40'],
  ]);
  expect(body.querySelectorAll('th')).toHaveLength(2);
});

test.each(['https://matrix.to/#/%23general:a.example', 'matrix:r/general:a.example'])(
  'a conversation by its address is opened inside: %s',
  async (href) => {
    const link = (await shown(`<a href="${href}">x</a>`)).querySelector('a');
    expect(link?.getAttribute('href')).toBe('/room/%23general%3Aa.example');
    expect(link?.target).toBe('');
  },
);

test('a person of a matrix: link is one, and what the scheme does not know is text', async () => {
  const body = await shown('<a href="matrix:u/li:a.example">Li</a> <a href="matrix:x/y">z</a>');
  expect(body.querySelector('button')?.title).toBe('@li:a.example');
  expect(body.querySelector('a')).toBeNull();
  expect(body.textContent).toContain('z');
});

test('links open beside the client, and say where they lead', async () => {
  const body = await shown('<a href="https://evil.example/x">https://bank.example</a>');
  const link = body.querySelector('a');
  expect(link?.target).toBe('_blank');
  expect(link?.rel).toContain('noopener');
  expect(body.textContent).toContain('evil.example');
});
