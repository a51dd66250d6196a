import { expect, test } from 'vitest';
import { applySlash } from './slash.ts';

const of = (body: string, html?: string) => applySlash({ body, html, userIds: [], room: false });

test.each(['/', '／'])('%s begins a command', (sign) => {
  expect(of(`${sign}me 鼓掌`)).toMatchObject({ body: '鼓掌', emote: true });
  expect(of(`${sign}me a`, `<p>${sign}me <b>a</b></p>`)).toMatchObject({
    html: '<p><b>a</b></p>',
    emote: true,
  });
  expect(of(`${sign}shrug`)).toMatchObject({ body: '¯\\_(ツ)_/¯' });
});

test('anything else stays text', () => {
  for (const body of ['/mention', '//me a', '/me', 'a ／me b']) expect(of(body)).toMatchObject({ body });
});
