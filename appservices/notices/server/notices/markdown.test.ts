import { describe, expect, it } from 'vitest';
import { markdownToHtml, noticeMessage } from './markdown.ts';

describe('Markdown to HTML', () => {
  it.each([
    ['# 放假\n\n**三天**，*好*', '<h1>放假</h1><p><strong>三天</strong>，<em>好</em></p>'],
    ['- 一\n- 二', '<ul><li>一</li><li>二</li></ul>'],
    ['a\nb', '<p>a<br>b</p>'],
    ['`<b>` & co', '<p><code>&lt;b&gt;</code> &amp; co</p>'],
    ['[x](https://example.org/?a=1&b=2)', '<p><a href="https://example.org/?a=1&amp;b=2">x</a></p>'],
    [
      '|a|b|\n|-|-|\n|1|2|',
      '<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>',
    ],
  ])('%j', (markdown, html) => {
    expect(markdownToHtml(markdown)).toBe(html);
  });

  it.each([
    '<script>alert(1)</script>',
    'a <img src=x onerror=alert(1)> b',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1) "t")',
    '[x](data:text/html,<script>1</script>)',
    '![<b>](https://evil.example/"onerror="x)',
    '<https://example.org/"onmouseover="x>',
    '```"><script>\n</code><script>x</script>\n```',
    '[a]: javascript:x\n\n[a]',
    '<a href="javascript:x">y</a>',
    '&lt;script&gt;',
    '# <svg onload=x>',
  ])('lets nothing through: %j', (markdown) => {
    const html = markdownToHtml(markdown);
    const tags = [...html.matchAll(/<\/?([^\s>]+)([^>]*)>/g)];
    for (const [, name, attributes] of tags) {
      expect(['p', 'a', 'h1', 'pre', 'code', 'br']).toContain(name);
      expect(attributes).toMatch(/^(?: href="(?:https?:\/\/|mailto:)[^"<>]*")?$/);
    }
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<img');
  });
});

describe('a notice as a message', () => {
  const words = {
    by: 'Notice by 王伟',
    hint: 'Confirm with ✅',
    url: 'https://qiao.example/x/notices/notices/1',
    more: 'More there:',
  };
  it('has text and HTML', () => {
    const message = noticeMessage({ title: '停电 <通知>', body: '明天 **九点**' }, words);
    expect(message.body).toBe(
      `停电 <通知>\nNotice by 王伟\n\n明天 **九点**\n\nConfirm with ✅\n${words.url}`,
    );
    // What our client leaves out: it has a button.
    expect(message.body.slice(-message.tail)).toBe(`\n\nConfirm with ✅\n${words.url}`);
    expect(message.formattedBody?.slice(0, -message.htmlTail)).toBe(
      '<h3>停电 &lt;通知&gt;</h3><p><em>Notice by 王伟</em></p><p>明天 <strong>九点</strong></p>',
    );
    expect(message.formattedBody).toContain(
      '<p>明天 <strong>九点</strong></p><p><em>Confirm with ✅</em></p>',
    );
  });
  it('fits an event, whatever its length', () => {
    for (const body of ['桥'.repeat(12_000), '**a** '.repeat(2000), '😀'.repeat(6000)]) {
      const message = noticeMessage({ title: 'T', body }, words);
      expect(Buffer.byteLength(JSON.stringify(message)) * 1.4).toBeLessThan(60_000);
      expect(message.body).not.toContain('\uFFFD');
      expect(message.body).toContain(words.url);
    }
  });
});
