import { join } from 'node:path';
import { expect, test } from 'vitest';
import { definedIn, definedTwice, sheets } from '../lib/class-names.ts';

test('a class is of one feature', () => {
  expect(definedTwice(sheets(join(import.meta.dirname, '../..')))).toEqual([]);
});

test('two features with one name are told, with all of its parts', () => {
  const room = '.c-poll { color: red }\n.c-poll__answer[aria-pressed="true"] { display: grid }';
  const composer = '/* .c-room {} */ @media (width < 9px) { .c-poll__answer > :first-child { flex: 1 } }';
  const found = definedTwice([
    ['client/room/room.css', room],
    ['client/room/timeline.css', room],
    ['client/composer/composer.css', composer],
  ]);
  expect(found).toEqual(['.c-poll__answer: client/composer, client/room']);
});

test('a look for one place is no look of its own', () => {
  const css = `
    .c-panel > .c-search { flex: 1 }
    .c-voice, .c-file--own:hover { color: red }
    :is(.c-room, .c-thread):has(> .c-drop) { position: relative }
    .a[title='.c-text {'] .b { color: red }
    .cpd-theme-dark .c-tile { color: white }
    @container column (width < 560px) { .c-head:not(.c-head--wide) { display: none } }
  `;
  expect([...definedIn(css)].sort()).toEqual(['c-file--own', 'c-head', 'c-head--wide', 'c-tile', 'c-voice']);
});
