import KeyOffIcon from '@vector-im/compound-design-tokens/assets/web/icons/key-off';
import LocationIcon from '@vector-im/compound-design-tokens/assets/web/icons/location-pin';
import DeleteIcon from '@vector-im/compound-design-tokens/assets/web/icons/delete';
import { useSnapshot, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { sentences } from '../../components/sentences.ts';
import { useMatrix } from '../../matrix/context.tsx';
import type { KeysState } from '../../matrix/encryption.ts';
import type { Content, Message, UnreadableWhy } from '../../matrix/timeline-types.ts';
import { DomainTile } from './DomainTile.tsx';
import { LinkPreviews } from './LinkPreviews.tsx';
import { MediaBody } from './MediaBody.tsx';
import { PollBody } from './PollBody.tsx';
import { useRoom } from './room-context.ts';
import { TextBody } from './TextBody.tsx';

/** What a message says. */
export function MessageBodyView(props: { message: Message }): ReactNode {
  const { t } = useText('room');
  const { ref } = useRoom();
  const { message } = props;
  const { content } = message;
  switch (content.kind) {
    case 'text':
      return (
        <>
          <TextBody body={content} name={message.author.name} edited={message.edited} />
          {!ref.encrypted && content.as !== 'emote' && (
            <LinkPreviews roomId={message.roomId} text={content.text} ts={message.ts} />
          )}
        </>
      );
    case 'image':
    case 'video':
    case 'audio':
    case 'file':
      return <MediaBody body={content} edited={message.edited} />;
    case 'location':
      return (
        <p className="c-text" dir="auto">
          <LocationIcon width={18} height={18} aria-hidden /> {content.text}{' '}
          {content.geo !== undefined && <span className="q-muted q-mono">{content.geo.slice(4)}</span>}
        </p>
      );
    case 'poll':
      return <PollBody message={message} poll={content.poll} />;
    case 'redacted':
      return (
        <p className="c-quiet">
          <DeleteIcon width={16} height={16} aria-hidden />{' '}
          {content.by === undefined ? t('redacted') : t('redacted_by', { name: content.by })}
        </p>
      );
    case 'unreadable':
      return (
        <p className="c-quiet c-unreadable" data-why={content.why}>
          <KeyOffIcon width={16} height={16} aria-hidden /> <Unreadable message={message} content={content} />
        </p>
      );
    case 'decrypting':
      return <p className="c-quiet">{t('preview.decrypting')}</p>;
    case 'other':
      return <DomainTile message={message} type={content.type} content={content.content} />;
    case 'unknown':
      return content.text === '' ? (
        <p className="c-quiet">{t('unknown_message')}</p>
      ) : (
        <p className="c-text" dir="auto">
          {content.text}
        </p>
      );
  }
}

/** Reasons for which only the writer can help. */
const WRITER_ALONE = new Set<UnreadableWhy>(['no_backup', 'not_kept', 'before_joining', 'withheld']);

/** States of the keys in which the backup is open to this device. */
const BACKUP_OPEN = new Set<KeysState>(['ready', 'recovery-unsaved', 'no-recovery']);

/** Why it cannot be read, who can change that, and what may still come; nothing is promised. */
function Unreadable(props: { message: Message; content: Content & { kind: 'unreadable' } }): ReactNode {
  const { t } = useText('room');
  const { message, content } = props;
  const { name } = message.author;
  const { state } = useSnapshot(useMatrix().encryption);
  // The reason is of when it was tried: with the backup open since, the key is not in it.
  const why = content.why === 'backup_locked' && BACKUP_OPEN.has(state) ? 'not_kept' : content.why;
  return (
    <>
      {sentences([
        t(`utd.${why}`),
        !message.own && WRITER_ALONE.has(why) && t('utd.only_writer', { name }),
        content.mayCome && why !== 'backup_locked' && t('utd.may_come', { name }),
      ])}
    </>
  );
}
