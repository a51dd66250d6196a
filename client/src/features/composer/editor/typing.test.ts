// @vitest-environment happy-dom
import { readFileSync } from 'node:fs';
import { EditorState } from 'prosemirror-state';
import { EditorView } from 'prosemirror-view';
import { expect, test } from 'vitest';
import { documentOfMarkdown } from './markdown.ts';
import { documentOfText, pastedSource, sliceOfText } from './parse.ts';
import { belowBlock, newLine, takesLines, typingRules } from './rich-input.ts';
import { messageOf } from './serialize.ts';
import { takesLines as takesLinesOfSource } from './source-lines.ts';
import { triggerAt } from './writing.ts';

/** An editor in which each key of a text has been pressed; a line end is Enter, where Enter does not send. */
function typed(text: string): EditorView {
  const view = new EditorView(document.createElement('div'), {
    state: EditorState.create({ doc: documentOfText(''), plugins: [typingRules] }),
  });
  for (const letter of text) {
    if (letter === '\n') {
      newLine(view.state, view.dispatch);
      continue;
    }
    const { from, to } = view.state.selection;
    const plain = () => view.state.tr.insertText(letter, from, to);
    if (view.someProp('handleTextInput', (take) => take(view, from, to, letter, plain)) !== true)
      view.dispatch(plain());
  }
  return view;
}

const sent = (text: string) => messageOf(typed(text).state.doc);
const fixture = readFileSync(`${import.meta.dirname}/../../../../test/fixtures/chat/typed.txt`, 'utf8');

test.each([
  ...fixture.trimEnd().split('\n'),
  'https://a.example/_x_',
  'see https://a.example/*all*/~~b~~',
  'www.a.example/-_x_',
  'my_-_draft_v2_',
  '2**3**4=4096',
  'a~~b~~',
])('stays as typed: %s', (text) => {
  expect(sent(text)).toMatchObject({ body: text, html: undefined });
});

test.each([...fixture.trimEnd().split('\n'), '2**3**4'])('and so in Markdown: %s', (text) => {
  expect(messageOf(documentOfMarkdown(text))).toMatchObject({ body: text, html: undefined });
});

test.each([
  ['*a*', '<em>a</em>'],
  ['b _a_', 'b <em>a</em>'],
  ['**a**', '<strong>a</strong>'],
  ['(**a**', '(<strong>a</strong>'],
  ['这是**重点**', '这是<strong>重点</strong>'],
  ['这是*重点*', '这是<em>重点</em>'],
  ['“*a*', '“<em>a</em>'],
  ['~~a~~', '<del>a</del>'],
  ['https://a.example *a*', 'https://a.example <em>a</em>'],
  ['```\na\n  b', '<pre><code>\na\n  b\n</code></pre>'],
  ['- a\nb', '<ul><li>a</li><li>b</li></ul>'],
])('is formatted as it is typed: %s', (text, html) => {
  expect(sent(text).html).toBe(html);
});

test('Enter makes a line in code and lists, and sends elsewhere', () => {
  expect(takesLines(typed('a').state)).toBe(false);
  expect(takesLines(typed('```a').state)).toBe(true);
  expect(takesLines(typed('- a').state)).toBe(true);
  expect(takesLines(typed('1. a').state)).toBe(true);
  // An empty item is left.
  expect(takesLines(typed('- a\n\n').state)).toBe(false);
});

test('a fence opens code below other lines, with its language', () => {
  const view = typed('look:');
  view.dispatch(view.state.tr.replaceSelectionWith(view.state.schema.node('hard_break')));
  view.dispatch(view.state.tr.insertText('```ts'));
  expect(takesLines(view.state)).toBe(true);
  newLine(view.state, view.dispatch);
  view.dispatch(view.state.tr.insertText('let a;'));
  expect(messageOf(view.state.doc).html).toBe(
    '<p>look:</p><pre><code class="language-ts">let a;\n</code></pre>',
  );
});

test.each([
  ['a', false],
  ['```\na', true],
  ['```\na\n```\nb', false],
  ['- a', true],
  ['2. a', true],
  ['- ', false],
  ['a - b', false],
])('Markdown goes on with a line: %j', (source, expected) => {
  expect(takesLinesOfSource(source, source.length)).toBe(expected);
});

test('cells of a spreadsheet are pasted as a table', () => {
  const given = readFileSync(`${import.meta.dirname}/../../../../test/fixtures/chat/cells.html`, 'utf8');
  const view = typed('look: ');
  view.setProps({ transformPastedHTML: pastedSource });
  view.pasteHTML(given);
  const { body, html } = messageOf(view.state.doc);
  expect(html).toContain(
    '<table><tbody><tr><td>Part</td><td>Qty</td><td>Price</td></tr><tr><td>Bolt M8</td><td>40</td><td>1.20</td></tr><tr><td>Nut M8</td><td>60</td><td>0.80</td></tr></tbody></table>',
  );
  expect(body).toContain('| Part | Qty | Price |\n| Bolt M8 | 40 | 1.20 |\n| Nut M8 | 60 | 0.80 |');
  // It can be left, and written below.
  expect(belowBlock(view.state, view.dispatch)).toBe(true);
  view.dispatch(view.state.tr.insertText('below'));
  expect(messageOf(view.state.doc).html).toMatch(/<\/table><p>below<\/p>$/);
});

test('cells of a spreadsheet without HTML keep apart', () => {
  const given = readFileSync(`${import.meta.dirname}/../../../../test/fixtures/chat/cells.tsv`, 'utf8');
  const view = typed('');
  view.setProps({ clipboardTextParser: sliceOfText });
  view.pasteText(given);
  expect(messageOf(view.state.doc).body).toBe('Part\tQty\tPrice\nBolt M8\t40\t1.20\nNut M8\t60\t0.80');
});

test.each([
  ['＠zhang', 'mention', 'zhang'],
  ['你好＠张', 'mention', '张'],
  ['：smile', 'emoji', 'smile'],
])('full-width signs are signs: %s', (text, kind, query) => {
  expect(triggerAt(text, text.length)).toMatchObject({ kind, query, to: text.length });
});
