import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Values of one write. */
const BATCH = 500;
/** Line breaks to the reader of lines, which JSON lets stand as they are. */
const SEPARATORS = /[\u2028\u2029]/g;

/** Writes values as JSON Lines, never all of them as one text. */
export async function writeLines(path: string, values: readonly unknown[]): Promise<void> {
  function* text(): Generator<string> {
    for (let at = 0; at < values.length; at += BATCH) {
      yield values
        .slice(at, at + BATCH)
        .map(
          (value) =>
            `${JSON.stringify(value).replace(SEPARATORS, (sign) => (sign === '\u2028' ? '\\u2028' : '\\u2029'))}\n`,
        )
        .join('');
    }
  }
  await pipeline(Readable.from(text()), createWriteStream(path, { mode: 0o600 }));
}

/** Reads what `writeLines` wrote; the shape is the writer's. */
export async function readLines<T>(path: string): Promise<T[]> {
  const values: T[] = [];
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    if (line !== '') values.push(JSON.parse(line) as T);
  }
  return values;
}
