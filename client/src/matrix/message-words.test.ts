import { MatrixEvent } from 'matrix-js-sdk';
import { expect, test } from 'vitest';
import { isWholeInPreview } from './message-words.ts';

const event = (content: Record<string, unknown>, more: object = {}): MatrixEvent =>
  new MatrixEvent({
    event_id: '$e',
    room_id: '!a:x',
    sender: '@li:x',
    type: 'm.room.message',
    content,
    ...more,
  });
const formatted = (body: string, html: string): MatrixEvent =>
  event({ msgtype: 'm.text', body, format: 'org.matrix.custom.html', formatted_body: html });

test.each([
  ['a short text', event({ msgtype: 'm.text', body: '机房漏水，请立即确认 👨‍👩‍👧 ' })],
  ['with marks', formatted('**机房** 漏水', '<p><strong>机房</strong> 漏水</p>')],
])('a line says the whole of a message: %s', (_name, given) => {
  expect(isWholeInPreview(given)).toBe(true);
});

test.each([
  ['a longer text', event({ msgtype: 'm.text', body: '水'.repeat(90) })],
  ['more than one line', event({ msgtype: 'm.text', body: '机房漏水\n第二步：断电' })],
  ['a long formatted text', formatted('x', `<p>${'水'.repeat(90)}</p>`)],
  ['formatted text with a picture', formatted('x', '<p>x<img src="mxc://x/y" alt="plan"></p>')],
  ['hidden words', formatted('x', '<p>x <span data-mx-spoiler>y</span></p>')],
  ['marks without end', formatted('x', `x${'<b></b>'.repeat(1000)}y`)],
  ['a picture', event({ msgtype: 'm.image', body: 'a.jpg', url: 'mxc://x/y' })],
  ['a picture without its file', event({ msgtype: 'm.image', body: 'a.jpg' })],
  ['a file', event({ msgtype: 'm.file', body: 'a.pdf', url: 'mxc://x/y' })],
  ['a kind that is not known', event({ msgtype: 'im.qiao.none', body: 'x' })],
  ['what is not decrypted', event({}, { type: 'm.room.encrypted' })],
  ['a domain’s event', event({ body: 'x' }, { type: 'im.qiao.card' })],
])('a line does not say the whole of a message: %s', (_name, given) => {
  expect(isWholeInPreview(given)).toBe(false);
});

test('of a changed message whose change cannot be read nobody has seen the whole', () => {
  const given = event({ msgtype: 'm.text', body: '旧的' });
  given.makeReplaced(event({}, { event_id: '$change', type: 'm.room.encrypted' }));
  expect(isWholeInPreview(given)).toBe(false);
});
