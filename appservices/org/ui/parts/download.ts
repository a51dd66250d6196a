/** Offers data as a file; a spreadsheet needs the byte order mark to read Chinese. */
export function download(name: string, data: Blob | string, type = 'text/csv;charset=utf-8'): void {
  const blob = typeof data === 'string' ? new Blob(['\ufeff', data], { type }) : data;
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(address);
  }, 10_000);
}

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
