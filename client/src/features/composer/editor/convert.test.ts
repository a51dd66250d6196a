// @vitest-environment happy-dom
import { describe, expect, test } from 'vitest';
import { documentOfMarkdown } from './markdown.ts';
import { documentOfHtml, documentOfJson, documentOfText } from './parse.ts';
import { linkOfUser, safeHref, schema, userOfLink } from './schema.ts';
import { isBlank, markdownOf, messageOf, plainTextOf } from './serialize.ts';

/* What is written is what is sent: tables from Markdown and from HTML to a message. */

const ZHANG = 'https://matrix.to/#/@zhangsan:qiao.test';

describe('Markdown', () => {
  test.each<[source: string, html: string | undefined, body?: string]>([
    ['你好', undefined],
    ['a\nb', undefined, 'a\nb'],
    ['**重点**', '<strong>重点</strong>'],
    ['**重点：**内容', '<strong>重点：</strong>内容'],
    ['这是**“引用”**的话', '这是<strong>“引用”</strong>的话'],
    ['*a* _b_', '<em>a</em> <em>b</em>', '*a* *b*'],
    ['snake_case_name', undefined],
    ['2 * 3 * 4', undefined],
    ['~~旧~~', '<del>旧</del>'],
    ['`a < b`', '<code>a &lt; b</code>'],
    ['``a ` b``', '<code>a ` b</code>', '``a ` b``'],
    ['***both***', '<strong><em>both</em></strong>', '***both***'],
    ['[桥](https://example.org/a?b=1&c=2)', '<a href="https://example.org/a?b=1&amp;c=2">桥</a>'],
    ['https://example.org/a', undefined],
    ['- a\n- b', '<ul><li>a</li><li>b</li></ul>'],
    ['3. a\n4. b', '<ol start="3"><li>a</li><li>b</li></ol>'],
    ['- a\n  - b', '<ul><li>a<ul><li>b</li></ul></li></ul>'],
    ['- [x] done\n- [ ] open', '<ul><li>☑ done</li><li>☐ open</li></ul>', '- ☑ done\n- ☐ open'],
    ['> 引用', '<blockquote>引用</blockquote>'],
    ['# 标题', '<h1>标题</h1>'],
    ['---', '<hr>'],
    [
      '| a | b |\n| --- | --- |\n| 1 | **2** |',
      '<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td><strong>2</strong></td></tr></tbody></table>',
    ],
    [
      '```ts\nlet a = "<b>";\n```',
      '<pre><code class="language-ts">let a = &quot;&lt;b&gt;&quot;;\n</code></pre>',
    ],
    ['a\n\nb', undefined, 'a\n\nb'],
    ['a\n\n**b**', '<p>a</p><p><strong>b</strong></p>'],
    [`[张三](${ZHANG}) 你好`, `<a href="${ZHANG}">张三</a> 你好`, '张三 你好'],
    ['@room 开会', '@room 开会'],
    ['x@room.example', undefined],
  ])('%j', (source, html, body = source) => {
    const message = messageOf(documentOfMarkdown(source));
    expect(message.html).toBe(html);
    expect(message.body).toBe(body);
  });

  test.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    'a <b onclick="x()">b</b>',
    '<iframe src="https://evil.invalid"></iframe>',
    '<div>\n\n**x**\n\n</div>',
  ])('HTML in it stays text: %s', (source) => {
    const { html, body } = messageOf(documentOfMarkdown(source));
    expect(html ?? '').not.toMatch(/<(?:script|img|b|iframe|div)\b/);
    expect(body).toContain('<');
  });

  test.each([
    '[a](javascript:alert(1))',
    '[a](java\tscript:alert(1))',
    '[a](data:text/html,x)',
    '[a](vbscript:x)',
  ])('a link that would run is none: %s', (source) => {
    expect(messageOf(documentOfMarkdown(source)).html ?? '').not.toContain('href');
  });

  test('mentions are told apart from words', () => {
    expect(messageOf(documentOfMarkdown(`[张三](${ZHANG}) @room @lisi`))).toMatchObject({
      userIds: ['@zhangsan:qiao.test'],
      room: true,
    });
  });
});

describe('and back', () => {
  test.each([
    '**a** *b* ~~c~~ `d`',
    '- a\n- b\n\n1. c\n2. d',
    '> a\n>\n> b',
    '```js\nx\n\ny\n```',
    '## a',
    `[张三](${ZHANG})`,
    '[a](https://example.org)',
    '- a\n  - b\n- c',
    '````\n```\n````',
    '| a | b |\n| --- | --- |\n| 1\\|2 | `c` |\n|  | [张三](https://matrix.to/#/@zhangsan:qiao.test) |',
    '|  |  |\n| --- | --- |\n| 1 | 2 |',
  ])('%j', (source) => {
    const doc = documentOfMarkdown(source);
    expect(documentOfMarkdown(markdownOf(doc)).toJSON()).toEqual(doc.toJSON());
  });

  test.each([
    '*not* **bold** `code` [a](b) ~~c~~',
    '# no heading',
    '- no list',
    '1. no list',
    '> no quote',
    '<b>no html</b>',
    'a_b_c _d_',
    'C:\\path\\*',
  ])('plain text stays plain: %j', (text) => {
    const doc = documentOfText(text);
    expect(messageOf(doc)).toMatchObject({ body: text, html: undefined });
    expect(plainTextOf(documentOfMarkdown(markdownOf(doc)))).toBe(text);
    expect(messageOf(documentOfMarkdown(markdownOf(doc))).html).toBeUndefined();
  });
});

