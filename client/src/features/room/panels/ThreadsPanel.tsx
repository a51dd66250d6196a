import ThreadsIcon from '@vector-im/compound-design-tokens/assets/web/icons/threads';
import { Button } from '@vector-im/compound-web';
import { EmptyState, Skeleton, useText, useViewModel } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../../matrix/context.tsx';
import { usePreview } from '../MessageTile.tsx';
import { useRoom } from '../room-context.ts';
import { ListedMessageLine } from './ListedMessageLine.tsx';
import { PanelFrame } from './PanelFrame.tsx';

/** The threads of a conversation. */
export function ThreadsPanel(props: { onClose: () => void }): ReactNode {
  const { t } = useText('room');
  const { timelines } = useMatrix();
  const { roomId, openThread } = useRoom();
  const words = usePreview();
  const [{ state, threads }, model] = useViewModel(() => timelines.threads(roomId));
  return (
    <PanelFrame title={t('panel.threads')} onClose={props.onClose}>
      <div className="c-panel__body">
        {threads.length > 0 ? (
          <ul className="c-listing">
            {threads.map((thread) => (
              <li key={thread.eventId}>
                <ListedMessageLine
                  message={thread}
                  unread={{ unread: thread.unread, mentions: thread.mentions }}
                  onOpen={() => {
                    openThread(thread.eventId);
                  }}
                >
                  <span className="c-listed__foot q-small">
                    <ThreadsIcon width={16} height={16} aria-hidden />
                    {t('thread.replies', { count: thread.count })}
                    {thread.last && (
                      <span className="q-muted c-quote__text" dir="auto">
                        <bdi>{thread.last.author.name}</bdi>: {words(thread.last.preview)}
                      </span>
                    )}
                  </span>
                </ListedMessageLine>
              </li>
            ))}
          </ul>
        ) : state === 'loading' ? (
          <Skeleton lines={5} />
        ) : state === 'failed' ? (
          <EmptyState compact title={t('failed')}>
            <Button kind="secondary" size="md" onClick={() => void model.load()}>
              {t('again')}
            </Button>
          </EmptyState>
        ) : (
          <EmptyState compact Icon={ThreadsIcon} title={t('thread.none')} text={t('thread.none_text')} />
        )}
      </div>
    </PanelFrame>
  );
}
