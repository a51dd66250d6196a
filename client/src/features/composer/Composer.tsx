import { useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import type { ComposeTarget } from '../../matrix/compose-target.ts';

/** Where messages are written; of a conversation, or of one of its threads. */
export function Composer(props: { roomId: string; threadId?: string; target: ComposeTarget }): ReactNode {
  const { t } = useText('composer');
  return <footer className="c-composer" aria-label={t('label')} data-room={props.roomId} />;
}
