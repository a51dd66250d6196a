import { useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import type { ComposeTarget } from '../../matrix/compose-target.ts';

/** The messages of a conversation, or of one of its threads. */
export function Timeline(props: { roomId: string; threadId?: string; target: ComposeTarget }): ReactNode {
  const { t } = useText('room');
  return <section className="c-timeline" aria-label={t('messages')} data-room={props.roomId} />;
}
