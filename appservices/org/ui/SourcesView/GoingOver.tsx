import type { Source, SourceHandover } from '@qiao/org/contract';
import { Banner, Busy, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import type { Static } from 'typebox';

/** What it means when people go over to another source, in numbers. */
export function GoingOver(props: {
  counts: Static<typeof SourceHandover> | 'running' | undefined;
  to: Source | undefined;
}): ReactNode {
  const { t, format } = useText('org');
  const { counts, to } = props;
  const known = counts === 'running' ? undefined : counts;
  return (
    <div aria-live="polite">
      {counts === 'running' && <Busy />}
      {known && (
        <Banner
          tone="info"
          title={
            known.people === 0
              ? t('sources.handover_none')
              : t('sources.handover_people', {
                  count: known.people,
                  number: format.number(known.people),
                })
          }
        >
          {known.departments > 0 && (
            <p>
              {t('sources.handover_departments', {
                count: known.departments,
                number: format.number(known.departments),
              })}
            </p>
          )}
          {known.staying > 0 && (
            <p>
              {t('sources.handover_staying', {
                count: known.staying,
                number: format.number(known.staying),
              })}
            </p>
          )}
          {to?.kind === 'scim' && <p>{t('sources.handover_scim')}</p>}
        </Banner>
      )}
    </div>
  );
}
