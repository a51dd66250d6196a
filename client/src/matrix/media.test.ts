import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BrokenFileError, decryptFile, encryptFile, parseEncryptedFile } from './media-crypto.ts';
import { Media, mediaOf, thumbnailOf } from './media.ts';
import { OPAQUE_TYPE, safeType, shownType, statedSize } from './media-types.ts';

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

describe('encrypted attachments', () => {
  test('what was encrypted is opened again', async () => {
    const { data, file } = await encryptFile(bytes('会议纪要'));
    expect(new Uint8Array(data)).not.toEqual(bytes('会议纪要'));
    expect(new TextDecoder().decode(await decryptFile(data, file))).toBe('会议纪要');
    expect(file.iv).toMatch(/^[A-Za-z0-9+/]{22}$/);
    expect(file.key.k).toMatch(/^[\w-]{43}$/);
  });

  test('a changed byte is told', async () => {
    const { data, file } = await encryptFile(bytes('报价单'));
    const changed = new Uint8Array(data);
    changed[0] = (changed[0] ?? 0) ^ 1;
    await expect(decryptFile(changed, file)).rejects.toBeInstanceOf(BrokenFileError);
  });

  test.each([
    undefined,
    null,
    'mxc://h/1',
    {},
    { url: 'https://elsewhere.invalid/x', v: 'v2', iv: 'a', key: { k: 'a' }, hashes: { sha256: 'a' } },
    { url: 'mxc://h/1', v: 'v9', iv: 'a', key: { k: 'a' }, hashes: { sha256: 'a' } },
    { url: 'mxc://h/1', v: 'v2', iv: 5, key: { k: 'a' }, hashes: { sha256: 'a' } },
    { url: 'mxc://h/1', v: 'v2', iv: 'a', key: [], hashes: null },
  ])('malformed: %j', (value) => {
    expect(parseEncryptedFile(value)).toBeUndefined();
  });
});

describe('a message’s file', () => {
  test('plain and encrypted', async () => {
    expect(mediaOf({ url: 'mxc://h/1', info: { mimetype: 'image/png', size: 3 } })).toEqual({
      mxc: 'mxc://h/1',
      file: undefined,
      mimetype: 'image/png',
      size: 3,
    });
    const { file } = await encryptFile(bytes('x'));
    const content = { file: { ...file, url: 'mxc://h/2' }, info: { thumbnail_url: 'mxc://h/3', size: -1 } };
    expect(mediaOf(content)?.mxc).toBe('mxc://h/2');
    expect(mediaOf(content)?.size).toBeUndefined();
    expect(thumbnailOf(content)?.mxc).toBe('mxc://h/3');
  });

  test.each([{}, { url: 7 }, { url: 'https://elsewhere.invalid/a.png' }, { file: 'x', info: 'y' }])(
    'none: %j',
    (content) => {
      expect(mediaOf(content)).toBeUndefined();
      expect(thumbnailOf(content)).toBeUndefined();
    },
  );
});

describe('types', () => {
  test.each([
    ['image/png', 'image/png'],
    ['IMAGE/JPEG; charset=x', 'image/jpeg'],
    ['audio/ogg; codecs=opus', 'audio/ogg'],
    ['image/svg+xml', OPAQUE_TYPE],
    ['text/html', OPAQUE_TYPE],
    ['application/xhtml+xml', OPAQUE_TYPE],
    ['application/pdf', OPAQUE_TYPE],
    ['', OPAQUE_TYPE],
    [undefined, OPAQUE_TYPE],
    [{}, OPAQUE_TYPE],
  ])('%j is shown as %s', (claimed, shown) => {
    expect(safeType(claimed)).toBe(shown);
  });
});

