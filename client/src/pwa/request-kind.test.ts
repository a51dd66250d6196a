import { expect, test } from 'vitest';
import { kindOf } from './request-kind.ts';

test.each([
  ['/', true, 'page'],
  ['/room/!abc:example.org', true, 'page'],
  ['/room/!abc', true, 'page'],
  ['/settings/appearance', true, 'page'],
  ['/admin', true, 'other'],
  ['/admin/people', true, 'other'],
  ['/portal/', true, 'other'],
  ['/api/org/me', true, 'other'],
  ['/api/org/me', false, 'other'],
  ['/_matrix/client/v3/sync', false, 'other'],
  ['/_synapse/client/oidc/callback', true, 'other'],
  ['/.well-known/matrix/client', false, 'other'],
  ['/livekit/rtc', false, 'other'],
  ['/brand.json', false, 'brand'],
  ['/brand.css', false, 'brand'],
  ['/brand/logo.0123456789ab.svg', false, 'brand'],
  ['/manifest.webmanifest', false, 'brand'],
  ['/assets/index-abc.js', false, 'shell'],
  ['/first-paint.js', false, 'shell'],
] as const)('%s (navigation: %s) is of kind %s', (path, navigation, kind) => {
  expect(kindOf(path, navigation)).toBe(kind);
});
