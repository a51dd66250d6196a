import type { Bytes } from './bytes.ts';

/*
 * Films and pictures in boxes: MP4 and QuickTime, HEIF and AVIF (ISO/IEC 14496-12, 23008-12), JPEG XL (18181-2). Boxes
 * say where in the file others lie, so nothing is moved: what goes is overwritten.
 */

interface Box {
  readonly type: string;
  readonly from: number;
  readonly body: number;
  readonly end: number;
}

const names = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Boxes that stay; of all others nothing is left but their place. Those with a function of their own are not here. */
const FILE = names('ftyp styp mdat sidx ssix mfra pdin jxlc jxlp jxll jxli');
const MOVIE = names('mvex iods clip ctab pssh');
const TRACK = names('tref edts load matt clip tapt trgr');
const FRAGMENT = names('mfhd traf pssh');
/** Tracks of what is seen and heard, and of the time code. */
const SHOWN = names('vide soun auxv pict tmcd');
/** Subtitles are wanted, and some cameras write the place into them. */
const SUBTITLES = names('text sbtl subt clcp');
/** Items of a HEIF file that are pictures, or how pictures are put together. */
const PICTURES = names('hvc1 av01 avc1 vvc1 grid iovl iden tmap');
/** An Exif item without entries: the offset of its header, the header, no entry, no further directory. */
const NO_EXIF = [0, 0, 0, 0, 0x4d, 0x4d, 0, 0x2a, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0];
const SAFE_BITS = 0x1fffff;

