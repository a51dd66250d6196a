import { Button } from '@vector-im/compound-web';
import { Dialog, Loaded, MoreRows, PersonLine, useServices, useText, useViewModel } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { HeldViewModel, UntakenViewModel, type SourceName } from './AttentionViewModel.ts';

/** Lets those go whom the guard holds, or keeps them. */
export function HeldDialog(props: { source: SourceName; onClose: () => void }): ReactNode {
  const { t } = useText('org');
  const services = useServices();
  const [state, model] = useViewModel(() => new HeldViewModel(services, props.source, props.onClose));
  const ready = state.people.state === 'ready' && state.people.data.items.length > 0;
  return (
    <Dialog
      title={t('attention.held_dialog', { name: props.source.name })}
      intro={t('attention.held_intro')}
      onClose={props.onClose}
      footer={
        <>
          <Button
            kind="secondary"
            size="md"
            disabled={state.busy || !ready}
            onClick={() => void model.decide('keep')}
          >
            {t('attention.keep')}
          </Button>
          <Button
            kind="primary"
            size="md"
            destructive
            disabled={state.busy || !ready}
            onClick={() => void model.decide('let_go')}
          >
            {t('attention.let_go')}
          </Button>
        </>
      }
    >
      <Loaded of={state.people}>
        {(people) => (
          <div className="q-stack">
            {people.items.map((person) => (
              <PersonLine
                key={person.id}
                id={person.user_id}
                name={person.display_name}
                note={person.title}
              />
            ))}
            <MoreRows pages={people} />
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}

/** What a provider sent about whom, and why the directory does not say it. */
export function UntakenDialog(props: { source: SourceName; onClose: () => void }): ReactNode {
  const { t } = useText('org');
  const services = useServices();
  const [state] = useViewModel(() => new UntakenViewModel(services, props.source));
  return (
    <Dialog
      title={t('attention.untaken_dialog', { name: props.source.name })}
      intro={t('attention.untaken_intro')}
      onClose={props.onClose}
      footer={
        <Button kind="primary" size="md" onClick={props.onClose}>
          {t('done')}
        </Button>
      }
    >
      <Loaded of={state.values}>
        {(values) => (
          <div className="q-stack">
            {values.items.map((one) => (
              <div key={`${one.person.id} ${one.attribute}`} className="q-stack q-stack--tight">
                <PersonLine id={one.person.user_id} name={one.person.display_name} note={one.person.title} />
                <p className="q-small">
                  <span className="q-mono">{one.attribute.split(':').at(-1)}</span> {one.message}
                </p>
                {one.value !== null && <p className="q-muted q-small q-mono">{one.value}</p>}
              </div>
            ))}
            <MoreRows pages={values} />
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}
