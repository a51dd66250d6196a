import { useGo, useServices, useText } from '@qiao/ui-kit';
import { use, type ReactNode } from 'react';
import { RoomContext } from './room-context.ts';
import { findLinks, misleads, readReference } from './linkify.ts';

/** Somebody's name as a pill. */
function PersonPill(props: { userId: string; text: string }): ReactNode {
  const { matrix, session } = useServices();
  const room = use(RoomContext);
  const name = room?.nameOf(props.userId) ?? props.text;
  return (
    <button
      type="button"
      className="c-pill"
      data-me={props.userId === session.userId}
      title={props.userId}
      onClick={() => matrix?.openPerson(props.userId)}
    >
      <bdi>{name}</bdi>
    </button>
  );
}

/** A link of a message: a person, a conversation of ours, or an address that opens beside the client. */
export function MessageLink(props: { href: string; text: string; children?: ReactNode }): ReactNode {
  const { t } = useText('room');
  const go = useGo();
  const reference = readReference(props.href, location.origin);
  if (reference?.kind === 'person') return <PersonPill userId={reference.userId} text={props.text} />;
  if (reference?.kind === 'room' && reference.room.startsWith('!')) {
    const { room, eventId } = reference;
    const to = `/room/${encodeURIComponent(room)}${eventId === undefined ? '' : `?event=${encodeURIComponent(eventId)}`}`;
    return (
      <a
        href={to}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          void go(to);
        }}
      >
        {props.children ?? props.text}
      </a>
    );
  }
  // The real target is said where the words claim another one.
  const host = misleads(props.text, props.href) ? new URL(props.href).host : undefined;
  return (
    <>
      <a href={props.href} target="_blank" rel="noopener noreferrer" title={props.href}>
        {props.children ?? props.text}
      </a>
      {host !== undefined && <span className="c-html__target"> ({t('leads_to', { host })})</span>}
    </>
  );
}

/** Plain text with its addresses as links. */
export function Linked(props: { text: string }): ReactNode {
  return findLinks(props.text).map((piece, index) =>
    piece.kind === 'text' ? piece.text : <MessageLink key={index} href={piece.href} text={piece.text} />,
  );
}