describe('HTML from elsewhere', () => {
  test.each<[given: string, html: string | undefined, body: string]>([
    ['<p>a</p>', undefined, 'a'],
    ['<b>a</b><i>b</i>', '<strong>a</strong><em>b</em>', '**a***b*'],
    ['<script>alert(1)</script>ok', undefined, 'ok'],
    ['<style>p{}</style><p>ok</p>', undefined, 'ok'],
    ['<img src="https://evil.invalid/x.png" onerror="alert(1)">ok', undefined, 'ok'],
    ['<object data="x">no</object><textarea>no</textarea>ok', undefined, 'ok'],
    ['<a href="javascript:alert(1)">x</a>', undefined, 'x'],
    [
      '<a href="https://example.org" onclick="x()">x</a>',
      '<a href="https://example.org">x</a>',
      '[x](https://example.org)',
    ],
    ['<mx-reply><blockquote>old</blockquote></mx-reply>new', undefined, 'new'],
    [`<a href="${ZHANG}">张三</a>`, `<a href="${ZHANG}">张三</a>`, '张三'],
    [
      '<pre><code class="language-py">a\n  b</code></pre>',
      '<pre><code class="language-py">a\n  b\n</code></pre>',
      '```py\na\n  b\n```',
    ],
    ['<pre>a<br>b</pre>', '<pre><code>a\nb\n</code></pre>', '```\na\nb\n```'],
    ['<ul><li>a</li><li>b</li></ul>', '<ul><li>a</li><li>b</li></ul>', '- a\n- b'],
    ['<table><tr><td>a</td></tr></table>', undefined, 'a'],
    [
      '<table><tr><th>a</th><th>b</th></tr><tr><td>1|2</td><td><b>3</b></td></tr></table>',
      '<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1|2</td><td><strong>3</strong></td></tr></tbody></table>',
      '| a | b |\n| --- | --- |\n| 1\\|2 | **3** |',
    ],
    [
      '<table><tr><td colspan="2">a</td></tr><tr><td rowspan="2">b</td><td>c</td></tr><tr><td>d</td></tr></table>',
      '<table><tbody><tr><td>a</td><td></td></tr><tr><td>b</td><td>c</td></tr><tr><td></td><td>d</td></tr></tbody></table>',
      '| a |  |\n| b | c |\n|  | d |',
    ],
    [
      '<table><tr><td><ul><li>a</li><li>b</li></ul></td><td><p>c</p><p>d</p></td></tr></table>',
      '<table><tbody><tr><td>a<br>b</td><td>c<br>d</td></tr></tbody></table>',
      '| a b | c d |',
    ],
    // By which a page is laid out.
    ['<table><tr><td><table><tr><td>a</td></tr></table></td><td>b</td></tr></table>', undefined, 'a\n\nb'],
    ['<table><tr><td>a</td></tr><tr><td>b</td></tr></table>', undefined, 'a\n\nb'],
    ['<table></table>x', undefined, 'x'],
    ['<p style="position:fixed">x</p>', undefined, 'x'],
  ])('%s', (given, html, body) => {
    const message = messageOf(documentOfHtml(given));
    expect(message.html).toBe(html);
    expect(message.body).toBe(body);
  });

  test('a name that turns the text round is made plain', () => {
    const doc = documentOfHtml(`<a href="${ZHANG}">\u202Eevil\u0007</a>`);
    expect(messageOf(doc).html).toBe(`<a href="${ZHANG}">evil</a>`);
  });

  test('a kept document that is none any more', () => {
    expect(documentOfJson({ type: 'script' })).toBeUndefined();
    expect(documentOfJson(null)).toBeUndefined();
    expect(documentOfJson({ type: 'doc', content: [] })).toBeUndefined();
    const doc = documentOfText('a\nb');
    expect(documentOfJson(JSON.parse(JSON.stringify(doc.toJSON())))?.eq(doc)).toBe(true);
  });
});

describe('links', () => {
  test.each([
    ['https://example.org/', 'https://example.org/'],
    ['mailto:a@b.cn', 'mailto:a@b.cn'],
    ['javascript:alert(1)', undefined],
    [' java\nscript:alert(1)', undefined],
    ['//example.org', undefined],
    ['data:text/html,x', undefined],
    [undefined, undefined],
  ])('%j', (href, safe) => {
    expect(safeHref(href)).toBe(safe);
  });

  test('of people', () => {
    expect(userOfLink(linkOfUser('@a/b:x.org'))).toBeUndefined();
    expect(userOfLink(linkOfUser('@张:x.org'))).toBe('@张:x.org');
    expect(userOfLink('https://matrix.to/#/%40a%3Ax.org')).toBe('@a:x.org');
    expect(userOfLink('https://matrix.to/#/!room:x.org')).toBeUndefined();
    expect(userOfLink('https://evil.invalid/#/@a:x.org')).toBeUndefined();
  });
});

describe('blank', () => {
  test.each([
    ['', true],
    ['  \n ', true],
    ['a', false],
  ])('%j', (text, blank) => {
    expect(isBlank(documentOfText(text))).toBe(blank);
  });
  test('a mention alone is something', () => {
    const mention = schema.node('mention', { id: '@a:b', name: 'A' });
    expect(isBlank(schema.node('doc', null, [schema.node('paragraph', null, [mention])]))).toBe(false);
  });
});
