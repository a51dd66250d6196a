import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { catalogueProblems } from '@qiao/ui-kit/testing';
import { describe, expect, test } from 'vitest';
import { modules } from '../modules.ts';
import en from './en.ts';
import { catalogues } from './index.ts';
import zh from './zh_Hans.ts';

const src = join(import.meta.dirname, '..');
const folders = ['app', ...readdirSync(join(src, 'features')).map((name) => `features/${name}`)].filter(
  (folder) => existsSync(join(src, folder, 'strings')),
);
const areaOf = (folder: string): string => folder.slice(folder.lastIndexOf('/') + 1);

describe('texts', () => {
  test.each(folders)('of %s: both languages complete, nothing written into views', (folder) => {
    expect(catalogueProblems(areaOf(folder), join(src, folder))).toEqual([]);
  });

  test('every area is registered, in both languages', () => {
    const areas = folders.map(areaOf).sort();
    expect(Object.keys(en).sort()).toEqual(areas);
    expect(Object.keys(zh).sort()).toEqual(areas);
    expect(Object.keys(catalogues).sort()).toEqual(areas);
  });

  test('no domain has the name of an area', () => {
    expect(modules.map((module) => module.id).filter((id) => id in catalogues)).toEqual([]);
  });
});
