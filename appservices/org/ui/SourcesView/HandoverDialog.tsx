import type { Source } from '@qiao/org/contract';
import { Dialog, DialogFoot, FormShell, SelectField, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { GoingOver } from './GoingOver.tsx';
import type { Handing, SourcesViewModel } from './SourcesViewModel.ts';

/** Gives the people of a source to another one, after showing what that means. */
export function HandoverDialog(props: {
  handing: Handing;
  sources: readonly Source[];
  busy: boolean;
  model: SourcesViewModel;
}): ReactNode {
  const { t } = useText('org');
  const { handing, model } = props;
  const { from, to, counts } = handing;
  const known = counts === 'running' ? undefined : counts;
  const others = props.sources.filter((source) => source.id !== from.id);
  const close = (): void => {
    model.hand(undefined);
  };
  return (
    <Dialog
      title={t('sources.handover_title', { name: from.name })}
      intro={t('sources.handover_intro')}
      onClose={close}
      footer={
        <DialogFoot
          form="handover"
          label={t('sources.handover_do')}
          onClose={close}
          disabled={props.busy || known === undefined || known.people === 0}
        />
      }
    >
      <FormShell id="handover" onSubmit={() => void model.handOver()}>
        <SelectField
          label={t('sources.handover_to')}
          value={to?.id ?? ''}
          onChange={(id) => void model.handTo(others.find((source) => source.id === id))}
          options={[
            { value: '', label: '' },
            ...others.map((source) => ({
              value: source.id,
              label: `${source.name} (${t(`sources.kinds.${source.kind}`)})`,
            })),
          ]}
        />
        <GoingOver counts={counts} to={to} />
      </FormShell>
    </Dialog>
  );
}
