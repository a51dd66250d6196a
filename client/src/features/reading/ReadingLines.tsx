import { Button } from '@vector-im/compound-web';
import { Banner, dataOf, RouterLink, useGo, useServices, useText, useViewModel } from '@qiao/ui-kit';
import type { Obligation } from '@qiao/notices/contract';
import type { ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { WatchViewModel } from './WatchViewModel.ts';
import './reading.css';

function Lines(): ReactNode {
  const { t, format } = useText('reading');
  const services = useServices();
  const { reading } = useMatrix();
  const go = useGo();
  const [{ pending }, model] = useViewModel(() => new WatchViewModel(services, reading));
  const found = dataOf(pending);
  const urgent = found?.urgent[0];
  // Of urgent messages the newest is in the line, the others are a press away.
  const others = (found?.urgent.length ?? 0) - 1;
  const unread = found?.unread[0];
  const open = (one: Obligation): void => {
    if (one.kind === 'unread') model.opened(one);
    void go(`/room/${encodeURIComponent(one.room_id)}?event=${encodeURIComponent(one.event_id)}`);
  };
  const line = (one: Obligation): ReactNode => (
    <Banner
      tone={one.kind === 'urgent' ? 'bad' : 'info'}
      live
      title={t(one.kind === 'urgent' ? 'urgent_from' : 'unread_from', {
        name: one.asker.display_name,
        time: format.relative(one.created_at),
      })}
      actions={
        <>
          {others > 0 && <RouterLink to="/x/notices/answer">{t('others', { count: others })}</RouterLink>}
          <Button
            kind="secondary"
            size="md"
            onClick={() => {
              open(one);
            }}
          >
            {t('open')}
          </Button>
          {one.kind === 'urgent' && (
            <Button kind="primary" size="md" onClick={() => void model.confirm(one, t('confirmed'))}>
              {t('confirm_receipt')}
            </Button>
          )}
        </>
      }
    />
  );
  const shown = urgent ?? unread;
  return shown === undefined ? null : <div className="c-reading-line">{line(shown)}</div>;
}

/** Lines above everything: an urgent message to confirm, else one to read. */
export default function ReadingLines(): ReactNode {
  const { session } = useServices();
  // Another person's session is another model's.
  return session.personId === undefined ? null : <Lines key={session.personId} />;
}
