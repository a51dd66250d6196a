import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a bot keeps what must outlive its store. Names are file-safe; values are single-line text. */
export interface BotSecrets {
  /** The value; undefined if there is none. */
  read(name: string): Promise<string | undefined>;
  /** Stores a value durably before it returns; replaces an older one. */
  write(name: string, value: string): Promise<void>;
}

const NAME = /^[a-z0-9_.=-]{1,200}$/;

/** Secrets as files of mode 0600 in a folder of mode 0700, one each. */
export function fileSecrets(dir: string): BotSecrets {
  const fileOf = (name: string): string => {
    if (!NAME.test(name)) throw new TypeError('bad name of a secret');
    return join(dir, name);
  };
  return {
    async read(name) {
      try {
        const text = (await readFile(fileOf(name), 'utf8')).trim();
        return text === '' ? undefined : text;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async write(name, value) {
      const file = fileOf(name);
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const temporary = `${file}.new`;
      const handle = await open(temporary, 'w', 0o600);
      try {
        await handle.writeFile(`${value}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await chmod(temporary, 0o600);
      await rename(temporary, file);
    },
  };
}
