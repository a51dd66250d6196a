import BackIcon from '@vector-im/compound-design-tokens/assets/web/icons/arrow-left';
import { Button } from '@vector-im/compound-web';
import { Banner, RouterLink, useGo, useServices, useText } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import { useTitle } from '../../app/title.ts';
import { ConversationAvatar } from '../../components/ConversationAvatar.tsx';
import { useMatrix } from '../../matrix/context.tsx';
import type { Invitation, RoomEntry } from '../../matrix/rooms.ts';
import { personPath } from '../directory/person-path.ts';

/** An invitation before it is answered: who, to what, and what one should know. */
export function InviteView(props: { entry: RoomEntry; invitation: Invitation }): ReactNode {
  const { entry, invitation } = props;
  const { t } = useText('rooms');
  const { attempt } = useServices();
  const { rooms } = useMatrix();
  const go = useGo();
  const [busy, setBusy] = useState(false);
  useTitle(entry.name);
  const answer = async (work: () => Promise<void>, then?: () => void | Promise<void>): Promise<void> => {
    setBusy(true);
    const done = await attempt(work);
    setBusy(false);
    if (done.ok) await then?.();
  };
  const { roomId } = entry;
  const kind = invitation.space ? 'space' : entry.partner === undefined ? 'group' : 'direct';
  return (
    <main className="c-main c-invite" aria-label={entry.name}>
      <RouterLink to="/" className="c-invite__back">
        <BackIcon width={20} height={20} aria-hidden />
        {t('title')}
      </RouterLink>
      <div className="c-invite__card">
        <ConversationAvatar of={entry} size={72} />
        <h2>
          <bdi>{entry.name}</bdi>
        </h2>
        <p>
          <RouterLink to={personPath(invitation.inviter)}>
            <bdi>{invitation.inviterName}</bdi>
          </RouterLink>{' '}
          {t(`invite.${kind}`)}
        </p>
        {(invitation.external || invitation.inviterName === invitation.inviter) && (
          <p className="q-muted q-small">
            <bdi>{invitation.inviter}</bdi>
          </p>
        )}
        {invitation.reason !== '' && (
          <blockquote className="c-invite__reason">
            <bdi>{invitation.reason}</bdi>
          </blockquote>
        )}
        {invitation.external && (
          <Banner tone="warn" title={t('invite.external')}>
            {t('invite.external_text', { servers: entry.servers.join(', ') })}
          </Banner>
        )}
        <div className="c-invite__actions">
          <Button
            kind="secondary"
            size="md"
            destructive
            disabled={busy}
            onClick={() =>
              void answer(
                () => rooms.actions.leave(roomId),
                () => go('/'),
              )
            }
          >
            {t('invite.decline')}
          </Button>
          <Button
            kind="primary"
            size="md"
            disabled={busy}
            onClick={() =>
              void answer(
                async () => {
                  await rooms.actions.join(roomId);
                  await rooms.appears(roomId);
                },
                () => (invitation.space ? go('/') : undefined),
              )
            }
          >
            {busy ? t('invite.busy') : t('invite.accept')}
          </Button>
        </div>
      </div>
    </main>
  );
}
