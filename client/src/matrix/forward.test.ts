import { expect, test } from 'vitest';
import { copyOf } from './forward.ts';

const relation = { 'm.relates_to': { 'm.in_reply_to': { event_id: '$a' } } };

test('a copy answers nobody and mentions nobody', () => {
  const content = {
    msgtype: 'm.text',
    body: '> <@a:x> 问题\n\n回答 @张三',
    format: 'org.matrix.custom.html',
    formatted_body: '<mx-reply><blockquote>问题</blockquote></mx-reply>回答 <b>张三</b>',
    'm.mentions': { user_ids: ['@zhang:x'], room: true },
    'com.example.secret': 1,
    ...relation,
  };
  expect(copyOf('m.room.message', content, true)).toEqual({
    msgtype: 'm.text',
    body: '回答 @张三',
    format: 'org.matrix.custom.html',
    formatted_body: '回答 <b>张三</b>',
    'm.mentions': {},
  });
  const own = { msgtype: 'm.text', body: '> 原话\n\n同意', ...relation };
  expect(copyOf('m.room.message', own, true)?.['body']).toBe('> 原话\n\n同意');
  // Without a relation the lines are what somebody wrote.
  expect(copyOf('m.room.message', { msgtype: 'm.text', body: '> a\n\nb' }, false)?.['body']).toBe('> a\n\nb');
});

test('a file goes with its address and keys', () => {
  const file = { url: 'mxc://x/y', key: { k: 'secret' }, iv: 'i', hashes: { sha256: 'h' }, v: 'v2' };
  const info = { mimetype: 'image/png', thumbnail_file: { ...file, url: 'mxc://x/t' } };
  const content = { msgtype: 'm.image', body: '一楼', filename: 'a.png', file, info, 'm.new_content': {} };
  expect(copyOf('m.room.message', content, false)).toEqual({
    msgtype: 'm.image',
    body: '一楼',
    filename: 'a.png',
    file,
    info,
    'm.mentions': {},
  });
});

test.each([
  ['org.matrix.msc3381.poll.start', { body: 'x' }],
  ['im.qiao.card', { body: 'x', msgtype: 'm.text' }],
  ['m.room.message', {}],
  ['m.room.message', { msgtype: 'm.text', body: 7 }],
  ['m.room.message', { msgtype: ['m.text'], body: 'x' }],
  ['m.room.message', { msgtype: 'm.key.verification.request', body: 'x' }],
])('%s %j is not forwarded', (type, content) => {
  expect(copyOf(type, content, false)).toBeUndefined();
});
