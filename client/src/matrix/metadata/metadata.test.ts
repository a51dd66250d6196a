import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { withoutMetadata } from './index.ts';

const folder = new URL('../../../test/fixtures/metadata/', import.meta.url);
const read = (name: string): Uint8Array<ArrayBuffer> => Uint8Array.from(readFileSync(new URL(name, folder)));
const files = readdirSync(folder);

/** What was planted into the files: a place and a camera, in Exif, XMP, comments, boxes, tags and tracks. */
const MARKS = ['GPSMARK', 'CAMMARK', '+39.9'];
const marksIn = (data: Uint8Array): string[] => {
  const text = Buffer.from(data).toString('latin1');
  return MARKS.filter((mark) => text.includes(mark));
};
const cleaned = async (data: Uint8Array<ArrayBuffer>, type = '') => {
  const { file, cleaning } = await withoutMetadata(new Blob([data], { type }));
  return { cleaning, data: new Uint8Array(await file.arrayBuffer()), type: file.type };
};

describe('what a picture or film tells of place and camera', () => {
  test.each(files.filter((name) => name !== 'subtitles.mp4'))('leaves %s', async (name) => {
    const before = read(name);
    expect(marksIn(before)).not.toEqual([]);
    const after = await cleaned(before);
    expect(after.cleaning).toBe('cleaned');
    expect(marksIn(after.data)).toEqual([]);
    // Clean once, clean for good: nothing more is found, nothing is lost.
    expect((await cleaned(after.data)).data).toEqual(after.data);
  });

  test('is told where nobody can say what is left', async () => {
    const after = await cleaned(read('subtitles.mp4'));
    expect(after.cleaning).toBe('kept');
  });

  test.each([
    ['a raw picture', 'II*\0rest', ''],
    ['Photoshop', '8BPSrest', ''],
    ['an unknown picture', '<svg/>', 'image/svg+xml'],
    ['an unknown film', 'G@..', 'video/mp2t'],
    ['a JPEG that is cut off in its beginning', '\xff\xd8\xff\xe1\x10\x00Exif', 'image/jpeg'],
    ['a PNG that is cut off', '\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR', 'image/png'],
    ['a film that is cut off', '\0\0\0\x10ftypisom\0\0\0\0\0\0\x10\0moov', 'video/mp4'],
    ['a WebM that is cut off', '\x1a\x45\xdf\xa3\x9f', 'video/webm'],
    ['a GIF that is cut off', 'GIF89a\x01\0\x01\0\0\0\0!', 'image/gif'],
  ])('is told of %s, which is sent as it is', async (_, text, type) => {
    const data = Uint8Array.from(Buffer.from(text, 'latin1'));
    expect(await cleaned(data, type)).toEqual({ cleaning: 'kept', data, type });
  });

  test('is asked of pictures and films alone, by their bytes', async () => {
    const text = Uint8Array.from(Buffer.from('GPSMARK'));
    expect((await cleaned(text, 'text/plain')).cleaning).toBe('other');
    expect((await cleaned(read('plain.jpg'), 'application/octet-stream')).cleaning).toBe('cleaned');
    expect((await cleaned(read('plain.jpg'), 'image/png')).cleaning).toBe('cleaned');
  });

  test('never ends in anything but an answer, wherever a file is cut or changed', async () => {
    for (const name of files) {
      const whole = read(name).slice(0, 4000);
      for (let at = 3; at < whole.length; at += 37) {
        await cleaned(whole.slice(0, at));
        const changed = whole.slice();
        changed[at] = (changed[at] ?? 0) ^ 0xff;
        expect(['cleaned', 'kept', 'other']).toContain((await cleaned(changed)).cleaning);
      }
    }
  });
});

describe('the turn of a picture', () => {
  const turnAt = (data: Uint8Array): number | undefined => {
    const at = Buffer.from(data).indexOf(Buffer.from('4d4d002a00000008000101120003', 'hex'));
    return at < 0 ? undefined : data[at + 19];
  };
  test.each(['exif.png', 'lossless.webp'])('stays in %s', async (name) => {
    expect(turnAt((await cleaned(read(name))).data)).toBe(6);
  });
  test('stays in a JPEG', async () => {
    const plain = read('plain.jpg');
    const tiff = [0x4d, 0x4d, 0, 0x2a, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0];
    const exif = [0xff, 0xe1, 0, tiff.length + 8, 0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
    const turned = Uint8Array.from([0xff, 0xd8, ...exif, ...plain.slice(2)]);
    expect(turnAt((await cleaned(turned)).data)).toBe(8);
  });
});
