/*
 * Tables of spreadsheets, word processors and web pages, before they are read: what the editor's tables have is rows
 * of cells of text.
 */

/** Most columns or rows that one cell may take. */
const MOST_SPAN = 100;

const rowsOf = (table: Element): Element[] => [...table.querySelectorAll('tr')];
const cellsOf = (row: Element): Element[] =>
  [...row.children].filter(({ localName }) => /^t[dh]$/.test(localName));
const spanOf = (cell: Element, name: string): number =>
  Math.min(MOST_SPAN, Math.max(1, Math.trunc(Number(cell.getAttribute(name) ?? 1)) || 1));

/** A cell that takes the place of several leaves the others empty, so that columns stay below each other. */
function withoutSpans(table: Element): void {
  const rows = rowsOf(table);
  for (const [at, row] of rows.entries()) {
    for (const cell of cellsOf(row)) {
      for (let count = spanOf(cell, 'colspan'); count > 1; count--)
        cell.after(cell.ownerDocument.createElement('td'));
    }
    for (const [column, cell] of cellsOf(row).entries()) {
      for (const below of rows.slice(at + 1, at + spanOf(cell, 'rowspan'))) {
        below.insertBefore(cell.ownerDocument.createElement('td'), cellsOf(below)[column] ?? null);
      }
    }
  }
}

/** A table by which a page is laid out, or a single column: its cells below each other. */
function unwrap(table: Element): void {
  const blocks = rowsOf(table)
    .flatMap(cellsOf)
    .map((cell) => {
      const block = table.ownerDocument.createElement('div');
      block.append(...cell.childNodes);
      return block;
    });
  table.replaceWith(...blocks);
}

const BLOCKS = 'p, div, section, article, ul, ol, li, dl, dt, dd, h1, h2, h3, h4, h5, h6, pre, blockquote';

/** What stands below each other, in lines. */
function linesOf(parent: Element): Node[][] {
  const lines: Node[][] = [[]];
  for (const node of parent.childNodes) {
    // Of another window: `instanceof` does not know it.
    if (node.nodeType === Node.ELEMENT_NODE && (node as Element).matches(BLOCKS))
      lines.push(...linesOf(node as Element), []);
    else lines.at(-1)?.push(node);
  }
  return lines.filter((line) => line.some((node) => node.textContent?.trim() !== ''));
}

/** A cell holds lines of text alone. */
function flatten(cell: Element): void {
  cell.replaceChildren(
    ...linesOf(cell).map((nodes) => {
      const line = cell.ownerDocument.createElement('p');
      line.append(...nodes);
      return line;
    }),
  );
}

/** Makes the tables within an inert document such as the editor has, or plain blocks. */
export function readTables(within: ParentNode): void {
  const layouts = new Set(within.querySelectorAll('table[role="presentation"], table:has(table)'));
  // From the inside out: what lies within a cell is read before the table around it.
  for (const table of [...within.querySelectorAll('table')].reverse()) {
    for (const caption of table.querySelectorAll('caption')) {
      const line = table.ownerDocument.createElement('p');
      line.append(...caption.childNodes);
      table.before(line);
      caption.remove();
    }
    for (const other of table.querySelectorAll('colgroup, col')) other.remove();
    for (const row of rowsOf(table)) if (cellsOf(row).length === 0) row.remove();
    const columns = Math.max(0, ...rowsOf(table).map((row) => cellsOf(row).length));
    if (layouts.has(table) || columns < 2) unwrap(table);
    else {
      withoutSpans(table);
      for (const cell of rowsOf(table).flatMap(cellsOf)) flatten(cell);
    }
  }
}
