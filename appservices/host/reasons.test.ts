import { createTexts, LOCALES, platformTexts } from '@qiao/platform';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { domains } from './domains.ts';

const appservices = join(import.meta.dirname, '..');

/** Sources of the servers, without tests. */
function* sources(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    if (['node_modules', 'dist', 'test', 'testing', 'ui', 'demo'].includes(name)) continue;
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (name.endsWith('.ts') && !name.endsWith('.test.ts')) yield path;
  }
}

const REASON = /bad_request\(\s*\{\s*reason(?::\s*([^,}]+))?/g;
/** Where the reason is none of ours: what a schema or the server itself says is told in general. */
const GENERAL = new Set(["message ?? ''"]);

test('every reason for which a request is refused has words in both languages', () => {
  const texts = createTexts({
    platform: platformTexts,
    ...Object.fromEntries(domains.map((domain) => [domain.id, domain.texts])),
  });
  const found: string[] = [];
  for (const path of sources(appservices))
    for (const [, given = ''] of readFileSync(path, 'utf8').matchAll(REASON)) found.push(given.trim());
  expect(found.length).toBeGreaterThan(30);
  const literal = found.flatMap((given) => /^'([^']*)'$/.exec(given)?.[1] ?? []);
  // Those that are put together: the door's, and the two days of a person.
  const made = found.filter((given) => !given.startsWith("'") && !GENERAL.has(given));
  expect([...new Set(made)].sort()).toEqual(['', '`org.${key']);
  const wanted = [...literal, 'text', 'number', 'boundary', 'value', 'other', 'org.starts_on', 'org.ends_on'];
  for (const reason of wanted) {
    const [name = '', domain = 'platform'] = reason.split('.').reverse();
    for (const locale of LOCALES)
      expect([reason, texts.has(locale, `${domain}:reasons.${name}`)]).toEqual([reason, true]);
  }
});
