import LeaveIcon from '@vector-im/compound-design-tokens/assets/web/icons/leave';
import type { Offboarding } from '@qiao/org/contract';
import {
  Card,
  DataTable,
  EmptyState,
  LoadedPages,
  PageHead,
  PersonLine,
  RouterLink,
  Tabs,
  Tag,
  Time,
  useGo,
  useServices,
  useText,
  useViewModel,
  type Tone,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import '../org.css';
import { LeaversViewModel } from './LeaversViewModel.ts';

const STATES = ['suspended', 'closing', 'closed', 'undone'] as const;
export const leaverTones: Record<Offboarding['state'], Tone> = {
  suspended: 'warn',
  closing: 'info',
  closed: 'good',
  undone: 'neutral',
};

/** Those who leave or left. */
export default function LeaversView(): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const go = useGo();
  const [state, model] = useViewModel(() => new LeaversViewModel(services));
  return (
    <>
      <PageHead title={t('leavers.title')} intro={t('leavers.intro')} />
      <Card flush>
        <Tabs
          label={t('leavers.title')}
          tabs={[
            { id: 'all', label: t('leavers.all') },
            ...STATES.map((each) => ({ id: each, label: t(`leavers.states.${each}`) })),
          ]}
          value={state.state ?? 'all'}
          onChange={(id) => {
            model.show(STATES.find((each) => each === id));
          }}
        >
          <LoadedPages
            of={state.leavers}
            empty={
              <EmptyState Icon={LeaveIcon} title={t('leavers.empty')} text={t('leavers.empty_text')}>
                <RouterLink to="/people">{t('leavers.go_people')}</RouterLink>
              </EmptyState>
            }
          >
            {(leavers) => (
              <DataTable
                caption={t('leavers.title')}
                rows={leavers}
                rowKey={(leaver) => leaver.id}
                columns={[
                  {
                    id: 'person',
                    header: t('leavers.person'),
                    kind: 'main',
                    cell: (leaver) => (
                      <PersonLine
                        id={leaver.person.user_id}
                        name={leaver.person.display_name}
                        note={leaver.person.title}
                        onOpen={() => void go(`/leavers/${leaver.id}`)}
                      />
                    ),
                  },
                  {
                    id: 'state',
                    header: t('leavers.state'),
                    width: 'narrow',
                    cell: (leaver) => (
                      <Tag tone={leaverTones[leaver.state]}>{t(`leavers.states.${leaver.state}`)}</Tag>
                    ),
                  },
                  {
                    id: 'open',
                    header: t('leavers.items_open'),
                    kind: 'num',
                    cell: (leaver) => (leaver.state === 'suspended' ? format.number(leaver.items_open) : ''),
                  },
                  {
                    id: 'started',
                    header: t('leavers.started_at'),
                    cell: (leaver) => <Time at={leaver.started_at} relative />,
                  },
                  {
                    id: 'undo',
                    header: t('leavers.undo_until'),
                    optional: true,
                    cell: (leaver) =>
                      leaver.undo_until !== null && leaver.state !== 'undone'
                        ? format.date(leaver.undo_until)
                        : '',
                  },
                ]}
              />
            )}
          </LoadedPages>
        </Tabs>
      </Card>
    </>
  );
}
