import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Bytes } from './bytes.ts';
import { kindOf, mayMove } from './kinds.ts';

const of = (...values: (number | string)[]): Bytes =>
  new Bytes(
    Uint8Array.from(
      values.flatMap((value) =>
        typeof value === 'number' ? [value] : Array.from(value, (letter) => letter.charCodeAt(0)),
      ),
    ),
  );
const chunk = (name: string, size = 0): (number | string)[] => [
  ...[0, 0, 0, size],
  name,
  ...Array.from({ length: size + 4 }, () => 0),
];
const PNG = '\x89PNG\r\n\x1a\n';
const webp = (flags: number): Bytes => of('RIFF', 0, 0, 0, 0, 'WEBPVP8X', 10, 0, 0, 0, flags, 0, 0, 0);

test('moving pictures are told from still ones', () => {
  expect(mayMove(of(PNG, ...chunk('IHDR', 13), ...chunk('acTL', 8), ...chunk('IDAT')))).toBe(true);
  expect(mayMove(of(PNG, ...chunk('IHDR', 13), ...chunk('IDAT'), ...chunk('acTL', 8)))).toBe(false);
  expect(mayMove(webp(0x02))).toBe(true);
  expect(mayMove(webp(0x10 | 0x02))).toBe(true);
  expect(mayMove(webp(0x10))).toBe(false);
  expect(mayMove(of('GIF89a'))).toBe(true);
  expect(mayMove(of(0, 0, 0, 32, 'ftypavis'))).toBe(true);
  expect(mayMove(of(0, 0, 0, 32, 'ftypavif'))).toBe(false);
});

test('a still one of each kind, and what is cut off', () => {
  for (const name of ['plain.jpg', 'exif.png', 'exif.webp', 'lossless.webp', 'picture.avif'])
    expect(
      mayMove(
        new Bytes(
          new Uint8Array(readFileSync(`${import.meta.dirname}/../../../test/fixtures/metadata/${name}`)),
        ),
      ),
    ).toBe(false);
  for (const short of [of(), of('RIFF'), of('RIFF', 0, 0, 0, 0, 'WEBP'), of(PNG), of(0, 0, 0, 0, 'ftyp')]) {
    expect(mayMove(short)).toBe(false);
    expect(() => kindOf(short)).not.toThrow();
  }
});
