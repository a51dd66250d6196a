import { RadioCards, SelectField, TextField, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { INTERVALS, type AskForm } from './asking.ts';

/** How people are asked: for an answer, by a time; or urgently, again and again. */
export function AskOptions(props: {
  form: AskForm;
  /** The time has passed. */
  late: boolean;
  onChange: (form: AskForm) => void;
}): ReactNode {
  const { t } = useText('reading');
  const { form, onChange } = props;
  return (
    <div className="q-stack">
      <RadioCards
        label={t('how')}
        value={form.kind}
        onChange={(value) => {
          onChange({ ...form, kind: value === 'urgent' ? 'urgent' : 'question' });
        }}
        options={[
          { value: 'question', label: t('kind.question'), help: t('kind.question_help') },
          { value: 'urgent', label: t('kind.urgent'), help: t('kind.urgent_help') },
        ]}
      />
      {form.kind === 'question' ? (
        <TextField
          type="datetime-local"
          label={t('due')}
          help={t('due_help')}
          optional
          value={form.due}
          {...(props.late ? { error: t('due_late') } : {})}
          onChange={(due) => {
            onChange({ ...form, due });
          }}
        />
      ) : (
        <SelectField
          label={t('every')}
          value={String(form.every)}
          options={INTERVALS.map((minutes) => ({
            value: String(minutes),
            label: t('minutes', { count: minutes }),
          }))}
          onChange={(every) => {
            onChange({ ...form, every: Number(every) });
          }}
        />
      )}
    </div>
  );
}
