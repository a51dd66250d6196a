import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  brandCss,
  BrandError,
  brandJson,
  brandManifest,
  defaultAccent,
  defaultBrand,
  readBrand,
} from './brand.ts';
import { AA, AAA, contrast, readable, shades, worst } from './colours.ts';
import { LiveBrand } from './routes.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'qiao-brand-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.useRealTimers();
});

const put = (name: string, content: string | Buffer): void => {
  writeFileSync(join(folder, name), content);
};
const given = (brand: unknown): void => {
  put('brand.json', JSON.stringify(brand));
};
const problems = (brand: unknown): readonly string[] => {
  given(brand);
  try {
    readBrand(folder);
    return [];
  } catch (error) {
    if (error instanceof BrandError) return error.problems;
    throw error;
  }
};
/** The head of a PNG picture of that size. */
const png = (width: number, height: number): Buffer => {
  const body = Buffer.alloc(64);
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]).copy(body);
  body.writeUInt32BE(width, 16);
  body.writeUInt32BE(height, 20);
  return body;
};
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect fill="url(#a)" width="8" height="8"/></svg>';

describe('colours', () => {
  test('contrast is that of WCAG', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.478, 3);
    expect(contrast('#123456', '#123456')).toBe(1);
  });

  test('the accents that come with Qiao are readable', () => {
    for (const scheme of ['light', 'dark'] as const)
      expect(worst(defaultAccent[scheme], scheme).ratio).toBeGreaterThanOrEqual(AA);
  });

  test.each(['#ffff00', '#ff8800', '#808080', '#00ff00', '#0000ff', '#ffffff', '#000000'])(
    'the shade proposed for %s is readable on every ground, in both schemes',
    (accent) => {
      for (const scheme of ['light', 'dark'] as const)
        for (const wanted of [AA, AAA]) {
          const shade = readable(accent, scheme, wanted);
          expect(worst(shade, scheme).ratio).toBeGreaterThanOrEqual(wanted);
          const derived = shades(shade, scheme);
          expect(contrast(shade, derived['--q-accent-soft']!)).toBeGreaterThanOrEqual(wanted);
        }
    },
  );
});

