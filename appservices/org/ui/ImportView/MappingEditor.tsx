import { Button } from '@vector-im/compound-web';
import type { ImportRun } from '@qiao/org/contract';
import {
  Banner,
  Card,
  Select,
  SelectField,
  TextField,
  ToggleField,
  useText,
  type Option,
} from '@qiao/ui-kit';
import { useId, type ReactNode } from 'react';
import { FIELD_GROUPS, GROUP_NAMES, mappingGaps, type PeopleFieldName } from './fields.ts';
import { ColumnsCard } from './ColumnsCard.tsx';
import { openStatuses, type ImportViewModel, type MappingDraft } from './ImportViewModel.ts';
import { StatusCard } from './StatusCard.tsx';

/** Encodings that files of this kind come in; WHATWG labels. */
const ENCODINGS = [
  'utf-8',
  'gb18030',
  'gbk',
  'big5',
  'utf-16le',
  'utf-16be',
  'windows-1252',
  'shift_jis',
  'euc-kr',
];
const GUARDS = [0.02, 0.05, 0.1, 0.2, 0.5, 1];

function MappingRow(props: {
  field: PeopleFieldName;
  run: ImportRun;
  draft: MappingDraft;
  options: readonly Option[];
  model: ImportViewModel;
}): ReactNode {
  const { t } = useText('org');
  const id = useId();
  const { field, run, draft } = props;
  const chosen = draft.columns[field] ?? '';
  const column = run.columns.find((each) => each.name === chosen);
  return (
    <div className="o-map__row">
      <div>
        <label htmlFor={id}>{t(`fields.${field}`)}</label>
        <p className="o-map__hint" id={`${id}-hint`}>
          {t(`field_hints.${field}`)}
        </p>
      </div>
      <Select
        id={id}
        aria-describedby={`${id}-hint`}
        value={chosen}
        options={props.options}
        onChange={(value) => {
          props.model.map(field, value);
        }}
      />
      <p className="o-map__samples">
        {column && column.samples.length > 0
          ? column.samples.filter((sample) => sample !== '').join(' · ') || t('imports.mapping.empty_column')
          : ''}
      </p>
    </div>
  );
}

/** Which column of the file is what, how it is read, and what its absence means. */
export function MappingEditor(props: {
  run: ImportRun;
  draft: MappingDraft;
  model: ImportViewModel;
  busy: boolean;
  onCancel?: () => void;
}): ReactNode {
  const { t, format } = useText('org');
  const { run, draft, model } = props;
  const isFile = run.kind === 'csv' || run.kind === 'json';
  const gaps = isFile ? mappingGaps(draft.columns) : [];
  if (isFile && openStatuses(run, draft).length > 0) gaps.push('needs_statuses');
  const options: Option[] = [
    { value: '', label: t('imports.mapping.not_in_file') },
    ...run.columns.map((column) => ({ value: column.name, label: column.name })),
  ];
  const encodings = [...new Set([draft.encoding, ...(run.encodings ?? []), ...ENCODINGS])];
  return (
    <div className="q-stack q-stack--wide">
      {run.kind === 'csv' && (
        <Card title={t('imports.reading')}>
          <div className="q-grid-2">
            <SelectField
              label={t('imports.encoding')}
              help={t('imports.encoding_help')}
              value={draft.encoding}
              disabled={props.busy}
              onChange={(encoding) => void model.changeEncoding(encoding)}
              options={encodings.map((each) => ({
                value: each,
                label: t(`encodings.${each}`, { defaultValue: each }),
              }))}
            />
            <TextField
              label={t('imports.separator')}
              help={t('imports.separator_help')}
              optional
              maxLength={3}
              value={draft.separator}
              onChange={(separator) => {
                model.choose({ separator });
              }}
            />
            <TextField
              label={t('imports.list')}
              help={t('imports.list_help')}
              optional
              maxLength={6}
              value={draft.list}
              onChange={(list) => {
                model.choose({ list });
              }}
            />
          </div>
        </Card>
      )}
      {isFile && (
        <Card flush title={t('imports.mapping.title')} intro={t('imports.mapping.intro')}>
          {GROUP_NAMES.map((group) => (
            <section key={group} className="o-map" aria-label={t(`imports.mapping.groups.${group}`)}>
              <h3 className="o-map__group">{t(`imports.mapping.groups.${group}`)}</h3>
              {FIELD_GROUPS[group].map((field) => (
                <MappingRow
                  key={field}
                  field={field}
                  run={run}
                  draft={draft}
                  options={options}
                  model={model}
                />
              ))}
            </section>
          ))}
        </Card>
      )}
      {isFile && <StatusCard run={run} draft={draft} model={model} />}
      {isFile && <ColumnsCard run={run} draft={draft} />}
      <Card title={t('imports.options')}>
        <div className="q-stack">
          <ToggleField
            label={t('imports.missing_leave')}
            help={t('imports.missing_leave_help')}
            checked={draft.options.missing_leave}
            onChange={(missing_leave) => {
              model.setOption({ missing_leave });
            }}
          />
          <ToggleField
            label={t('imports.missing_dissolve')}
            help={t('imports.missing_dissolve_help')}
            checked={draft.options.missing_dissolve}
            onChange={(missing_dissolve) => {
              model.setOption({ missing_dissolve });
            }}
          />
          {draft.options.missing_leave && (
            <SelectField
              label={t('imports.guard')}
              help={t('imports.guard_help')}
              value={String(draft.options.leaver_guard)}
              onChange={(value) => {
                model.setOption({ leaver_guard: Number(value) });
              }}
              options={[...new Set([...GUARDS, draft.options.leaver_guard])]
                .sort((one, other) => one - other)
                .map((each) => ({ value: String(each), label: format.percent(each) }))}
            />
          )}
        </div>
      </Card>
      {gaps.length > 0 && (
        <Banner tone="warn" title={t('imports.mapping.incomplete')}>
          <ul>
            {gaps.map((gap) => (
              <li key={gap}>{t(`imports.mapping.${gap}`)}</li>
            ))}
          </ul>
        </Banner>
      )}
      <div className="q-row q-row--end">
        {props.onCancel ? (
          <Button kind="secondary" size="md" onClick={props.onCancel}>
            {t('cancel')}
          </Button>
        ) : (
          <Button kind="tertiary" size="md" disabled={props.busy} onClick={() => void model.discard()}>
            {t('imports.discard')}
          </Button>
        )}
        <Button
          kind="primary"
          size="md"
          disabled={props.busy || gaps.length > 0}
          onClick={() => void model.check()}
        >
          {t('imports.check')}
        </Button>
      </div>
    </div>
  );
}
