import { createECDH, createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptMessage } from '../testing/index.ts';
import { encryptMessage, makeVapidKey, PADDED_BYTES, readKeys, Vapid } from './webpush.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');

describe('encryption of messages', () => {
  test('is that of RFC 8291, appendix A', () => {
    const keys = readKeys(
      'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
      'BTBZMqHH6r4Tts7J_aSIgg',
    );
    const body = encryptMessage(Buffer.from('When I grow up, I want to be a watermelon'), keys!, 0, {
      privateKey: bytes('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'),
      salt: bytes('DGv6ra1nlYgDCS1FRnbzlw'),
    });
    expect(body.toString('base64url')).toBe(
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
    );
  });

  test('is read by the browser only, and hides how long the message is', () => {
    const browser = createECDH('prime256v1');
    const point = browser.generateKeys();
    const auth = Buffer.alloc(16, 7);
    const sizes = ['{}', 'x'.repeat(700)].map((text) => {
      const body = encryptMessage(Buffer.from(text), { p256dh: point, auth });
      expect(decryptMessage(body, browser, auth)).toBe(text);
      expect(() => decryptMessage(body, browser, Buffer.alloc(16, 8))).toThrow();
      return body.length;
    });
    expect(sizes[0]).toBe(sizes[1]);
    expect(sizes[0]).toBe(16 + 5 + 65 + PADDED_BYTES + 16);
  });

  test.each([
    ['A'.repeat(87), 'BTBZMqHH6r4Tts7J_aSIgg'],
    [`B${'A'.repeat(86)}`, 'BTBZMqHH6r4Tts7J_aSIgg'],
    ['BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4', 'AAAA'],
  ])('keys that are none are told (%#)', (p256dh, auth) => {
    expect(readKeys(p256dh, auth)).toBeUndefined();
  });
});

test('a token of VAPID is for one push service, ends within a day, and its signature holds', () => {
  const vapid = new Vapid(makeVapidKey(), 'mailto:it@example.org');
  const header = vapid.authorization('https://push.example.org/abc', new Date(1_000_000));
  const [, token = '', key = ''] = /^vapid t=(\S+), k=(\S+)$/.exec(header)!;
  expect(key).toBe(vapid.publicKey);
  const [head = '', claims = '', signature = ''] = token.split('.');
  expect(JSON.parse(bytes(claims).toString())).toEqual({
    aud: 'https://push.example.org',
    exp: 1000 + 12 * 3600,
    sub: 'mailto:it@example.org',
  });
  const point = bytes(key);
  const publicKey = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    },
  });
  const signed = Buffer.from(`${head}.${claims}`);
  expect(verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes(signature))).toBe(
    true,
  );
});
