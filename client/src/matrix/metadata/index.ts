import { cleanBoxes } from './bmff.ts';
import { Bytes, type Parts } from './bytes.ts';
import { cleanElements } from './ebml.ts';
import { cleanGif } from './gif.ts';
import { cleanJpeg } from './jpeg.ts';
import { HEAD, kindOf, type Kind } from './kinds.ts';
import { cleanPng } from './png.ts';
import { cleanWebp } from './webp.ts';

/*
 * Pictures and films without what they tell of who made them: place, time, camera, serial numbers. What is seen and
 * heard is not encoded anew.
 */

/**
 * What became of a file. `cleaned`: a picture or film that tells nothing more; `kept`: one that may, because its kind
 * is not known here or it cannot be read; `other`: neither picture nor film.
 */
export type Cleaning = 'cleaned' | 'kept' | 'other';

export interface CleanedFile {
  readonly file: Blob;
  readonly cleaning: Cleaning;
}

type Clean = (bytes: Bytes) => Parts | boolean;

/** Nothing but the picture is in them. */
const asItIs: Clean = () => true;

/** What cleans a file of a kind; `kept` for kinds that may tell something and are not known here. */
const CLEANERS: Readonly<Record<Kind, Clean | 'kept' | undefined>> = {
  jpeg: cleanJpeg,
  png: cleanPng,
  gif: cleanGif,
  webp: cleanWebp,
  avif: cleanBoxes,
  boxes: cleanBoxes,
  elements: cleanElements,
  sound: undefined,
  plain: asItIs,
  other_visual: 'kept',
};

const known = new WeakMap<Blob, Promise<CleanedFile>>();

/** {@link withoutMetadata}, once for each file: it is looked at before it is sent, and sent as it was looked at. */
export function cleanedOnce(file: Blob): Promise<CleanedFile> {
  const before = known.get(file);
  if (before) return before;
  const cleaned = withoutMetadata(file);
  known.set(file, cleaned);
  return cleaned;
}

/**
 * A picture or film without its metadata, its turn kept. What a file is its bytes say, not its name or type.
 * @throws DOMException when the file cannot be read (it was changed or removed)
 */
export async function withoutMetadata(file: Blob): Promise<CleanedFile> {
  const kind = kindOf(new Bytes(new Uint8Array(await file.slice(0, HEAD).arrayBuffer())));
  const clean = kind && CLEANERS[kind];
  const visual = /^(image|video)\//.test(file.type);
  if (clean === undefined) return { file, cleaning: visual ? 'kept' : 'other' };
  if (clean === 'kept') return { file, cleaning: 'kept' };
  const bytes = new Bytes(new Uint8Array(await file.arrayBuffer()));
  try {
    const result = clean(bytes);
    const parts = typeof result === 'boolean' ? [bytes.data] : result;
    return { file: new Blob(parts, { type: file.type }), cleaning: result === false ? 'kept' : 'cleaned' };
  } catch (error) {
    // Not read to its end: sent as it is, and told.
    if (error instanceof RangeError) return { file, cleaning: 'kept' };
    throw error;
  }
}
