import { launchBrowser, type TestBrowser } from '@qiao/testkit';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '@qiao/scripts/stack';
import { startCompany, type Company } from './company.ts';
import { consolePictures } from './console.ts';
import { draw, keepFaults, newAlbum } from './draw.ts';
import { isDrawn, sitesOf } from './sites.ts';

/* Draws and measures all of the console; what is to be drawn is in console.ts. */

/** Places that another test shows. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'appservices/org/ui/ImportView/ImportView.tsx Difference': 'admin/test/organisation.e2e.ts',
};

let company: Company;
let chromium: TestBrowser;
let page: Page;
const album = newAlbum();
const faults: string[] = [];

beforeAll(async () => {
  [company, chromium] = await Promise.all([startCompany(), launchBrowser()]);
  ({ page } = await chromium.newPage({ baseURL: company.own.info.gatewayUrl }));
  page.context().setDefaultTimeout(10_000);
  await page.goto('/admin/');
});
afterAll(async () => {
  keepFaults('console', faults);
  await chromium.close();
  await company.close();
});

const drawn = async (picture: Parameters<typeof draw>[1]): Promise<void> => {
  const found = await draw(page, picture, album, 'console');
  faults.push(...found);
  expect(found).toEqual([]);
};

test.each(consolePictures(() => company))('$name', drawn);

test('nothing of the console is forgotten', () => {
  const sites = sitesOf(root).filter(({ where }) => /^(admin|appservices\/org)\//.test(where));
  expect(sites.length).toBeGreaterThan(50);
  const missing = sites.filter(
    (site) => !isDrawn(site, album.drawn) && !album.shown.has(site.where) && !(site.where in ELSEWHERE),
  );
  expect(missing.map(({ kind, where }) => `${kind} ${where}`)).toEqual([]);
});
