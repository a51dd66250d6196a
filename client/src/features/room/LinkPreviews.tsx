import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import type { LinkPreview } from '../../matrix/link-previews.ts';
import { findLinks, readReference } from './linkify.ts';

/** Links of one message that are previewed. */
const MOST = 2;

/** What the homeserver found at a message's links. Only drawn in rooms that are not encrypted. */
export function LinkPreviews(props: { roomId: string; text: string; ts: number }): ReactNode {
  const { timelines } = useMatrix();
  const { roomId, text, ts } = props;
  const [found, setFound] = useState<readonly LinkPreview[]>([]);
  const urls = useMemo(
    () =>
      [
        ...new Set(
          findLinks(text).flatMap((piece) =>
            piece.kind === 'link' &&
            /^https?:/.test(piece.href) &&
            !readReference(piece.href, location.origin)
              ? [piece.href]
              : [],
          ),
        ),
      ].slice(0, MOST),
    [text],
  );
  useEffect(() => {
    let shown = true;
    void Promise.all(urls.map((url) => timelines.previews.of(roomId, url, ts))).then((all) => {
      if (shown) setFound(all.filter((each) => each !== undefined));
    });
    return () => {
      shown = false;
    };
  }, [timelines, roomId, urls, ts]);
  return found.map((each) => (
    <a key={each.url} className="c-preview" href={each.url} target="_blank" rel="noopener noreferrer">
      {each.site !== '' && <span className="q-muted q-small">{each.site}</span>}
      <span className="c-preview__title" dir="auto">
        {each.title}
      </span>
      {each.description !== '' && (
        <span className="c-preview__text" dir="auto">
          {each.description}
        </span>
      )}
    </a>
  ));
}
