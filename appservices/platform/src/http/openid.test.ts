import { describe, expect, it } from 'vitest';
import { isInsideAddress, parseServerName } from './openid.ts';

describe('parseServerName', () => {
  it.each([
    ['example.org', { host: 'example.org', port: undefined }],
    ['example.org:8448', { host: 'example.org', port: 8448 }],
    ['1.2.3.4:443', { host: '1.2.3.4', port: 443 }],
    ['[2001:db8::1]:8448', { host: '[2001:db8::1]', port: 8448 }],
  ])('%s', (name, expected) => {
    expect(parseServerName(name)).toEqual(expected);
  });

  it.each([
    '',
    'example.org/path',
    'user@example.org',
    'example.org:0',
    'example.org:99999',
    'example.org?x=',
    'exa mple.org',
    '[::1',
    '[zz::1]',
    'a'.repeat(300),
  ])('refuses %j', (name) => {
    expect(parseServerName(name)).toBeUndefined();
  });
});

describe('isInsideAddress', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '::1',
    'fd00::1',
    'fe80::1',
    '::ffff:127.0.0.1',
    '0.0.0.0',
  ])('%s is inside', (address) => {
    expect(isInsideAddress(address)).toBe(true);
  });
  it.each(['1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is outside', (address) => {
    expect(isInsideAddress(address)).toBe(false);
  });
});
