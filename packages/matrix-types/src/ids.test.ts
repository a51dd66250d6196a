import { describe, expect, it } from 'vitest';
import {
  IdError,
  isDeviceId,
  isEventId,
  isMxcUri,
  isRoomAlias,
  isRoomId,
  isServerName,
  isUserId,
  localpartOf,
  makeUserId,
  mxcParts,
  parseMxcUri,
  parseServerName,
  parseUserId,
  serverOf,
} from './index.ts';

describe('ids', () => {
  it.each(['@a:b', '@ann.lee=x/y:example.org', '@a:localhost:8448', '@a:[::1]:8448', '@张三:x.org'])(
    'takes the user id %s',
    (id) => {
      expect(isUserId(id)).toBe(true);
    },
  );

  it.each([
    '',
    '@:b',
    'a:b',
    '@a',
    '@a:',
    '@a:b/c',
    '@a:b@c',
    '@a:b?x',
    '@a b:c',
    '@a\u0000:b',
    '@a\u202e:b',
    `@${'a'.repeat(255)}:b`,
    `@${'人'.repeat(90)}:b`,
    42,
    null,
    ['@a:b'],
  ])('refuses the user id %j', (id) => {
    expect(isUserId(id)).toBe(false);
  });

  it('takes room ids with and without a server', () => {
    expect(isRoomId('!abc:example.org')).toBe(true);
    expect(isRoomId('!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM')).toBe(true);
    expect(isRoomId('!')).toBe(false);
    expect(isRoomId('#a:b')).toBe(false);
    expect(isRoomId('!a\nb')).toBe(false);
  });

  it('takes event, device, alias and media ids', () => {
    expect(isEventId('$Woq2vwLy8mNukf7e8oz61GxT5gpMmr_asojYb3-5wTM')).toBe(true);
    expect(isEventId('Woq')).toBe(false);
    expect(isDeviceId('QIAO1')).toBe(true);
    expect(isDeviceId('')).toBe(false);
    expect(isRoomAlias('#财务部:example.org')).toBe(true);
    expect(isRoomAlias('#x')).toBe(false);
    expect(isMxcUri('mxc://example.org/AbC_-1')).toBe(true);
    expect(isMxcUri('mxc://example.org/../x')).toBe(false);
    expect(isMxcUri('https://example.org/a')).toBe(false);
  });

  it.each(['example.org', 'localhost:8448', '127.0.0.1', '[::1]:8448', 'a-b.c', 'x'])(
    'takes the server name %s',
    (n) => {
      expect(isServerName(n)).toBe(true);
    },
  );

  it.each([
    '',
    'a/b',
    'a b',
    'user@host',
    'host:',
    'host:99999',
    'host:1:2',
    '-a',
    '[zz]',
    'a'.repeat(300),
    '例.org',
  ])('refuses the server name %s', (n) => {
    expect(isServerName(n)).toBe(false);
  });

  it('takes ids apart and puts them together', () => {
    const id = makeUserId('ann', parseServerName('localhost:8448'));
    expect(id).toBe('@ann:localhost:8448');
    expect(localpartOf(id)).toBe('ann');
    expect(serverOf(id)).toBe('localhost:8448');
    expect(mxcParts(parseMxcUri('mxc://h:1/abc'))).toEqual({ server: 'h:1', mediaId: 'abc' });
    expect(() => parseUserId('<script>')).toThrow(IdError);
    expect(() => parseUserId('<script>')).toThrow(/^not a valid Matrix user id$/);
  });
});
