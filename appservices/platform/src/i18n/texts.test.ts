import { describe, expect, it } from 'vitest';
import { platformTexts } from '../texts.ts';
import { catalogueKeys, createTexts, negotiateLocale } from './texts.ts';

describe('negotiateLocale', () => {
  it.each([
    [undefined, 'zh-Hans'],
    ['', 'zh-Hans'],
    ['en-GB,en;q=0.9', 'en'],
    ['zh-CN', 'zh-Hans'],
    ['zh-TW;q=0.5, en;q=0.4', 'zh-Hans'],
    ['fr, en;q=0.5, zh;q=0.9', 'zh-Hans'],
    ['en;q=0, zh', 'zh-Hans'],
    ['fr', 'zh-Hans'],
    [';;;,,,q=x', 'zh-Hans'],
  ])('%s → %s', (header, expected) => {
    expect(negotiateLocale(header)).toBe(expected);
  });
});

describe('createTexts', () => {
  const texts = createTexts({ platform: platformTexts });

  it('answers in the language asked for, with values filled in and not escaped', () => {
    expect(texts.t('en', 'platform:errors.bad_request', { reason: '<a>' })).toBe(
      'The request is not valid: <a>',
    );
    expect(texts.t('zh-Hans', 'platform:errors.not_signed_in')).toBe('请先登录。');
  });

  it('says whether a text is there in that very language', () => {
    expect(texts.has('zh-Hans', 'platform:errors.not_found')).toBe(true);
    expect(texts.has('en', 'platform:errors.nonsense')).toBe(false);
  });

  it('has the same keys in both languages', () => {
    expect(catalogueKeys(platformTexts.zh_Hans)).toEqual(catalogueKeys(platformTexts.en));
  });
});
