import { useGo, useServices, useText } from '@qiao/ui-kit';
import { use, type ReactNode } from 'react';
import { MatrixContext } from '../../matrix/context.tsx';
import { isExternalUser, serverOf } from '../../matrix/rooms-text.ts';
import { roomOfAlias } from '../../matrix/room-of-alias.ts';
import { RoomContext } from './room-context.ts';
import { findLinks, misleads, readReference } from './linkify.ts';

/** Somebody's name as a pill. */
function PersonPill(props: { userId: string; text: string }): ReactNode {
  const { matrix, session } = useServices();
  const room = use(RoomContext);
  const name = room?.nameOf(props.userId) ?? props.text;
  const isExternal = isExternalUser(props.userId, serverOf(session.userId) ?? '');
  return (
    <button
      type="button"
      className="c-pill"
      data-me={props.userId === session.userId}
      {...(isExternal ? { title: props.userId } : {})}
      onClick={() => matrix?.openPerson(props.userId)}
    >
      <bdi>{name}</bdi>
    </button>
  );
}

/** A conversation of ours, by its id or its address. */
function RoomLink(props: { room: string; eventId: string | undefined; children: ReactNode }): ReactNode {
  const { t } = useText('room');
  const go = useGo();
  const { toasts } = useServices();
  const session = use(MatrixContext);
  const { room, eventId } = props;
  const to = (roomId: string): string =>
    `/room/${encodeURIComponent(roomId)}${eventId === undefined ? '' : `?event=${encodeURIComponent(eventId)}`}`;
  const open = async (): Promise<void> => {
    const roomId = room.startsWith('#') && session ? await roomOfAlias(session.client, room) : room;
    if (roomId === undefined) toasts.show({ kind: 'error', text: t('no_room', { address: room }) });
    else await go(to(roomId));
  };
  return (
    <a
      href={to(room)}
      onClick={(event) => {
        // An address has to be looked up, which a tab of its own does not do.
        const isBeside = event.ctrlKey || event.metaKey || event.shiftKey;
        if (isBeside && room.startsWith('!')) return;
        event.preventDefault();
        void open();
      }}
    >
      {props.children}
    </a>
  );
}

/** A link of a message: a person, a conversation of ours, or an address that opens beside the client. */
export function MessageLink(props: { href: string; text: string; children?: ReactNode }): ReactNode {
  const { t } = useText('room');
  const reference = readReference(props.href, location.origin);
  if (reference?.kind === 'person') return <PersonPill userId={reference.userId} text={props.text} />;
  if (reference?.kind === 'room') {
    return (
      <RoomLink room={reference.room} eventId={reference.eventId}>
        {props.children ?? props.text}
      </RoomLink>
    );
  }
  // Another program's.
  if (props.href.startsWith('matrix:')) return props.children ?? props.text;
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
