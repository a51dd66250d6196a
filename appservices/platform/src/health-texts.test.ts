import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { healthCodes } from './manifest.ts';

test.each(['en', 'zh_Hans'])('every detail of the health page has a text in %s', (language) => {
  const path = join(import.meta.dirname, `../../../admin/src/strings/${language}.json`);
  const { health } = JSON.parse(readFileSync(path, 'utf8')) as { health: { details: object } };
  expect(Object.keys(health.details).sort()).toEqual([...healthCodes].sort());
});
