import type { Source } from '@qiao/org/contract';
import {
  CheckField,
  dataOf,
  Dialog,
  DialogFoot,
  FormShell,
  Loaded,
  MoreRows,
  RadioCards,
  SelectField,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { AdoptViewModel } from './AdoptViewModel.ts';
import { GoingOver } from './GoingOver.tsx';

/** Gives people no source keeps in step to one of the sources: all of them, or some. */
export function AdoptDialog(props: { sources: readonly Source[]; onClose: () => void }): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const { sources, onClose } = props;
  const [state, model] = useViewModel(() => new AdoptViewModel(services, onClose));
  const { to, all, chosen, counts, busy } = state;
  const known = counts === 'running' ? undefined : counts;
  const total = dataOf(state.people)?.first.total ?? 0;
  return (
    <Dialog
      title={t('sources.adopt_title')}
      intro={t('sources.adopt_intro')}
      onClose={onClose}
      footer={
        <DialogFoot
          form="adopt"
          label={t('sources.handover_do')}
          onClose={onClose}
          disabled={busy || known === undefined || known.people === 0}
        />
      }
    >
      <FormShell id="adopt" onSubmit={() => void model.handOver()}>
        <SelectField
          label={t('sources.handover_to')}
          value={to?.id ?? ''}
          onChange={(id) => {
            model.handTo(sources.find((source) => source.id === id));
          }}
          options={[
            { value: '', label: '' },
            ...sources.map((source) => ({
              value: source.id,
              label: `${source.name} (${t(`sources.kinds.${source.kind}`)})`,
            })),
          ]}
        />
        <RadioCards
          label={t('sources.adopt_who')}
          value={all ? 'all' : 'some'}
          onChange={(who) => {
            model.setAll(who === 'all');
          }}
          options={[
            { value: 'some', label: t('sources.adopt_some') },
            { value: 'all', label: t('sources.adopt_all', { number: format.number(total) }) },
          ]}
        />
        {!all && (
          <fieldset className="o-choices">
            <legend className="q-sr">{t('sources.adopt_list')}</legend>
            <Loaded of={state.people}>
              {(people) => (
                <>
                  {people.items.map((person) => (
                    <CheckField
                      key={person.id}
                      label={person.display_name}
                      help={[person.title, person.email ?? person.user_id].filter(Boolean).join(' · ')}
                      checked={chosen.has(person.id)}
                      onChange={(on) => {
                        model.choose(person.id, on);
                      }}
                    />
                  ))}
                  <MoreRows pages={people} />
                </>
              )}
            </Loaded>
          </fieldset>
        )}
        {!all && chosen.size > 0 && (
          <p className="q-muted q-small">
            {t('sources.adopt_chosen', { count: chosen.size, number: format.number(chosen.size) })}
          </p>
        )}
        <GoingOver counts={counts} to={to} />
      </FormShell>
    </Dialog>
  );
}
