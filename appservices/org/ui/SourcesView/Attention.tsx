import type { SourcesAttention } from '@qiao/org/contract';
import { Banner, RouterLink, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import type { SourceName } from './AttentionViewModel.ts';

/** What sources need a person for; on the start page with the way to Sources, there with the lists themselves. */
export function Attention(props: {
  of: SourcesAttention;
  onHeld?: (source: SourceName) => void;
  onUntaken?: (source: SourceName) => void;
}): ReactNode {
  const { t, format } = useText('org');
  const { held, imports, untaken } = props.of;
  const look = (source: SourceName, open: ((source: SourceName) => void) | undefined): ReactNode =>
    open ? (
      <button
        type="button"
        className="q-link-button"
        onClick={() => {
          open(source);
        }}
      >
        {t('attention.look')}
        <span className="q-sr"> {source.name}</span>
      </button>
    ) : (
      <RouterLink to="/sources">{t('attention.look')}</RouterLink>
    );
  if (held.length + imports.length + untaken.length === 0) return null;
  return (
    <div className="q-stack">
      {held.map(({ source, people }) => (
        <Banner
          key={`held-${source.id}`}
          tone="bad"
          title={t('attention.held_title', {
            name: source.name,
            count: people,
            number: format.number(people),
          })}
          actions={look(source, props.onHeld)}
        >
          {t('attention.held_text')}
        </Banner>
      ))}
      {imports.map((run) => (
        <Banner
          key={`import-${run.id}`}
          tone="warn"
          title={t('attention.import_title', { name: run.source.name })}
          actions={<RouterLink to={`/import/${run.id}`}>{t('attention.look')}</RouterLink>}
        >
          {run.leaving > 0
            ? t('attention.import_leaving', { count: run.leaving, number: format.number(run.leaving) })
            : t('attention.import_text')}
        </Banner>
      ))}
      {props.onUntaken &&
        untaken.map(({ source, people }) => (
          <Banner
            key={`untaken-${source.id}`}
            tone="info"
            title={t('attention.untaken_title', {
              name: source.name,
              count: people,
              number: format.number(people),
            })}
            actions={look(source, props.onUntaken)}
          />
        ))}
    </div>
  );
}
