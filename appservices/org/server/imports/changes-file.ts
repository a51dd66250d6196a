import type { DirectoryChange, StoredChanges } from '../changes.ts';
import type { EmitChange, ShownChange } from './shown-change.ts';
import { readLines, type LineWriter } from './lines.ts';
import { UnreadableFile } from './unreadable.ts';

/** Changes that are held at once. */
const PART = 1000;

/** Takes a difference as it is found, and writes it down part by part. */
export interface Result {
  readonly take: EmitChange;
  /** To be awaited between people: writes when a part is full. */
  write(): Promise<void>;
  /** Writes the last part. */
  end(): Promise<void>;
}

/** What is done goes into a file; what people are shown goes to `show`, with the number of its first line. */
export function openResult(
  file: LineWriter,
  show: (first: number, shown: readonly ShownChange[]) => Promise<void>,
): Result {
  let waiting: DirectoryChange[] = [];
  let shown: ShownChange[] = [];
  let seq = 1;
  const end = async (): Promise<void> => {
    for (const change of waiting) await file.add(change);
    waiting = [];
    for (let at = 0; at < shown.length; at += PART) {
      const part = shown.slice(at, at + PART);
      await show(seq, part);
      seq += part.length;
    }
    shown = [];
  };
  return {
    take: (change, line) => {
      waiting.push(change);
      shown.push(line);
    },
    write: async () => {
      if (shown.length >= PART) await end();
    },
    end,
  };
}

/**
 * The changes in a file, in parts; those of one person, which follow each other, stay together.
 * @throws UnreadableFile while it is read, where it is gone or not what was written
 */
export function storedChanges(path: string): StoredChanges {
  return {
    async *parts() {
      let part: DirectoryChange[] = [];
      try {
        for await (const change of readLines<DirectoryChange>(path)) {
          const last = part.at(-1);
          if (part.length >= PART && !(last && samePerson(last, change))) {
            yield part;
            part = [];
          }
          part.push(change);
        }
      } catch (error) {
        if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') {
          throw new UnreadableFile('gone');
        }
        throw error;
      }
      if (part.length > 0) yield part;
    },
  };
}

const samePerson = (one: DirectoryChange, other: DirectoryChange): boolean =>
  'id' in one && 'id' in other && one.id === other.id;