class Boxes {
  readonly #bytes: Bytes;
  readonly #view: DataView;
  /** False: something is left of which nobody can say what it tells. */
  clean = true;
  #fragments = false;
  #wipedTracks = false;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
    this.#view = bytes.view;
  }

  file(): void {
    for (const box of this.#within(0, this.#bytes.length)) {
      if (box.type === 'moov') this.#movie(box);
      else if (box.type === 'moof') this.#fragment(box);
      else if (box.type === 'meta' && this.#handler(box, box.body + 4) === 'pict') this.#items(box);
      else if (box.type === 'JXL ') continue;
      else if (!FILE.has(box.type)) this.#wipe(box);
    }
    // The samples of a fragmented track are not looked for.
    if (this.#fragments && this.#wipedTracks) this.clean = false;
  }

  *#within(from: number, end: number): Generator<Box> {
    for (let at = from; at + 8 <= end;) {
      let size = this.#view.getUint32(at);
      let body = at + 8;
      if (size === 1) {
        size = this.#wide(body);
        body += 8;
      } else if (size === 0) size = end - at;
      // QuickTime ends a list of boxes by four zero bytes; they are a size of 0 only at the end of the file.
      if (at + size > end || at + size < body) throw new RangeError('cut off');
      yield { type: this.#bytes.name(at + 4), from: at, body, end: at + size };
      at += size;
    }
  }

  #wide(at: number): number {
    const high = this.#view.getUint32(at);
    if (high > SAFE_BITS) throw new RangeError('too large');
    return high * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  #zero(from: number, end: number): void {
    this.#bytes.part(from, end).fill(0);
  }

  #wipe(box: Box): void {
    for (const [index, letter] of [0x66, 0x72, 0x65, 0x65].entries())
      this.#view.setUint8(box.from + 4 + index, letter);
    this.#zero(box.body, box.end);
  }

  /** Of a box with a handler: what its contents are. */
  #handler(box: Box, from: number): string | undefined {
    for (const child of this.#within(from, box.end))
      if (child.type === 'hdlr') return this.#bytes.name(child.body + 8);
    return undefined;
  }

  #movie(movie: Box): void {
    for (const box of this.#within(movie.body, movie.end)) {
      if (box.type === 'cmov') throw new RangeError('compressed');
      if (box.type === 'mvhd') this.#times(box);
      else if (box.type === 'trak') this.#track(box);
      else if (!MOVIE.has(box.type)) this.#wipe(box);
    }
  }

  /** When it was made and changed: in a film's, a track's and its media's header at the same place. */
  #times(box: Box): void {
    const wide = this.#view.getUint8(box.body) === 1;
    this.#zero(box.body + 4, box.body + (wide ? 20 : 12));
  }

  #track(track: Box): void {
    let media: Box | undefined;
    for (const box of this.#within(track.body, track.end)) {
      if (box.type === 'tkhd') this.#times(box);
      else if (box.type === 'mdia') media = box;
      else if (!TRACK.has(box.type)) this.#wipe(box);
    }
    if (!media) throw new RangeError('a track without media');
    const handler = this.#handler(media, media.body) ?? '';
    if (SUBTITLES.has(handler)) this.clean = false;
    else if (!SHOWN.has(handler)) {
      // What a camera writes along: place, movement, settings.
      this.#wipeSamples(media);
      this.#wipe(track);
      this.#wipedTracks = true;
      return;
    }
    for (const box of this.#within(media.body, media.end)) {
      if (box.type === 'mdhd') this.#times(box);
      // The name of the handler, often the camera's maker.
      else if (box.type === 'hdlr') this.#zero(Math.min(box.body + 24, box.end), box.end);
      else if (box.type === 'minf' && handler === 'vide') this.#compressor(box);
    }
  }

  #sampleTable(information: Box): Box | undefined {
    for (const box of this.#within(information.body, information.end)) if (box.type === 'stbl') return box;
    return undefined;
  }

  /** The name of what has compressed a film: the camera's. */
  #compressor(information: Box): void {
    const table = this.#sampleTable(information);
    if (!table) return;
    for (const box of this.#within(table.body, table.end))
      if (box.type === 'stsd')
        for (const entry of this.#within(box.body + 8, box.end))
          if (entry.end - entry.from >= 86) this.#zero(entry.body + 42, entry.body + 74);
  }

  #wipeSamples(media: Box): void {
    let table: Box | undefined;
    for (const box of this.#within(media.body, media.end))
      if (box.type === 'minf') table ??= this.#sampleTable(box);
    if (!table) throw new RangeError('a track without samples');
    const found = new Map<string, number>();
    for (const box of this.#within(table.body, table.end)) found.set(box.type, box.body);
    const [sizes, chunks] = [found.get('stsz'), found.get('stsc')];
    const wide = found.get('co64');
    const offsets = wide ?? found.get('stco');
    if (sizes === undefined || chunks === undefined || offsets === undefined)
      throw new RangeError('no samples');
    const view = this.#view;
    const fixed = view.getUint32(sizes + 4);
    const runs = view.getUint32(chunks + 4);
    const count = view.getUint32(offsets + 4);
    let run = -1;
    let sample = 0;
    for (let chunk = 1; chunk <= count; chunk++) {
      if (run + 1 < runs && view.getUint32(chunks + 8 + (run + 1) * 12) === chunk) run++;
      const many = run < 0 ? 0 : view.getUint32(chunks + 12 + run * 12);
      let bytes = 0;
      if (fixed > 0) bytes = fixed * many;
      else for (let each = 0; each < many; each++) bytes += view.getUint32(sizes + 12 + sample++ * 4);
      const from =
        wide === undefined
          ? view.getUint32(offsets + 8 + (chunk - 1) * 4)
          : this.#wide(wide + 8 + (chunk - 1) * 8);
      this.#zero(from, from + bytes);
    }
  }

  #fragment(fragment: Box): void {
    this.#fragments = true;
    for (const box of this.#within(fragment.body, fragment.end)) if (!FRAGMENT.has(box.type)) this.#wipe(box);
  }

  /** The items of a picture: Exif, XMP and the like are overwritten where they lie. */
  #items(meta: Box): void {
    const types = new Map<number, string>();
    let places: Box | undefined;
    let data: Box | undefined;
    for (const box of this.#within(meta.body + 4, meta.end)) {
      if (box.type === 'iinf') this.#itemTypes(box, types);
      else if (box.type === 'iloc') places = box;
      else if (box.type === 'idat') data = box;
      else if (box.type === 'uuid' || box.type === 'udta') this.#wipe(box);
    }
    if (!places) return;
    for (const { item, from, length } of this.#extents(places, data)) {
      const type = types.get(item) ?? '';
      if (PICTURES.has(type)) continue;
      if (type !== 'Exif' && type !== 'mime' && type !== 'uri ') {
        this.clean = false;
        continue;
      }
      this.#zero(from, from + length);
      if (type === 'Exif' && length >= NO_EXIF.length) this.#bytes.part(from, from + length).set(NO_EXIF);
    }
  }

  #itemTypes(box: Box, types: Map<number, string>): void {
    const first = box.body + (this.#view.getUint8(box.body) === 0 ? 6 : 8);
    for (const entry of this.#within(first, box.end)) {
      const version = this.#view.getUint8(entry.body);
      if (version === 2) types.set(this.#view.getUint16(entry.body + 4), this.#bytes.name(entry.body + 8));
      else if (version === 3)
        types.set(this.#view.getUint32(entry.body + 4), this.#bytes.name(entry.body + 10));
    }
  }

  *#extents(box: Box, data: Box | undefined): Generator<{ item: number; from: number; length: number }> {
    const view = this.#view;
    let at = box.body;
    const take = (bytes: number): number => {
      const from = at;
      at += bytes;
      if (bytes === 0) return 0;
      if (bytes === 2) return view.getUint16(from);
      if (bytes === 4) return view.getUint32(from);
      if (bytes === 8) return this.#wide(from);
      throw new RangeError('no such size');
    };
    const version = view.getUint8(at);
    at += 4;
    const sizes = take(2);
    const [offset, length, base] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
    const index = version === 0 ? 0 : sizes & 15;
    const items = take(version < 2 ? 2 : 4);
    for (let each = 0; each < items; each++) {
      const item = take(version < 2 ? 2 : 4);
      const method = version === 0 ? 0 : take(2) & 15;
      if (take(2) !== 0 || method > 1 || (method === 1 && !data)) throw new RangeError('elsewhere');
      const start = (method === 1 ? (data?.body ?? 0) : 0) + take(base);
      const extents = take(2);
      for (let extent = 0; extent < extents; extent++) {
        take(index);
        const from = start + take(offset);
        const size = take(length);
        if (size === 0) throw new RangeError('to the end');
        yield { item, from, length: size };
      }
    }
  }
}

/**
 * Overwrites in place what tells of place, time and camera.
 * @returns whether nothing is left that could
 * @throws RangeError where the file cannot be read to its end
 */
export function cleanBoxes(bytes: Bytes): boolean {
  const boxes = new Boxes(bytes);
  boxes.file();
  return boxes.clean;
}
