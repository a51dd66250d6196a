import { expect, test } from 'vitest';
import { wordsOfHtml } from './html-words.ts';

test.each([
  ['<p><strong>bold</strong> and <em>it</em>alic</p>', 'bold and italic'],
  ['<pre><code class="language-js">const a = 1;\nb()</code></pre>', 'const a = 1; b()'],
  ['<ul><li>one</li><li>two</li></ul>', 'one two'],
  ['<h3>Title</h3>text<br>next', 'Title text next'],
  ['<table><tr><td>1</td><td>2</td></tr></table>', '1 2'],
  ['<a href="https://matrix.to/#/@zs:x">张三</a>，看这里', '张三，看这里'],
  ['<mx-reply><blockquote>quoted</blockquote></mx-reply>answer', 'answer'],
  [
    'a &lt;b&gt; &amp;amp; &#39;c&#x27; &nbsp;d &unknown; &#99999999;',
    "a <b> &amp; 'c' d &unknown; &#99999999;",
  ],
  ['the end is <span data-mx-spoiler="film">the butler</span>!', 'the end is ▇▇▇!'],
  ['<img src="mxc://x/y" alt="party"> today', 'party today'],
  ['<script>alert(1)</script>safe<style>p{}', 'safe'],
  ['1 < 2 <3', '1 < 2 <3'],
  ['cut <a href="https://exam', 'cut'],
])('%j reads %j', (html, words) => {
  expect(wordsOfHtml(html)).toBe(words);
});

test.each([
  ['<mx-reply>', 7000],
  ['<span data-mx-spoiler ', 3000],
  ['<img alt=" ', 6000],
  ['<!-- <script ', 5000],
])('a body of %j again and again takes no time', (piece, times) => {
  const begin = performance.now();
  wordsOfHtml(piece.repeat(times));
  expect(performance.now() - begin).toBeLessThan(200);
});
