import { launchBrowser, type TestBrowser } from '@qiao/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '@qiao/scripts/stack';
import { clientPictures, openStage, type Stage } from './client.ts';
import { startCompany, type Company } from './company.ts';
import { draw, keepFaults, newAlbum } from './draw.ts';
import { isDrawn, sitesOf } from './sites.ts';

/* Draws and measures all of the web client; what is to be drawn is in client.ts. */

/** Places that are not drawn here, and the test that shows them or why none does. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'client/src/app/Shell.tsx PartFailed': 'a part of the program has to throw',
  'client/src/features/keys/RecoverDialog.tsx RecoverDialog': 'client/test/keys-ways-out.e2e.ts',
  'client/src/features/notifications/NotificationsSection.tsx remove': 'client/test/notifications.e2e.ts',
  'client/src/features/room/panels/RenewRoom.tsx renew': 'client/test/journey.e2e.ts',
  'client/src/features/rooms/RoomListPanel.tsx RoomListPanel':
    'drawn, but for a device that has never had a connection',
  'client/src/features/search/SearchResults.tsx Found': 'drawn, but for a storage that the browser refuses',
};

let company: Company;
let chromium: TestBrowser;
let stage: Stage;
const album = newAlbum();
const faults: string[] = [];

beforeAll(async () => {
  [company, chromium] = await Promise.all([startCompany(), launchBrowser()]);
  stage = await openStage(company, chromium);
});
afterAll(async () => {
  keepFaults('client', faults);
  await chromium.close();
  await stage.rooms?.close();
  await company.close();
});

test.each(clientPictures(() => stage))('$name', async (picture) => {
  const found = await draw(picture.on?.() ?? stage.viewer.page, picture, album, 'client');
  faults.push(...found);
  expect(found).toEqual([]);
});

test('nothing of the client is forgotten', () => {
  const sites = sitesOf(root).filter(({ where }) => /^(client|appservices\/notices)\//.test(where));
  expect(sites.length).toBeGreaterThan(70);
  const missing = sites.filter(
    (site) => !isDrawn(site, album.drawn) && !album.shown.has(site.where) && !(site.where in ELSEWHERE),
  );
  expect(missing.map(({ kind, where }) => `${kind} ${where}`)).toEqual([]);
});
