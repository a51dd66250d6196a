import { Button } from '@vector-im/compound-web';
import {
  Card,
  cx,
  dataOf,
  Loaded,
  RouterLink,
  Skeleton,
  Stat,
  Tag,
  useServices,
  useText,
  useViewModel,
  type Tone,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import '../org.css';
import { Attention } from '../SourcesView/Attention.tsx';
import { OverviewViewModel, type Step } from './OverviewViewModel.ts';

const leadsTo: Record<Step['id'], string> = {
  import: '/import',
  departments: '/departments',
  provision: '/health',
  admins: '/roles',
  pilot: '/activation',
  rollout: '/activation',
};
const marks: Record<Step['state'], string> = { todo: '', doing: '…', done: '✓', problem: '!' };
const tones: Record<Step['state'], Tone> = { todo: 'neutral', doing: 'info', done: 'good', problem: 'bad' };

/** The organisation on the start page. */
export default function OverviewView(): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const [state, model] = useViewModel(() => new OverviewViewModel(services));
  const people = dataOf(state.people);
  const departments = dataOf(state.departments);
  const leavers = dataOf(state.leavers);
  const number = (value: number | undefined): string => (value === undefined ? '…' : format.number(value));
  return (
    <>
      {state.attention && <Attention of={state.attention} />}
      <div className="q-stats">
        {state.canPeople && <Stat label={t('overview.people')} value={number(people?.all)} to="/people" />}
        {state.canPeople && (
          <Stat label={t('overview.waiting')} value={number(people?.waiting)} to="/activation" />
        )}
        {state.canDepartments && (
          <Stat label={t('overview.departments')} value={number(departments?.length)} to="/departments" />
        )}
        {state.canLeavers && <Stat label={t('overview.leavers')} value={number(leavers)} to="/leavers" />}
      </div>
      {state.canSetup && (
        <Loaded of={state.setup} skeleton={<Skeleton lines={6} />}>
          {(setup) => {
            const done = setup.steps.filter((step) => step.state === 'done').length;
            const next = setup.steps.find((step) => step.state !== 'done');
            return (
              <Card
                flush
                title={t('setup.title')}
                intro={
                  next
                    ? t('setup.progress', {
                        done: format.number(done),
                        total: format.number(setup.steps.length),
                      })
                    : t('setup.all_done')
                }
              >
                <ol className="o-steps">
                  {setup.steps.map((step, index) => {
                    const confirmable = step.id === 'pilot' || step.id === 'rollout' ? step.id : undefined;
                    return (
                      <li key={step.id} className={cx('o-step', `o-step--${step.state}`)}>
                        <span className={cx('o-step__mark', `o-step__mark--${step.state}`)} aria-hidden>
                          {marks[step.state] || index + 1}
                        </span>
                        <div>
                          <p className="o-step__title q-row">
                            {t(`setup.steps.${step.id}.title`)}
                            {(step.state === 'problem' || step.state === 'doing') && (
                              <Tag tone={tones[step.state]}>{t(`setup.states.${step.state}`)}</Tag>
                            )}
                            {step.state === 'done' && <span className="q-sr">{t('setup.states.done')}</span>}
                          </p>
                          <p className="q-muted">
                            {t(
                              `setup.steps.${step.id}.${step.state === 'done' ? 'done' : 'text'}`,
                              figuresOf(step, (value) => format.number(value)),
                            )}
                          </p>
                        </div>
                        <div className="o-step__action q-row">
                          {confirmable && state.canConfirm && (
                            <Button
                              kind="tertiary"
                              size="md"
                              disabled={state.busy}
                              onClick={() => void model.confirm(confirmable, step.state !== 'done')}
                            >
                              {step.state === 'done' ? t('setup.not_done') : t('setup.mark_done')}
                            </Button>
                          )}
                          <Button
                            as={RouterLink}
                            to={leadsTo[step.id]}
                            kind={step === next ? 'primary' : 'secondary'}
                            size="md"
                          >
                            {t(`setup.steps.${step.id}.action`)}
                          </Button>
                        </div>
                      </li>
                    );
                  })}
                </ol>
              </Card>
            );
          }}
        </Loaded>
      )}
    </>
  );
}

const figuresOf = (step: Step, number: (value: number) => string): Record<string, string> =>
  Object.fromEntries(Object.entries(step.figures).map(([name, value]) => [name, number(value)]));
