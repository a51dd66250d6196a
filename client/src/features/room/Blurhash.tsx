import { decode, isBlurhashValid } from 'blurhash';
import { useEffect, useRef, type ReactNode } from 'react';

/** Side of the drawn blur in pixels; it is stretched. */
const SIDE = 24;

/** A picture's blur, while the picture is on its way. */
export function Blurhash(props: { hash: string }): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { hash } = props;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !isBlurhashValid(hash).result) return;
    try {
      const image = context.createImageData(SIDE, SIDE);
      image.data.set(decode(hash, SIDE, SIDE));
      context.putImageData(image, 0, 0);
    } catch {
      // A blur that cannot be drawn is left out.
    }
  }, [hash]);
  return <canvas ref={canvas} width={SIDE} height={SIDE} className="c-media__blur" aria-hidden />;
}
