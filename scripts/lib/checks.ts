import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../stack/index.ts';

/** A program of this checkout's packages. */
export const bin = (name: string): string => join(root, 'node_modules/.bin', name);

/** Folders whose imports are looked at; a folder that is not there is left out. */
const code = ['appservices', 'packages', 'client', 'admin', 'scripts'];

/**
 * The checks that read the code and run none of it: types, format, import rules, class names, generated references, lint. For
 * `scripts/test` and `npm run lint`.
 * @param only folders to look at; the whole checkout when left out. Types are always those of the whole.
 * @param check runs one; it reports by itself and does not throw
 */
export async function staticChecks(
  only: string[] | undefined,
  check: (name: string, command: string[]) => Promise<void>,
): Promise<void> {
  const folders = only ?? ['.'];
  const existing = (names: string[]): string[] => names.filter((name) => existsSync(join(root, name)));
  // Two at a time: the types, which take longest, beside the others.
  await Promise.all([
    check('types', [bin('tsc'), '-b']),
    (async () => {
      await check('format', [bin('prettier'), '--check', '--log-level=warn', ...folders]);
      if (existsSync(join(root, '.dependency-cruiser.mjs')))
        await check('import rules', [
          bin('depcruise'),
          '--config',
          '.dependency-cruiser.mjs',
          ...existing(only ?? code),
        ]);
      if (only === undefined)
        await check('class names', [process.execPath, join(root, 'scripts/lib/class-names.ts')]);
      const generate = join(root, 'appservices/host/generate.ts');
      if (only === undefined && existsSync(generate))
        await check('generated references', [process.execPath, generate, '--check']);
    })(),
  ]);
  await check('lint', [bin('eslint'), '--max-warnings=0', '--no-warn-ignored', ...folders]);
}
