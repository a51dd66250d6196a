import type { Extent } from '../../matrix/message-body.ts';

/** Largest picture in the timeline, CSS pixels. */
const WIDTH = 400;
const HEIGHT = 320;
/** A picture without a thumbnail is shown in place up to this size, bytes as sent. */
const INLINE_BYTES = 4_000_000;
/** … and up to so many declared pixels: a small file can be a huge picture. */
const INLINE_PIXELS = 24_000_000;

/** The room a picture takes before it is there, CSS pixels. */
export function fit(extent: Extent | undefined): Extent {
  if (!extent) return { width: 240, height: 180 };
  const scale = Math.min(1, WIDTH / extent.width, HEIGHT / extent.height);
  return {
    width: Math.max(40, Math.round(extent.width * scale)),
    height: Math.max(40, Math.round(extent.height * scale)),
  };
}

/** Whether the picture itself, not a thumbnail, may be loaded without being asked for. */
export const mayShowInline = (size: number | undefined, extent: Extent | undefined): boolean =>
  size !== undefined &&
  size <= INLINE_BYTES &&
  extent !== undefined &&
  extent.width * extent.height <= INLINE_PIXELS;
