import { Banner, useSnapshot, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';

/** How much of the conversations can be searched, and what can be done about it. */
export function IndexLine(): ReactNode {
  const { t, format } = useText('search');
  const { search } = useMatrix();
  const status = useSnapshot(search);
  if (status.state !== 'ready') return null;
  const { history } = status;
  return (
    <>
      {status.full && (
        <Banner tone="warn" title={t('index.full')} live>
          {t('index.full_text')}
        </Banner>
      )}
      <div className="c-search__index" role="group" aria-label={t('index.label')}>
        <p className="q-num" data-history={history} data-messages={status.messages}>
          {t('index.messages', { messages: format.number(status.messages) })}
          {status.rooms > 0 && ' · '}
          {status.rooms === 0
            ? ''
            : history === 'done'
              ? t('index.done')
              : t('index.rooms', { done: format.number(status.roomsDone), all: format.number(status.rooms) })}
          {history === 'running' && ` · ${t('index.running')}`}
          {history === 'paused' && ` · ${t('index.paused')}`}
          {status.pending > 0 && ` · ${t('index.pending', { count: status.pending })}`}
        </p>
        {history === 'none' && (
          <button type="button" className="q-link-button" onClick={search.indexAll}>
            {t('index.start')}
          </button>
        )}
        {history === 'running' && (
          <button type="button" className="q-link-button" onClick={search.pause}>
            {t('index.pause')}
          </button>
        )}
        {history === 'paused' && (
          <button type="button" className="q-link-button" onClick={search.indexAll}>
            {t('index.continue')}
          </button>
        )}
      </div>
    </>
  );
}
