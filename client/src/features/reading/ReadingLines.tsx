import { Button } from '@vector-im/compound-web';
import { Banner, dataOf, RouterLink, useGo, useServices, useText, useViewModel } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { Line } from '../../components/Line.tsx';
import { useMatrix } from '../../matrix/context.tsx';
import { inLine, WatchViewModel } from './WatchViewModel.ts';
import './reading.css';

function Lines(): ReactNode {
  const { t, format } = useText('reading');
  const services = useServices();
  const { reading } = useMatrix();
  const go = useGo();
  const [{ pending, glance }, model] = useViewModel(() => new WatchViewModel(services, reading));
  const found = dataOf(pending);
  const one = inLine(found);
  if (!one) return null;
  const isUrgent = one.kind === 'urgent';
  // Of urgent messages the newest is in the line, the others are a press away.
  const others = (found?.urgent.length ?? 0) - 1;
  return (
    <Line>
      <div className="c-reading-line">
        <Banner
          tone={isUrgent ? 'bad' : 'info'}
          live
          title={t(isUrgent ? 'urgent_from' : 'unread_from', {
            name: one.asker.display_name,
            time: format.relative(one.created_at),
          })}
          actions={
            <>
              {others > 0 && <RouterLink to="/x/notices/answer">{t('others', { count: others })}</RouterLink>}
              <Button
                kind={isUrgent ? 'primary' : 'secondary'}
                size="md"
                onClick={() => {
                  if (!isUrgent) model.opened(one);
                  void go(
                    `/room/${encodeURIComponent(one.room_id)}?event=${encodeURIComponent(one.event_id)}`,
                  );
                }}
              >
                {t(isUrgent ? 'open_to_confirm' : 'open')}
              </Button>
            </>
          }
        >
          {glance && (
            <p className="c-reading-line__text">
              <bdi dir="auto">{glance.text}</bdi>
              <span className="q-muted">
                {' '}
                · <bdi>{glance.room}</bdi>
              </span>
            </p>
          )}
        </Banner>
      </div>
    </Line>
  );
}

/**
 * Lines above everything: an urgent message, else one to read. What it is about stands there; it is confirmed where the
 * whole of it is before one's eyes.
 */
export default function ReadingLines(): ReactNode {
  const { session } = useServices();
  // Another person's session is another model's.
  return session.personId === undefined ? null : <Lines key={session.personId} />;
}
