const HEAD = `# Benchmarks

Each section is written by the command it names. Ratios are to a floor measured in the same run on the same machine:
they are what counts, the seconds only say what the machine was like.
`;

const begin = (name: string): string => `<!-- bench ${name}: begin -->`;
const end = (name: string): string => `<!-- bench ${name}: end -->`;

/** The document with the section of one benchmark replaced, or added at the end. */
export function withSection(document: string, name: string, section: string): string {
  const text = document.trim() === '' ? HEAD : document;
  const block = `${begin(name)}\n\n${section.trim()}\n\n${end(name)}`;
  const from = text.indexOf(begin(name));
  const to = text.indexOf(end(name));
  if (from >= 0 && to > from) return text.slice(0, from) + block + text.slice(to + end(name).length);
  return `${text.trimEnd()}\n\n## ${name}\n\n${block}\n`;
}

/** `12.3 s`, `4 min 5 s`. */
export function duration(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return `${String(Math.floor(seconds / 60))} min ${String(Math.round(seconds % 60))} s`;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((one, other) => one - other)[
    Math.min(values.length - 1, Math.floor(values.length * share))
  ] ?? NaN;

export const kB = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`;
export const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
export const ms = (value: number): string => `${value.toFixed(0)} ms`;
