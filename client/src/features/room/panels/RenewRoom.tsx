import { Banner, useGo, useServices, useText } from '@qiao/ui-kit';
import { Button } from '@vector-im/compound-web';
import { useState, type ReactNode } from 'react';
import { useMatrix } from '../../../matrix/context.tsx';
import { useRoom } from '../room-context.ts';

/** Offers the creator of an old room to give it a successor that does not hang on one person. */
export function RenewRoom(): ReactNode {
  const { t } = useText('room');
  const { attempt, confirm } = useServices();
  const { rooms } = useMatrix();
  const { roomId } = useRoom();
  const go = useGo();
  const [busy, setBusy] = useState(false);
  const renew = async (): Promise<void> => {
    const yes = await confirm.ask({
      title: t('renew.title'),
      body: t('renew.confirm'),
      confirm: t('renew.action'),
    });
    if (!yes) return;
    setBusy(true);
    let successor: string | undefined;
    const { ok } = await attempt(async () => {
      successor = await rooms.actions.renew(roomId);
      await rooms.appears(successor);
    });
    setBusy(false);
    if (ok && successor !== undefined) await go(`/room/${encodeURIComponent(successor)}`);
  };
  return (
    <Banner
      tone="info"
      title={t('renew.title')}
      actions={
        <Button kind="secondary" size="md" disabled={busy} onClick={() => void renew()}>
          {busy ? t('renew.busy') : t('renew.action')}
        </Button>
      }
    >
      {t('renew.text')}
    </Banner>
  );
}
