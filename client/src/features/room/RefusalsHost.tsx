import { useServices, useText } from '@qiao/ui-kit';
import { useEffect, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { cleanName } from '../../matrix/safe-text.ts';
import { reasonKey } from './refusals.ts';

/** Tells what was refused and has no line in a conversation to tell it at, wherever the person is by then. */
export function RefusalsHost(): ReactNode {
  const { t } = useText('room');
  const { toasts } = useServices();
  const { sender, client } = useMatrix();
  useEffect(
    () =>
      sender.watchRefusals(({ roomId, deletion, reason }) => {
        const name = cleanName(client.getRoom(roomId)?.name, t('unknown'));
        const what = t(deletion ? 'unsent.failed_deletion' : 'refused_quiet');
        const why = t(`refused.${reasonKey(reason)}`, { reason });
        toasts.show({ kind: 'error', text: t('refused_in', { name, what, why }) });
      }),
    [sender, client, toasts, t],
  );
  return null;
}
