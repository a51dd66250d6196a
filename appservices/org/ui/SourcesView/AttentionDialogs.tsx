import { Button } from '@vector-im/compound-web';
import type { UntakenValue } from '@qiao/org/contract';
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
            {byPerson(values.items).map((of) => (
              <div key={of[0].person.id}>
                <PersonLine
                  id={of[0].person.user_id}
                  name={of[0].person.display_name}
                  note={of[0].person.title}
                />
                <ul className="o-untaken q-small">
                  {of.map((one) => (
                    <li key={one.attribute}>
                      <span className="q-mono">{one.attribute.split(':').at(-1)}</span>
                      {' · '}
                      {one.message}
                      {one.value !== null && <span className="o-block q-muted q-mono">{one.value}</span>}
                    </li>
                  ))}
                </ul>
              </div>
            ))}
            <MoreRows pages={values} />
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}

/** Values of one person stand one after the other. */
function byPerson(values: readonly UntakenValue[]): [UntakenValue, ...UntakenValue[]][] {
  const groups: [UntakenValue, ...UntakenValue[]][] = [];
  for (const one of values) {
    const last = groups.at(-1);
    if (last?.[0].person.id === one.person.id) last.push(one);
    else groups.push([one]);
  }
  return groups;
}
