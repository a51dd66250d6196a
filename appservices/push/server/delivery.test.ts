import { expect, test } from 'vitest';
import { allowedEndpoint } from './delivery.ts';

const anything = { allowed_hosts: [], inside_endpoints: [] };

test.each([
  ['https://fcm.googleapis.com/fcm/send/abc', true],
  ['https://updates.push.services.mozilla.com/wpush/v2/abc', true],
  ['https://8.8.8.8/abc', true],
  ['http://push.example.org/abc', false],
  ['https://127.0.0.1/abc', false],
  ['https://127.1/abc', false],
  ['https://2130706433/abc', false],
  ['https://[::1]/abc', false],
  ['https://[::ffff:10.0.0.1]/abc', false],
  ['https://10.1.2.3:8443/abc', false],
  ['https://169.254.169.254/latest/meta-data', false],
  ['https://localhost/abc', false],
  ['https://localhost./abc', false],
  ['https://printer.local/abc', false],
  ['https://intranet/abc', false],
  ['https://user:secret@push.example.org/abc', false],
  ['file:///etc/passwd', false],
  ['no address', false],
])('%s: %s', (endpoint, allowed) => {
  expect(allowedEndpoint(endpoint, anything)).toBe(allowed);
});

test('a list of hosts leaves the others out, and look-alikes', () => {
  const config = { allowed_hosts: ['push.example.org'], inside_endpoints: ['http://10.0.0.5:9000'] };
  expect(allowedEndpoint('https://push.example.org/a', config)).toBe(true);
  expect(allowedEndpoint('https://eu.push.example.org/a', config)).toBe(true);
  expect(allowedEndpoint('https://evilpush.example.org/a', config)).toBe(false);
  expect(allowedEndpoint('https://fcm.googleapis.com/a', config)).toBe(false);
  expect(allowedEndpoint('http://10.0.0.5:9000/a', config)).toBe(true);
  expect(allowedEndpoint('http://10.0.0.5:9001/a', config)).toBe(false);
});
