// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from 'vitest';
import { I18n, preferredLocale } from '../i18n/i18n.ts';
import { loadBrand, localBrand, plainBrand, type Brand } from './brand.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});

const brand: Brand = {
  ...plainBrand,
  name: { 'zh-Hans': '安信工作台', en: 'Anxin Desk' },
  shortName: { 'zh-Hans': '安信', en: 'Anxin' },
  offered: ['en'],
  language: 'en',
};

test('without an answer of the gateway it is the plain brand', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
  expect(await loadBrand()).toBe(plainBrand);
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"name":', { status: 200 })));
  expect(await loadBrand()).toBe(plainBrand);
});

test('texts can name the brand, in the language they are in', async () => {
  const texts = { default: { elsewhere: '{{brand}} · {{name}}' } };
  const catalogue = { en: () => Promise.resolve(texts), 'zh-Hans': () => Promise.resolve(texts) };
  const i18n = await I18n.create({ app: catalogue }, 'en', brand);
  expect(i18n.t('app:elsewhere', { name: 'x' })).toBe('Anxin · x');
  await i18n.choose('zh-Hans');
  expect(i18n.t('app:elsewhere', { name: 'x' })).toBe('安信 · x');
  expect(localBrand(i18n.brand, i18n.locale).name).toBe('安信工作台');
});

test('a language that is not offered is not chosen', () => {
  expect(preferredLocale(['zh-CN'], brand)).toBe('en');
  expect(preferredLocale(['fr'], plainBrand)).toBe('zh-Hans');
  localStorage.setItem('qiao.locale', 'zh-Hans');
  expect(preferredLocale(['en'], brand)).toBe('en');
  expect(preferredLocale(['en'], plainBrand)).toBe('zh-Hans');
});
