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
  const { onUntaken } = props;
  const { held, imports, untaken } = props.of;
  const look = (title: string, to: string | (() => void)): ReactNode => {
    const text = (
      <>
        {t('attention.look')}
        <span className="q-sr"> {title}</span>
      </>
    );
    return typeof to === 'string' ? (
      <RouterLink className="q-link-button" to={to}>
        {text}
      </RouterLink>
    ) : (
      <button type="button" className="q-link-button" onClick={to}>
        {text}
      </button>
    );
  };
  if (held.length + imports.length + untaken.length === 0) return null;
  return (
    <div className="q-stack o-attention">
      {held.map(({ source, people }) => {
        const title = t('attention.held_title', {
          name: source.name,
          count: people,
          number: format.number(people),
        });
        const open = props.onHeld;
        return (
          <Banner
            key={`held-${source.id}`}
            tone="bad"
            title={title}
            actions={look(
              title,
              open
                ? () => {
                    open(source);
                  }
                : '/sources',
            )}
          >
            {t('attention.held_text')}
          </Banner>
        );
      })}
      {imports.map((run) => {
        const title = t('attention.import_title', { name: run.source.name });
        return (
          <Banner
            key={`import-${run.id}`}
            tone="warn"
            title={title}
            actions={look(title, `/import/${run.id}`)}
          >
            {run.leaving > 0
              ? t('attention.import_leaving', { count: run.leaving, number: format.number(run.leaving) })
              : t('attention.import_text')}
          </Banner>
        );
      })}
      {onUntaken &&
        untaken.map(({ source, people }) => {
          const title = t('attention.untaken_title', {
            name: source.name,
            count: people,
            number: format.number(people),
          });
          return (
            <Banner
              key={`untaken-${source.id}`}
              tone="info"
              title={title}
              actions={look(title, () => {
                onUntaken(source);
              })}
            />
          );
        })}
    </div>
  );
}
