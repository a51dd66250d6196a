import type { ImportRun, StatusMeaning } from '@qiao/org/contract';
import { Card, Select, useText } from '@qiao/ui-kit';
import { useId, type ReactNode } from 'react';
import type { ImportViewModel, MappingDraft } from './ImportViewModel.ts';

const MEANINGS: readonly StatusMeaning[] = ['working', 'left', 'skip'];
const isMeaning = (value: string): value is StatusMeaning => MEANINGS.some((each) => each === value);

function StatusRow(props: {
  value: string;
  rows: number;
  meaning: StatusMeaning | undefined;
  model: ImportViewModel;
}): ReactNode {
  const { t, format } = useText('org');
  const id = useId();
  return (
    <div className="o-map__row">
      <label htmlFor={id}>{props.value === '' ? t('imports.status.empty') : props.value}</label>
      <Select
        id={id}
        value={props.meaning ?? ''}
        options={[
          ...(props.meaning === undefined ? [{ value: '', label: t('imports.status.choose') }] : []),
          ...MEANINGS.map((each) => ({ value: each, label: t(`imports.status.${each}`) })),
        ]}
        onChange={(value) => {
          if (isMeaning(value)) props.model.mean(props.value, value);
        }}
      />
      <p className="o-map__samples">
        {t('imports.status.rows', { count: props.rows, number: format.number(props.rows) })}
      </p>
    </div>
  );
}

/** What each word of the status column means, as far as the file is read with the column that is chosen. */
export function StatusCard(props: {
  run: ImportRun;
  draft: MappingDraft;
  model: ImportViewModel;
}): ReactNode {
  const { t } = useText('org');
  const { run, draft, model } = props;
  const values = run.status_values ?? [];
  const chosen = draft.columns.status;
  if (chosen === undefined || chosen !== run.mapping?.columns.status || values.length === 0) return null;
  return (
    <Card flush title={t('imports.status.title')} intro={t('imports.status.intro')}>
      <div className="o-map">
        {values.map(({ value, rows }) => (
          <StatusRow key={value} value={value} rows={rows} meaning={draft.statuses[value]} model={model} />
        ))}
      </div>
    </Card>
  );
}
