import { Dialog, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';

/** An event as it came, for those who look for a fault. */
export function SourceDialog(props: { roomId: string; eventId: string; onClose: () => void }): ReactNode {
  const { t } = useText('room');
  const source = useMatrix().timelines.source(props.roomId, props.eventId);
  return (
    <Dialog title={t('source.title')} size="large" onClose={props.onClose}>
      <div className="q-stack">
        <p className="q-mono">{props.eventId}</p>
        {source?.clear !== undefined && (
          <section>
            <h3>{t('source.clear')}</h3>
            <pre className="c-source" tabIndex={0}>
              {source.clear}
            </pre>
          </section>
        )}
        <section>
          <h3>{t('source.wire')}</h3>
          <pre className="c-source" tabIndex={0}>
            {source?.wire ?? t('source.none')}
          </pre>
        </section>
      </div>
    </Dialog>
  );
}
