import { describe, expect, test } from 'vitest';
import { oggOfWebm, samplesOf } from './ogg.ts';

const text = (value: string): number[] => Array.from(value, (letter) => letter.charCodeAt(0));
const element = (id: number[], data: number[]): number[] => [
  ...id,
  0x40 | (data.length >> 8),
  data.length & 0xff,
  ...data,
];
const unknown = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const head = [...text('OpusHead'), 1, 1, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0];

/** As browsers record: segment and cluster without a stated end. */
const webm = (packets: number[][]): Uint8Array =>
  Uint8Array.from([
    ...element([0x1a, 0x45, 0xdf, 0xa3], text('webm')),
    ...[0x18, 0x53, 0x80, 0x67, ...unknown],
    ...element(
      [0x16, 0x54, 0xae, 0x6b],
      element([0xae], [...element([0xd7], [1]), ...element([0x63, 0xa2], head)]),
    ),
    ...[0x1f, 0x43, 0xb6, 0x75, ...unknown],
    ...element([0xe7], [0]),
    ...packets.flatMap((packet) => element([0xa3], [0x81, 0, 0, 0x80, ...packet])),
  ]);

describe('WebM to Ogg', () => {
  test('packets, order and time stay', () => {
    // 20 ms each (CELT, config 31, one frame), one of them longer than a piece.
    const packets = [
      [0xf8, 1, 2],
      [0xf8, ...Array.from({ length: 300 }, () => 7)],
      [0xf8, 9],
    ];
    const pages = oggOfWebm(webm(packets));
    expect(pages).toHaveLength(3);
    for (const [index, page] of pages.entries()) {
      expect(String.fromCharCode(...page.subarray(0, 4))).toBe('OggS');
      expect(new DataView(page.buffer).getUint32(18, true)).toBe(index);
    }
    const [first, , sound] = pages;
    expect([...(first?.subarray(28) ?? [])]).toEqual(head);
    expect([...(sound?.subarray(26, 31) ?? [])]).toEqual([4, 3, 255, 46, 2]);
    expect([...(sound?.subarray(31) ?? [])]).toEqual(packets.flat());
    expect(new DataView(sound?.buffer ?? new ArrayBuffer(0)).getBigUint64(6, true)).toBe(2880n);
    expect([first?.[5], sound?.[5]]).toEqual([2, 4]);
  });

  test('long recordings become several pages', () => {
    expect(oggOfWebm(webm(Array.from({ length: 120 }, () => [0xf8, 1])))).toHaveLength(5);
  });

  test('a recording that was cut off keeps what is whole', () => {
    const whole = webm([
      [0xf8, 1],
      [0xf8, 2],
    ]);
    const pages = oggOfWebm(whole.subarray(0, whole.length - 1));
    expect([...(pages[2]?.subarray(28) ?? [])]).toEqual([0xf8, 1]);
  });

  test.each([new Uint8Array(), Uint8Array.from([0, 1, 2]), webm([])])('no sound: %#', (bytes) => {
    expect(() => oggOfWebm(bytes)).toThrow(RangeError);
  });

  test.each([
    [[0xf8], 960],
    [[0x08], 960],
    [[0x79], 1920],
    [[0xfb, 3], 2880],
  ])('samples of %j', (packet, samples) => {
    expect(samplesOf(Uint8Array.from(packet))).toBe(samples);
  });
});
