import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { axeViolations, horizontalOverflow, testStack, waitFor, type TestPage } from '@qiao/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { picture, picturesOfFailure, startClient, type ClientUnderTest } from './support.ts';

/* A brand put beside a running gateway: the built client shows it, without a build or a restart. */

const root = join(import.meta.dirname, '../..');
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><circle cx="24" cy="24" r="22" fill="#7a1fa2"/></svg>';

let client: ClientUnderTest;
let gateway: ChildProcess;
let folder = '';
let origin = '';
let device: TestPage;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });

const brand = (given: object): void => {
  writeFileSync(join(folder, 'config/brand/brand.json'), JSON.stringify(given));
};

beforeAll(async () => {
  client = await startClient();
  folder = mkdtempSync(join(tmpdir(), 'qiao-brand-'));
  mkdirSync(join(folder, 'config/brand'), { recursive: true });
  const config = JSON.parse(readFileSync(join(testStack().varDir, 'config/qiao.json'), 'utf8')) as {
    ports: { gateway: number };
    public_url: string;
  };
  config.ports.gateway = await freePort();
  config.public_url = origin = `http://localhost:${config.ports.gateway}`;
  writeFileSync(join(folder, 'config/qiao.json'), JSON.stringify(config));
  gateway = spawn(process.execPath, [join(root, 'scripts/stack/gateway.ts')], {
    cwd: root,
    env: { ...process.env, QIAO_VAR: folder },
    stdio: 'ignore',
  });
  await waitFor(async () => (await fetch(`${origin}/gateway/health`).catch(() => undefined))?.ok === true);
  device = await client.open({ baseURL: origin });
});
afterEach(({ task }) => picturesOfFailure(client, task));
afterAll(async () => {
  gateway.kill();
  rmSync(folder, { recursive: true, force: true });
  await client.close();
});

describe('the brand', () => {
  test('is the shipped one at first', async () => {
    const { page } = device;
    await page.goto('/');
    await page.getByLabel('User name').waitFor();
    await expect.poll(() => page.title()).toBe('Sign in · Qiao workspace');
    await expect.poll(() => page.locator('svg.q-logo').count()).toBe(1);
  });

  test('changes by its file: title, logo, colour, words, languages', async () => {
    writeFileSync(join(folder, 'config/brand/logo.svg'), SVG);
    brand({
      name: { 'zh-Hans': '安信工作台', en: 'Anxin Desk' },
      short_name: { 'zh-Hans': '安信', en: 'Anxin' },
      logo: 'logo.svg',
      colours: { light: { accent: '#7a1fa2' }, dark: { accent: '#d9a7ee' } },
      sign_in: {
        intro: { 'zh-Hans': '请使用工号登录。', en: 'Sign in with your staff number.' },
        links: [{ label: { 'zh-Hans': '帮助中心', en: 'Help centre' }, url: 'https://help.example.org/' }],
      },
    });
    const { page } = device;
    await waitFor(async () => (await (await fetch(`${origin}/brand.json`)).text()).includes('Anxin Desk'));
    await page.reload();
    await page.getByText('Sign in with your staff number.').waitFor();
    await page.getByText('Anxin Desk', { exact: true }).waitFor();
    await expect.poll(() => page.title()).toBe('Sign in · Anxin Desk');
    const logo = page.locator('img.q-logo__light');
    await waitFor(() => logo.evaluate((image) => (image as HTMLImageElement).naturalWidth > 0));
    const button = page.getByRole('button', { name: 'Sign in', exact: true });
    await expect
      .poll(() => button.evaluate((element) => getComputedStyle(element).backgroundColor))
      .toBe('rgb(122, 31, 162)');
    expect(await page.getByRole('link', { name: 'Help centre' }).getAttribute('href')).toBe(
      'https://help.example.org/',
    );
    expect(device.errors.filter((line) => !/40[13]|429/.test(line))).toEqual([]);
    const manifest = (await (await fetch(`${origin}/manifest.webmanifest?lang=en`)).json()) as {
      name: string;
    };
    expect(manifest.name).toBe('Anxin Desk');
  });

  test('has its drawing served so that it can do nothing', async () => {
    const { logo } = (await (await fetch(`${origin}/brand.json`)).json()) as { logo: { light: string } };
    const answer = await fetch(origin + logo.light);
    expect(answer.headers.get('content-type')).toBe('image/svg+xml');
    expect(answer.headers.get('content-security-policy')).toContain('sandbox');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('cache-control')).toContain('immutable');
    const json = await fetch(`${origin}/brand.json`);
    const again = await fetch(`${origin}/brand.json`, {
      headers: { 'if-none-match': json.headers.get('etag') ?? '' },
    });
    expect(again.status).toBe(304);
    expect((await fetch(`${origin}/brand/brand.json`)).status).toBe(404);
  });

  test('is read in light, dark and high contrast, in both languages, on a phone', async () => {
    for (const locale of ['en-GB', 'zh-CN'] as const)
      for (const theme of ['light', 'dark', 'contrast'] as const)
        // Each language at one width of each look: wide Chinese light, narrow English light, and so on.
        for (const width of [(locale === 'zh-CN') === (theme === 'dark') ? 390 : 1280]) {
          const { page, context } = await client.open({ baseURL: origin, locale, width });
          await page.addInitScript((name) => {
            localStorage.setItem('qiao.theme', name);
          }, theme);
          await page.goto('/');
          await page.locator('input[type=password]').waitFor();
          expect([locale, theme, width, await axeViolations(page)]).toEqual([locale, theme, width, []]);
          expect(await horizontalOverflow(page)).toBeLessThanOrEqual(0);
          await picture(page, `signin-${locale}-${theme}-${width}`);
          await context.close();
        }
  });

  test('that cannot be read is not shown: the last whole one stays', async () => {
    brand({ name: 'Unreadable', colours: { light: { accent: '#ffee00' } } });
    const { page } = device;
    await page.reload();
    await page.getByText('Anxin Desk', { exact: true }).waitFor();
  });

  test('offers only its languages', async () => {
    brand({ name: 'Nur', languages: { offered: ['en'] } });
    await waitFor(async () => (await (await fetch(`${origin}/brand.json`)).text()).includes('Nur'));
    const { page, context } = await client.open({ baseURL: origin, locale: 'zh-CN' });
    await page.goto('/');
    await page.getByLabel('User name').waitFor();
    await page.getByRole('button', { name: /^Language/ }).click();
    await page.getByRole('menuitemradio').first().waitFor();
    expect(await page.getByRole('menuitemradio').count()).toBe(1);
    await context.close();
  });
});
