import { chmod, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import PostalMime from 'postal-mime';

const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/**
 * The folder `mail` of the data folder, where mails lie while no server is configured. What is in it may hold links
 * that set passwords: it is readable for the operator's account alone.
 */
export interface KeptMails {
  write(id: string, message: Buffer): Promise<void>;
  read(id: string): Promise<{ subject: string; text: string } | undefined>;
  remove(id: string): Promise<void>;
  /** Removes what is older. */
  sweep(before: Date): Promise<void>;
}

export function openKeptMails(varDir: string): KeptMails {
  const folder = join(varDir, 'mail');
  const path = (id: string): string => {
    if (!ID.test(id)) throw new Error('not the id of a mail');
    return join(folder, `${id}.eml`);
  };
  return {
    async write(id, message) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await chmod(folder, 0o700);
      const file = path(id);
      await writeFile(`${file}.new`, message, { mode: 0o600 });
      await rename(`${file}.new`, file);
    },
    async read(id) {
      let raw: Buffer;
      try {
        raw = await readFile(path(id));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
      const { subject = '', text = '' } = await PostalMime.parse(raw);
      return { subject, text };
    },
    async remove(id) {
      await rm(path(id), { force: true });
    },
    async sweep(before) {
      const names = await readdir(folder).catch(() => []);
      for (const name of names) {
        const file = join(folder, name);
        const found = await stat(file).catch(() => undefined);
        if (found !== undefined && found.mtime < before) await rm(file, { force: true });
      }
    },
  };
}
