/** Whether Markdown goes on with another line at a place: in a code fence, or in an item of a list. */
export function takesLines(source: string, at: number): boolean {
  const lines = source.slice(0, at).split('\n');
  const fences = lines.filter((line) => /^ {0,3}(?:`{3,}|~{3,})/.test(line)).length;
  return fences % 2 === 1 || /^\s*(?:[-+*]|\d{1,9}[.)])\s+\S/.test(lines.at(-1) ?? '');
}
