import { decodeQR } from 'qr/decode.js';
import { expect, test } from 'vitest';
import { bytesOf, decodeAsBytes, qrModules } from './qr.ts';

const PIXELS = 4;

/** A picture of the code as a camera has it. */
function picture(modules: readonly (readonly boolean[])[]) {
  const size = modules.length * PIXELS;
  const data = new Uint8Array(size * size * 4).fill(255);
  modules.forEach((row, y) => {
    row.forEach((dark, x) => {
      if (!dark) return;
      for (let dy = 0; dy < PIXELS; dy++)
        for (let dx = 0; dx < PIXELS; dx++) {
          const at = ((y * PIXELS + dy) * size + x * PIXELS + dx) * 4;
          data.fill(0, at, at + 3);
        }
    });
  });
  return { width: size, height: size, data };
}

test('a verification code of any bytes is read back as it was', () => {
  const bytes = Uint8ClampedArray.from({ length: 160 }, (_, index) => (index * 37 + 250) % 256);
  bytes.set(new TextEncoder().encode('MATRIX'));
  const text = decodeQR(picture(qrModules(bytes)), { textDecoder: decodeAsBytes });
  expect([...bytesOf(text)]).toEqual([...bytes]);
});