describe('a picture is what its bytes are', () => {
  const chat = `${import.meta.dirname}/../../test/fixtures/chat/`;
  const { content, also } = JSON.parse(readFileSync(`${chat}image-claimed-types.json`, 'utf8')) as {
    content: { info: { mimetype: string } };
    also: string[];
  };
  const read = (name: string) =>
    new Uint8Array(readFileSync(`${import.meta.dirname}/../../test/fixtures/metadata/${name}`));

  test.each([content.info.mimetype, ...also, undefined, 'image/png', 'text/html'])(
    'claimed as %j',
    (claimed) => {
      expect(shownType(claimed, read('plain.jpg'))).toBe('image/jpeg');
    },
  );
  test.each([
    ['exif.png', 'image/png'],
    ['exif.webp', 'image/webp'],
    ['comment.gif', 'image/gif'],
    ['picture.avif', 'image/avif'],
  ])('%s', (name, type) => {
    expect(shownType('image/jpg', read(name))).toBe(type);
  });
  test.each([
    ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/svg+xml', OPAQUE_TYPE],
    ['<html>', 'text/html', OPAQUE_TYPE],
    ['OggS', 'audio/ogg', 'audio/ogg'],
    ['', undefined, OPAQUE_TYPE],
  ])('%j is no picture', (text, claimed, type) => {
    expect(shownType(claimed, new TextEncoder().encode(text))).toBe(type);
  });
});

describe('dimensions', () => {
  const of = (...values: (number | string)[]): Uint8Array =>
    Uint8Array.from(
      values.flatMap((value) =>
        typeof value === 'number' ? [value] : Array.from(value, (letter) => letter.charCodeAt(0)),
      ),
    );
  test('of PNG, GIF and JPEG', () => {
    const png = of(0x89, 'PNG\r\n\x1a\n', 0, 0, 0, 13, 'IHDR', 0, 1, 0, 0, 0, 2, 0, 0);
    expect(statedSize(png)).toEqual({ width: 65536, height: 131072 });
    expect(statedSize(of('GIF89a', 10, 0, 20, 0))).toEqual({ width: 10, height: 20 });
    const jpeg = of(0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 17, 8, 0, 30, 0, 40, 3);
    expect(statedSize(jpeg)).toEqual({ width: 40, height: 30 });
  });
  test('cut off or something else', () => {
    expect(statedSize(of(0x89, 'PNG'))).toBeUndefined();
    expect(statedSize(of(0xff, 0xd8, 0xff))).toBeUndefined();
    expect(statedSize(of('hello, world, how are you'))).toBeUndefined();
    expect(statedSize(of())).toBeUndefined();
  });
});

describe('a file of this device', () => {
  const nothing = {
    fetch: () => Promise.reject(new Error('nothing is fetched')),
    fresh: () => Promise.resolve(),
  };

  test('keeps its URL when it is uploaded', async () => {
    const media = new Media({} as never, nothing as never);
    media.keep('mxc://local.invalid/a', new Blob(['ogg'], { type: 'audio/ogg' }));
    const before = await media.load({ mxc: 'mxc://local.invalid/a' });
    expect(media.isSame('mxc://local.invalid/a', 'mxc://h/1')).toBe(false);
    media.move('mxc://local.invalid/a', 'mxc://h/1');
    expect(media.isSame('mxc://local.invalid/a', 'mxc://h/1')).toBe(true);
    expect(media.isSame('mxc://local.invalid/a', 'mxc://h/2')).toBe(false);
    const after = await media.load({ mxc: 'mxc://h/1' });
    expect(after.url).toBe(before.url);
    before.release();
    // Whoever comes late finds it by the old address too.
    expect((await media.load({ mxc: 'mxc://local.invalid/a' })).url).toBe(before.url);
  });

  test('is not in the way of one that is there', async () => {
    const media = new Media({} as never, nothing as never);
    media.keep('mxc://h/1', new Blob(['one']));
    media.move('mxc://local.invalid/gone', 'mxc://h/1');
    expect(media.isSame('mxc://local.invalid/gone', 'mxc://h/1')).toBe(false);
    expect(await (await media.load({ mxc: 'mxc://h/1' })).blob.text()).toBe('one');
  });
});
