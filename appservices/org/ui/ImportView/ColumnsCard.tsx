import type { ImportRun } from '@qiao/org/contract';
import { Card, DataTable, Tag, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import type { MappingDraft } from './ImportViewModel.ts';

type Column = ImportRun['columns'][number];
/** Columns that are named one by one. */
const MAX_NAMED = 20;

/** What every column of the file became, with values as they are read; what is not used is named. */
export function ColumnsCard({ run, draft }: { run: ImportRun; draft: MappingDraft }): ReactNode {
  const { t, format } = useText('org');
  const fields = new Map(Object.entries(draft.columns).map(([field, column]) => [column, field]));
  const unused = run.columns.filter(({ name }) => !fields.has(name)).map(({ name }) => name);
  const value = (field: string | undefined, read: string | null): string => {
    if (read === null) return t('imports.columns.unreadable');
    if (field === 'status') return t(`imports.status.${read}`);
    return field === 'is_head' ? t(`imports.columns.${read}`) : read;
  };
  const values = (column: Column): ReactNode => {
    // What the server read holds for the mapping it knows.
    const read = column.field === fields.get(column.name) ? column.read : undefined;
    if (column.samples.length === 0)
      return <span className="q-muted">{t('imports.mapping.empty_column')}</span>;
    return (
      <div className="o-values">
        {column.samples.map((sample, at) => {
          const taken = read?.[at];
          const shown = taken === undefined ? sample : value(column.field, taken);
          return (
            <span key={sample} className="o-block">
              {sample}
              {shown !== sample && (
                <>
                  {' → '}
                  {taken === null ? <Tag tone="warn">{shown}</Tag> : shown}
                </>
              )}
            </span>
          );
        })}
      </div>
    );
  };
  return (
    <Card
      flush
      title={t('imports.columns.title')}
      intro={
        unused.length === 0
          ? t('imports.columns.intro')
          : t('imports.columns.unused_names', {
              names: format.list(unused.slice(0, MAX_NAMED)),
            })
      }
    >
      <DataTable
        caption={t('imports.columns.title')}
        dense
        rows={run.columns}
        rowKey={(column) => column.name}
        columns={[
          { id: 'name', header: t('imports.columns.column'), kind: 'main', cell: (column) => column.name },
          {
            id: 'field',
            header: t('imports.columns.became'),
            cell: (column) => {
              const field = fields.get(column.name);
              return field === undefined ? (
                <Tag tone="neutral">{t('imports.columns.unused')}</Tag>
              ) : (
                t(`fields.${field}`)
              );
            },
          },
          { id: 'values', header: t('imports.columns.values'), cell: values },
        ]}
      />
    </Card>
  );
}
