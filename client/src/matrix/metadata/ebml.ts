import type { Bytes } from './bytes.ts';

/* WebM and Matroska (RFC 8794, RFC 9559). What goes becomes a Void element: nothing is moved. */

const ID = {
  header: 0x1a45dfa3,
  segment: 0x18538067,
  info: 0x1549a966,
  tracks: 0x1654ae6b,
  cluster: 0x1f43b675,
  seekHead: 0x114d9b74,
  cues: 0x1c53bb6b,
  chapters: 0x1043a770,
  tags: 0x1254c367,
  attachments: 0x1941a469,
  trackEntry: 0xae,
  trackType: 0x83,
  trackName: 0x536e,
  void: 0xec,
  crc: 0xbf,
} as const;
/** Of Info: how long it is and how time is counted. */
const INFO_KEPT = new Set([0x2ad7b1, 0x4489]);
/** Children of a segment; any of them ends a cluster of unknown size. */
const SEGMENT = new Set<number>([
  ID.info,
  ID.tracks,
  ID.cluster,
  ID.seekHead,
  ID.cues,
  ID.chapters,
  ID.tags,
  ID.attachments,
]);
const SUBTITLES = 0x11;
const METADATA = 0x21;

interface Element {
  readonly id: number;
  readonly from: number;
  readonly body: number;
  /** Undefined: of unknown size. */
  readonly end: number | undefined;
}

class Elements {
  readonly #bytes: Bytes;
  clean = true;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  file(): void {
    for (let at = 0; at < this.#bytes.length;) {
      const element = this.#read(at);
      if (element.id !== ID.header && element.id !== ID.segment && element.id !== ID.void)
        throw new RangeError('not a segment');
      const end = element.end ?? this.#bytes.length;
      if (element.id === ID.segment) this.#segment(element.body, end);
      at = end;
    }
  }

  #read(at: number): Element {
    const { view, length } = this.#bytes;
    const first = view.getUint8(at);
    const idBytes = Math.clz32(first) - 23;
    if (idBytes > 4) throw new RangeError('no id');
    let id = 0;
    for (let index = 0; index < idBytes; index++) id = id * 256 + view.getUint8(at + index);
    const sizeAt = at + idBytes;
    const sizeBytes = Math.clz32(view.getUint8(sizeAt)) - 23;
    if (sizeBytes > 8) throw new RangeError('no size');
    let size = view.getUint8(sizeAt) & (0xff >> sizeBytes);
    let unknown = size === 0xff >> sizeBytes;
    for (let index = 1; index < sizeBytes; index++) {
      const byte = view.getUint8(sizeAt + index);
      unknown &&= byte === 0xff;
      size = size * 256 + byte;
    }
    const body = sizeAt + sizeBytes;
    if (!unknown && body + size > length) throw new RangeError('cut off');
    return { id, from: at, body, end: unknown ? undefined : body + size };
  }

  *#within(from: number, end: number): Generator<Element & { end: number }> {
    for (let at = from; at < end;) {
      const element = this.#read(at);
      if (element.end === undefined || element.end > end) throw new RangeError('no end');
      yield { ...element, end: element.end };
      at = element.end;
    }
  }

  #segment(from: number, end: number): void {
    for (let at = from; at < end;) {
      const element = this.#read(at);
      const stop =
        element.end ?? (element.id === ID.cluster ? this.#afterCluster(element.body, end) : undefined);
      if (stop === undefined || stop > end) throw new RangeError('no end');
      if (element.id === ID.info) this.#keep(element.body, stop, (child) => INFO_KEPT.has(child.id));
      else if (element.id === ID.tracks) this.#tracks(element.body, stop);
      else if (!SEGMENT.has(element.id) || element.id === ID.tags || element.id === ID.attachments)
        this.#wipe(element.from, stop);
      at = stop;
    }
  }

  /** A cluster whose size nobody wrote down ends before the next child of the segment. */
  #afterCluster(from: number, end: number): number {
    let at = from;
    while (at < end) {
      const element = this.#read(at);
      if (SEGMENT.has(element.id)) break;
      if (element.end === undefined) throw new RangeError('no end');
      at = element.end;
    }
    return at;
  }

  #keep(from: number, end: number, stays: (child: Element) => boolean): void {
    for (const child of this.#within(from, end)) if (!stays(child)) this.#wipe(child.from, child.end);
  }

  #tracks(from: number, end: number): void {
    for (const entry of this.#within(from, end)) {
      if (entry.id !== ID.trackEntry) {
        this.#wipe(entry.from, entry.end);
        continue;
      }
      for (const child of this.#within(entry.body, entry.end)) {
        const type = child.id === ID.trackType ? this.#bytes.view.getUint8(child.body) : 0;
        if (type === SUBTITLES || type === METADATA) this.clean = false;
        // A checksum would not fit any more.
        if (child.id === ID.trackName || child.id === ID.crc) this.#wipe(child.from, child.end);
      }
    }
  }

  #wipe(from: number, end: number): void {
    const { data, view } = this.#bytes;
    data.fill(0, from, end);
    const sizeBytes = Math.min(8, end - from - 1);
    let size = end - from - 1 - sizeBytes;
    for (let index = sizeBytes; index > 0; index--) {
      view.setUint8(from + index, size % 256);
      size = Math.floor(size / 256);
    }
    view.setUint8(from, ID.void);
    view.setUint8(from + 1, view.getUint8(from + 1) | (0x80 >> (sizeBytes - 1)));
  }
}

/**
 * Overwrites in place what tells of place, time and camera.
 * @returns whether nothing is left that could
 * @throws RangeError where the file cannot be read to its end
 */
export function cleanElements(bytes: Bytes): boolean {
  const elements = new Elements(bytes);
  elements.file();
  return elements.clean;
}
