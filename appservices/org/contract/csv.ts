/*
 * By itself (`@qiao/org/contract/csv`), so that pages that write a table load no schema.
 */

/** What makes a spreadsheet run a cell as a formula; East Asian editions read the full-width signs, too. */
const FORMULA = /^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/;

/**
 * One line of CSV (RFC 4180). A cell that a spreadsheet would run as a formula is kept as text by a quote
 * before it.
 */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return (
    cells
      .map((cell) => {
        let text = cell === null ? '' : String(cell);
        if (FORMULA.test(text) && typeof cell === 'string') text = `'${text}`;
        return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
      })
      .join(',') + '\r\n'
  );
}
