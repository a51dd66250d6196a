/**
 * One line of CSV (RFC 4180). A cell that a spreadsheet would run as a formula is kept as text by a quote
 * before it.
 */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return (
    cells
      .map((cell) => {
        let text = cell === null ? '' : String(cell);
        if (/^[=+\-@\t\r]/.test(text) && typeof cell === 'string') text = `'${text}`;
        return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
      })
      .join(',') + '\r\n'
  );
}
