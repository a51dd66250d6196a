import { useSnapshot } from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import { countText } from '../../components/count-text.ts';
import { useMatrix } from '../../matrix/context.tsx';
import { waitingOf } from '../../matrix/rooms.ts';

const ICON_SIZE = 64;

/** A window's title with the count before it; without one for 0. */
export function badgedTitle(title: string, count: number): string {
  const bare = title.replace(/^\(\d+\+?\) /, '');
  return count > 0 ? `(${countText(count)}) ${bare}` : bare;
}

let plain: HTMLImageElement | undefined;

/** Draws the icon with a dot, as a `data:` address; undefined where there is no canvas. */
async function dottedIcon(href: string, mentioned: boolean): Promise<string | undefined> {
  if (!plain) {
    const image = new Image(ICON_SIZE, ICON_SIZE);
    image.src = href;
    await image.decode();
    plain = image;
  }
  const canvas = document.createElement('canvas');
  canvas.width = ICON_SIZE;
  canvas.height = ICON_SIZE;
  const paint = canvas.getContext('2d');
  if (!paint) return undefined;
  paint.drawImage(plain, 0, 0, ICON_SIZE, ICON_SIZE);
  paint.beginPath();
  paint.arc(ICON_SIZE - 16, 16, 15, 0, Math.PI * 2);
  paint.fillStyle = mentioned ? '#d51928' : '#0b6bcb';
  paint.fill();
  paint.lineWidth = 3;
  paint.strokeStyle = '#ffffff';
  paint.stroke();
  return canvas.toDataURL('image/png');
}

/** Tells what waits in the window's title, its icon, and at the installed application's icon. */
export function Badge(): ReactNode {
  const { totals } = useSnapshot(useMatrix().rooms);
  const count = waitingOf(totals);
  const mentioned = totals.mentions > 0;
  useEffect(() => {
    const element = document.querySelector('title');
    if (!element) return;
    const put = (): void => {
      const title = badgedTitle(document.title, count);
      if (title !== document.title) document.title = title;
    };
    put();
    // Whichever page sets the title, the count goes before it.
    const watching = new MutationObserver(put);
    watching.observe(element, { childList: true });
    return () => {
      watching.disconnect();
      document.title = badgedTitle(document.title, 0);
    };
  }, [count]);
  useEffect(() => {
    if (typeof navigator.setAppBadge !== 'function') return;
    void (count > 0 ? navigator.setAppBadge(count) : navigator.clearAppBadge()).catch(() => undefined);
  }, [count]);
  const waits = count > 0;
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel~=icon]');
    if (!link || !waits) return;
    const before = link.href;
    let over = false;
    void dottedIcon(before, mentioned)
      .then((href) => {
        if (href !== undefined && !over) link.href = href;
      })
      .catch(() => undefined);
    return () => {
      over = true;
      link.href = before;
    };
  }, [waits, mentioned]);
  return null;
}
