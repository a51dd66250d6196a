import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

/** Characters gathered for one write. */
const WRITE_CHARACTERS = 64 * 1024;
/** Bytes of one read. */
const READ_BYTES = 64 * 1024;

/** A file of JSON Lines that is being written. */
export interface LineWriter {
  /** Takes one value; to be awaited, so that memory does not grow with the file. */
  add(value: unknown): Promise<void>;
  close(): Promise<void>;
}

/** Begins a file of JSON Lines, readable by us alone; what was there before goes. */
export async function openLines(path: string): Promise<LineWriter> {
  const file = await open(path, 'w', 0o600);
  let waiting = '';
  const write = async (): Promise<void> => {
    const text = waiting;
    waiting = '';
    if (text !== '') await file.writeFile(text);
  };
  return {
    async add(value) {
      waiting += `${JSON.stringify(value)}\n`;
      if (waiting.length >= WRITE_CHARACTERS) await write();
    },
    async close() {
      try {
        await write();
      } finally {
        await file.close();
      }
    },
  };
}

/** Reads what `openLines` wrote, a value at a time; the shape is the writer's. */
export async function* readLines<T>(path: string): AsyncGenerator<T> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: READ_BYTES })) {
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as T;
  }
  if (rest !== '') yield JSON.parse(rest) as T;
}
