import { copyFile, lstat, realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { UnreadableFile } from '../imports/unreadable.ts';

/** Where operators put files for scheduled imports: `import/` in the data folder. */
export const importFolder = (varDir: string): string => resolve(varDir, 'import');

/**
 * The real path of a file below the import folder. Links that lead out of it are refused like `..`.
 * @throws UnreadableFile `path_outside`, `gone`, `not_a_file`
 */
export async function resolveImportFile(varDir: string, path: string): Promise<string> {
  const folder = importFolder(varDir);
  const asked = resolve(folder, path);
  if (path.includes('\0') || path.startsWith('/') || !asked.startsWith(folder + sep)) {
    throw new UnreadableFile('path_outside');
  }
  let real: string;
  try {
    const root = await realpath(folder);
    real = await realpath(asked);
    if (!real.startsWith(root + sep)) throw new UnreadableFile('path_outside');
  } catch (error) {
    if (error instanceof UnreadableFile) throw error;
    throw new UnreadableFile('gone');
  }
  if (!(await lstat(real)).isFile()) throw new UnreadableFile('not_a_file');
  return real;
}

/** Copies the file as it is now, so that the check and what is applied are of the same content. */
export async function fetchFile(
  varDir: string,
  path: string,
  target: { folder: string; runId: string; kind: 'csv' | 'json'; maxBytes: number },
): Promise<string> {
  const real = await resolveImportFile(varDir, path);
  const { size } = await stat(real);
  if (size > target.maxBytes) {
    throw new UnreadableFile('too_large', { limit: Math.floor(target.maxBytes / 1024 / 1024) });
  }
  const copy = join(target.folder, `${target.runId}.${target.kind}`);
  await copyFile(real, copy);
  return copy;
}
