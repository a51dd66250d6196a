/*
 * From the container in which browsers record Opus (WebM, RFC 9559) to the one that every Matrix client plays
 * (Ogg, RFC 3533 and 7845). The sound itself is not touched.
 */

const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const BLOCK_GROUP = 0xa0;
const MASTERS = new Set([SEGMENT, CLUSTER, TRACKS, TRACK_ENTRY, BLOCK_GROUP]);
const CODEC_PRIVATE = 0x63a2;
const SIMPLE_BLOCK = 0xa3;
const BLOCK = 0xa1;
/** Track number of one byte, time of two, flags. */
const BLOCK_HEADER_BYTES = 4;

/** Opus packets and the header of a WebM file of one track. @throws RangeError when it is cut off or malformed */
function readWebm(bytes: Uint8Array): { head: Uint8Array; packets: Uint8Array[] } {
  let head: Uint8Array | undefined;
  const packets: Uint8Array[] = [];
  let at = 0;
  const number = (keepMarker: boolean): number => {
    const first = bytes[at];
    if (first === undefined || first === 0) throw new RangeError('WebM');
    const length = Math.clz32(first) - 23;
    let value = keepMarker ? first : first & (0xff >> length);
    let unknown = !keepMarker && value === 0xff >> length;
    for (let index = 1; index < length; index++) {
      const next = bytes[at + index];
      if (next === undefined) throw new RangeError('WebM');
      value = value * 256 + next;
      unknown &&= next === 0xff;
    }
    at += length;
    return unknown ? Number.POSITIVE_INFINITY : value;
  };
  while (at < bytes.length) {
    const id = number(true);
    const size = number(false);
    if (MASTERS.has(id)) continue;
    // Recorded while it goes on: the last part may lack its end.
    if (at + size > bytes.length) break;
    const data = bytes.subarray(at, at + size);
    if (id === CODEC_PRIVATE) head = data;
    else if (id === SIMPLE_BLOCK || id === BLOCK) packets.push(data.subarray(BLOCK_HEADER_BYTES));
    at += size;
  }
  if (!head || packets.length === 0) throw new RangeError('WebM without Opus');
  return { head, packets };
}

/** Samples at 48 kHz that an Opus packet holds (RFC 6716, 3.1). */
export function samplesOf(packet: Uint8Array): number {
  const toc = packet[0] ?? 0;
  const config = toc >> 3;
  const frame =
    config < 12
      ? ([480, 960, 1920, 2880][config & 3] ?? 0)
      : config < 16
        ? ([480, 960][config & 1] ?? 0)
        : ([120, 240, 480, 960][config & 3] ?? 0);
  const code = toc & 3;
  return frame * (code === 0 ? 1 : code === 3 ? (packet[1] ?? 0) & 0x3f : 2);
}

const CRC = Uint32Array.from({ length: 256 }, (_unused, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value & 0x80000000 ? 0x04c11db7 : 0);
  return value >>> 0;
});

const BEGIN = 2;
const END = 4;
/** Bytes of a page's table: each entry is a piece of up to 255 bytes. */
const MAX_PIECES = 255;

function page(
  packets: readonly Uint8Array[],
  granule: number,
  sequence: number,
  flags: number,
): Uint8Array<ArrayBuffer> {
  const pieces = packets.flatMap((packet) => [
    ...Array.from({ length: Math.floor(packet.length / 255) }, () => 255),
    packet.length % 255,
  ]);
  const size = packets.reduce((sum, packet) => sum + packet.length, 0);
  const bytes = new Uint8Array(27 + pieces.length + size);
  const view = new DataView(bytes.buffer);
  bytes.set([0x4f, 0x67, 0x67, 0x53, 0, flags]);
  view.setBigUint64(6, BigInt(granule), true);
  view.setUint32(14, 1, true);
  view.setUint32(18, sequence, true);
  bytes[26] = pieces.length;
  bytes.set(pieces, 27);
  let at = 27 + pieces.length;
  for (const packet of packets) {
    bytes.set(packet, at);
    at += packet.length;
  }
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) ^ (CRC[((crc >>> 24) ^ byte) & 0xff] ?? 0)) >>> 0;
  view.setUint32(22, crc, true);
  return bytes;
}

const text = (value: string): number[] => Array.from(value, (letter) => letter.charCodeAt(0));

/** An Ogg file of the Opus sound in a WebM file. @throws RangeError when there is none */
export function oggOfWebm(webm: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const { head, packets } = readWebm(webm);
  const tags = Uint8Array.from([...text('OpusTags'), 4, 0, 0, 0, ...text('qiao'), 0, 0, 0, 0]);
  const pages = [page([head], 0, 0, BEGIN), page([tags], 0, 1, 0)];
  let granule = 0;
  let gathered: Uint8Array[] = [];
  let pieces = 0;
  const flush = (flags: number): void => {
    pages.push(page(gathered, granule, pages.length, flags));
    gathered = [];
    pieces = 0;
  };
  for (const packet of packets) {
    const needed = Math.floor(packet.length / 255) + 1;
    if (pieces + needed > MAX_PIECES || gathered.length === 50) flush(0);
    gathered.push(packet);
    pieces += needed;
    granule += samplesOf(packet);
  }
  flush(END);
  return pages;
}
