import { parse, CsvError } from 'csv-parse';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readHead, readText, type Encoding } from './encoding.ts';
import { UnreadableFile } from './unreadable.ts';

export const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

const HEAD_CHARACTERS = 128 * 1024;
/** Largest row, in bytes of UTF-8: an unclosed quote must not swallow the file. */
const MAX_RECORD = 256 * 1024;
const MAX_COLUMNS = 1000;
const SAMPLE_ROWS = 50;
const SAMPLES = 3;
const SAMPLE_LENGTH = 100;

/** What is known of a table before it is read as a whole. */
export interface TableHead {
  delimiter: Delimiter;
  columns: { name: string; samples: string[] }[];
}

export interface TableRow {
  /** Where the row begins, from 1. */
  line: number;
  cells: string[];
}

const SEP_LINE = /^sep=([,;\t|])\r?\n/i;

/** Rows of a text that is at hand, up to a number; quotes are honoured, a row cut off at the end is left out. */
function split(text: string, delimiter: string, rows: number): string[][] {
  const found: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length && found.length < rows; at++) {
    const character = text.charAt(at);
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text.charAt(at + 1) === '"') {
        cell += '"';
        at++;
      } else quoted = false;
    } else if (character === '"' && cell === '') quoted = true;
    else if (character === delimiter) {
      row.push(cell);
      cell = '';
    } else if (character === '\n' || character === '\r') {
      if (character === '\r' && text.charAt(at + 1) === '\n') at++;
      row.push(cell);
      found.push(row);
      row = [];
      cell = '';
    } else cell += character;
  }
  if (found.length === 0 || (text.length < HEAD_CHARACTERS && (row.length > 0 || cell !== ''))) {
    row.push(cell);
    found.push(row);
  }
  return found;
}

/** The delimiter that splits the first rows into the most columns, evenly. */
export function detectDelimiter(head: string): Delimiter {
  const declared = SEP_LINE.exec(head)?.[1];
  if (declared !== undefined) return declared as Delimiter;
  let best: { delimiter: Delimiter; score: number } = { delimiter: ',', score: 0 };
  for (const delimiter of DELIMITERS) {
    const rows = split(head, delimiter, 20).filter((row) => row.some((cell) => cell.trim() !== ''));
    const width = rows[0]?.length ?? 0;
    if (width < 2) continue;
    const even = rows.filter((row) => row.length === width).length / rows.length;
    const score = even * Math.min(width, 50);
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

/** Unique names for the header's cells: an empty one is `#3`, a repeated one `name (2)`. */
export function columnNames(header: readonly string[]): string[] {
  const used = new Set<string>();
  return header.map((cell, at) => {
    const base = cell.replaceAll('\ufeff', '').normalize('NFC').trim().slice(0, 250) || `#${at + 1}`;
    let name = base;
    for (let n = 2; used.has(name); n++) name = `${base} (${n})`;
    used.add(name);
    return name;
  });
}

/** Delimiter, column names and sample values. @throws UnreadableFile */
export async function readTableHead(path: string, encoding: Encoding): Promise<TableHead> {
  const text = await readHead(path, encoding, HEAD_CHARACTERS);
  if (text.trim() === '') throw new UnreadableFile('empty');
  const delimiter = detectDelimiter(text);
  const rows = split(text.replace(SEP_LINE, ''), delimiter, SAMPLE_ROWS).filter((row) =>
    row.some((cell) => cell.trim() !== ''),
  );
  const header = rows[0] ?? [];
  if (header.length > MAX_COLUMNS) throw new UnreadableFile('too_many_columns', { max: MAX_COLUMNS });
  const columns = columnNames(header).map((name, at) => {
    const samples: string[] = [];
    for (const row of rows.slice(1)) {
      const value = (row[at] ?? '').trim().slice(0, SAMPLE_LENGTH);
      if (value !== '' && !samples.includes(value)) samples.push(value);
      if (samples.length === SAMPLES) break;
    }
    return { name, samples };
  });
  return { delimiter, columns };
}

interface ParserInfo {
  lines: number;
}

/**
 * The rows of a delimited file, header first, one after the other: memory does not grow with the file. Rows
 * without any value come as empty lists. @throws UnreadableFile where the file stops being a table.
 */
export async function* readTable(
  path: string,
  options: { encoding: Encoding; delimiter: Delimiter; signal?: AbortSignal },
): AsyncGenerator<TableRow> {
  const parser = parse({
    delimiter: options.delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: false,
    info: true,
    max_record_size: MAX_RECORD,
  });
  let first = true;
  // Set when the `sep=` line was taken away, so that line numbers stay those of the file.
  let offset = 0;
  async function* text(): AsyncGenerator<string> {
    for await (const part of readText(path, options.encoding)) {
      if (!first) yield part;
      else {
        first = false;
        const rest = part.replace(SEP_LINE, '');
        if (rest !== part) offset = 1;
        yield rest;
      }
    }
  }
  const feeding = pipeline(
    Readable.from(text(), { objectMode: true }),
    parser,
    options.signal ? { signal: options.signal } : {},
  );
  feeding.catch(() => undefined);
  let lastLine = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: ParserInfo }>) {
      let breaks = 0;
      let filled = false;
      for (const cell of record) {
        if (cell.trim() !== '') filled = true;
        if (cell.includes('\n')) breaks += cell.split('\n').length - 1;
      }
      lastLine = info.lines + offset;
      yield { line: lastLine - breaks, cells: filled ? record : [] };
    }
    await feeding;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code === 'CSV_QUOTE_NOT_CLOSED')
      throw new UnreadableFile('quote_not_closed', { line: lastLine + 1 });
    throw new UnreadableFile('record_too_large', { line: lastLine + 1 });
  }
}
