import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { steady } from './steady.ts';

/** Keeps the room of what goes away until the page may move. */
function keepRoom(going: HTMLElement): void {
  const height = going.offsetHeight;
  if (height === 0 || steady.isFree) return;
  const room = document.createElement('div');
  room.style.blockSize = `${String(height)}px`;
  going.before(room);
  steady.whenFree(() => {
    room.remove();
  });
}

/** Keeps the height of a line whose text comes or changes, until the page may move. */
function keepHeight(line: HTMLElement, text: Element): () => void {
  let height = line.offsetHeight;
  let end: (() => void) | undefined;
  const follow = (): void => {
    end = undefined;
    line.style.removeProperty('block-size');
    line.style.removeProperty('overflow');
    height = line.offsetHeight;
  };
  const observer = new ResizeObserver(() => {
    if (steady.isFree) follow();
    else if (line.offsetHeight !== height) {
      line.style.blockSize = `${String(height)}px`;
      line.style.overflow = 'clip';
      end ??= steady.whenFree(follow);
    }
  });
  observer.observe(text);
  return () => {
    observer.disconnect();
    end?.();
  };
}

/**
 * The place of a line above everything. Whatever the line says, it neither pushes the page down nor lets it come up
 * while somebody presses or is about to: what is under a pointer stays there.
 */
export function Line(props: { children: ReactNode }): ReactNode {
  const [shown, setShown] = useState(steady.isFree);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (shown) return undefined;
    return steady.whenFree(() => {
      setShown(true);
    });
  }, [shown]);
  useLayoutEffect(() => {
    const own = place.current;
    const text = own?.firstElementChild;
    if (!own || !text) return undefined;
    const end = keepHeight(own, text);
    return () => {
      end();
      keepRoom(own);
    };
  }, []);
  return (
    <div ref={place} hidden={!shown}>
      <div>{props.children}</div>
    </div>
  );
}