describe('a brand file', () => {
  test('is not needed', () => {
    expect(readBrand(folder)).toEqual(defaultBrand);
    expect(brandCss(defaultBrand).trim()).toBe('');
  });

  test('gives names, logo, colours, the sign-in page and languages', () => {
    put('logo.svg', SVG);
    put('back.png', png(20, 10));
    given({
      name: { 'zh-Hans': '安信工作台', en: 'Anxin Desk' },
      short_name: '安信',
      logo: 'logo.svg',
      colours: { light: { accent: '#7A1FA2' }, dark: { accent: '#d9a7ee' } },
      sign_in: {
        background: 'back.png',
        intro: { 'zh-Hans': '欢迎', en: 'Welcome' },
        links: [{ label: { 'zh-Hans': '帮助', en: 'Help' }, url: 'https://help.example.org/' }],
      },
      languages: { offered: ['en'], default: 'en' },
    });
    const brand = readBrand(folder);
    expect(brandJson(brand)).toEqual({
      name: { 'zh-Hans': '安信工作台', en: 'Anxin Desk' },
      short_name: { 'zh-Hans': '安信', en: '安信' },
      logo: {
        light: expect.stringMatching(/^\/brand\/logo\.[0-9a-f]{12}\.svg$/) as string,
        dark: expect.stringMatching(/^\/brand\/logo\.[0-9a-f]{12}\.svg$/) as string,
      },
      icon: expect.stringMatching(/^\/brand\/logo\./) as string,
      sign_in: {
        background: true,
        intro: { 'zh-Hans': '欢迎', en: 'Welcome' },
        links: [{ label: { 'zh-Hans': '帮助', en: 'Help' }, url: 'https://help.example.org/' }],
      },
      languages: { offered: ['en'], default: 'en' },
    });
    const css = brandCss(brand);
    expect(css).toContain('--q-accent:#7a1fa2');
    expect(css).toContain('.cpd-theme-dark.cpd-theme-dark.q-contrast{');
    expect(css).toMatch(/--q-sign-in-background:url\("\/brand\/sign_in-background\.[0-9a-f]{12}\.png"\)/);
  });

  test.each([
    [
      { colours: { light: { accent: '#ffd400' } } },
      /hard to read: #ffd400 on #\w{6} has a contrast of 1\.\d:1, 4.5:1 is needed \(WCAG AA\)\. #\w{6} would do/,
    ],
    [{ colours: { dark: { accent: '#0f2a82' } } }, /"colours\.dark\.accent" is hard to read/],
    [{ colours: { light: { accent: 'red;}body{' } } }, /must be a colour like/],
    [{ colors: {} }, /"colors" is not known/],
    [{ name: { en: 'Only English' } }, /"name\.zh-Hans" must be text/],
    [{ name: 'x'.repeat(61) }, /at most 60 characters/],
    [{ name: 'evil \u202e name' }, /must be text on one line/],
    [{ languages: { offered: ['fr'] } }, /"languages\.offered" must name some of/],
    [{ languages: { offered: ['en'], default: 'zh-Hans' } }, /must be one of the languages offered/],
    [{ logo: '../secrets/key.svg' }, /must be the name of a file/],
    [{ logo: 'none.svg' }, /names none\.svg, which is not in/],
    [
      { sign_in: { links: [{ label: 'x', url: 'javascript:alert(1)' }] } },
      /must be an https or mailto address/,
    ],
    [{ sign_in: { intro: 5 } }, /must be an object/],
    [[], /must hold one JSON object/],
  ])('%j is refused, and it is said why', (brand, sentence) => {
    expect(problems(brand).join('\n')).toMatch(sentence);
  });

  test.each([
    ['<svg><script>1</script></svg>', /scripts/],
    ['<svg onload="x()"></svg>', /event handlers/],
    ['<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', /document type/],
    ['<svg><image href="https://elsewhere.example/x.png"/></svg>', /other addresses/],
    ['<svg><style>rect{fill:url(https://elsewhere.example/)}</style></svg>', /elsewhere/],
    ['<svg><foreignObject/></svg>', /other documents/],
    ['<html></html>', /not an SVG/],
  ])('the drawing %s is refused', (drawing, sentence) => {
    put('logo.svg', drawing);
    expect(problems({ logo: 'logo.svg' }).join('\n')).toMatch(sentence);
  });

  test('a picture that is none, or an icon that is small or not square, is refused', () => {
    put('logo.png', '<script>');
    put('icon.png', png(512, 300));
    put('small.png', png(64, 64));
    expect(problems({ logo: 'logo.png' }).join()).toMatch(/is not a picture of type png/);
    expect(problems({ icon: 'icon.png' }).join()).toMatch(/square of at least 192 pixels; it has 512 × 300/);
    expect(problems({ icon: 'small.png' }).join()).toMatch(/64 × 64/);
  });
});

describe('the manifest', () => {
  test('has the shipped icons, or those of the brand', () => {
    expect(brandManifest(defaultBrand, 'en')).toMatchObject({
      id: '/',
      name: 'Qiao workspace',
      display: 'standalone',
      icons: [{ sizes: '192x192' }, { sizes: '512x512' }, { purpose: 'maskable' }],
    });
    put('icon.png', png(512, 512));
    put('mask.png', png(512, 512));
    given({ icon: 'icon.png', icon_maskable: 'mask.png' });
    expect(brandManifest(readBrand(folder), 'zh-Hans')).toMatchObject({
      lang: 'zh-Hans',
      icons: [
        { sizes: '512x512', purpose: 'any', type: 'image/png' },
        { sizes: '512x512', purpose: 'maskable' },
      ],
    });
  });
});

test('a change counts without a restart; a broken brand leaves the last one and is reported once', () => {
  vi.useFakeTimers();
  const told: string[] = [];
  const live = new LiveBrand(folder, (problem) => told.push(problem));
  expect(live.current).toEqual(defaultBrand);
  given({ name: 'First' });
  vi.advanceTimersByTime(2_000);
  expect(live.current.name.en).toBe('First');
  given({ name: 5 });
  utimesSync(join(folder, 'brand.json'), 1, 1);
  for (let round = 0; round < 3; round++) {
    vi.advanceTimersByTime(2_000);
    expect(live.current.name.en).toBe('First');
  }
  expect(told).toHaveLength(1);
});
