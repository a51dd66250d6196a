import type { TextOf, TileEvent } from '@qiao/ui-kit';
import { plainLine, MAX_PREVIEW } from '../../matrix/rooms-text.ts';
import type { LastMessage, RoomEntry } from '../../matrix/rooms.ts';
import { modules } from '../../modules.ts';

const tiles = new Map(
  modules.flatMap((module) =>
    (module.client?.tiles ?? []).flatMap((tile) => tile.types.map((type) => [type, tile] as const)),
  ),
);

/** A domain's own line for its event; undefined where it has none, or where its code throws. */
function domainLine(roomId: string, last: LastMessage, text: TextOf): string | undefined {
  const event: TileEvent = {
    roomId,
    eventId: last.eventId,
    sender: last.sender,
    senderName: last.senderName,
    type: last.type,
    content: last.content,
    ts: last.ts,
    own: last.own,
  };
  try {
    const line = tiles.get(last.type)?.preview?.(event);
    return line && plainLine(text(line.key, line.values), MAX_PREVIEW);
  } catch {
    return undefined;
  }
}

/** What the message says, in the reader's language, without who says it. */
function lineOf(roomId: string, last: LastMessage, t: TextOf, text: TextOf): string {
  const { kind, text: words } = last.preview;
  switch (kind) {
    case 'text':
      return words;
    case 'custom':
      return domainLine(roomId, last, text) ?? t('preview.unknown');
    case 'emote':
      return `${last.senderName} ${words}`;
    default:
      return words === ''
        ? t(`preview.${kind}`)
        : t('preview.with', { what: t(`preview.${kind}`), text: words });
  }
}

/**
 * The second line of a row, with who says it where that is not clear from the conversation.
 * @param t texts of the area
 * @param text texts with their namespace, for domains
 */
export function previewLine(entry: RoomEntry, t: TextOf, text: TextOf): string {
  const { last } = entry;
  if (!last) return '';
  const line = lineOf(entry.roomId, last, t, text);
  const said =
    last.preview.kind === 'emote' || last.preview.kind === 'removed'
      ? line
      : last.own
        ? t('preview.own', { text: line })
        : entry.partner === undefined
          ? t('preview.of', { name: last.senderName, text: line })
          : line;
  return last.thread ? t('preview.thread', { text: said }) : said;
}
