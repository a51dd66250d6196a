import { Button } from '@vector-im/compound-web';
import BadIcon from '@vector-im/compound-design-tokens/assets/web/icons/error-solid';
import GoodIcon from '@vector-im/compound-design-tokens/assets/web/icons/check-circle-solid';
import type { OffboardingDetail, PersonRef } from '@qiao/org/contract';
import {
  Banner,
  Busy,
  Card,
  cx,
  DataTable,
  dataOf,
  Dialog,
  EmptyState,
  Facts,
  Loaded,
  PageHead,
  RouterLink,
  Tag,
  useParams,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import '../org.css';
import { PersonPicker } from '../parts/pickers.tsx';
import { leaverTones } from './LeaversView.tsx';
import { isOpen, LeaverViewModel, type Item, type LeaverSnapshot } from './LeaverViewModel.ts';

interface Props {
  state: LeaverSnapshot;
  model: LeaverViewModel;
  leaver: OffboardingDetail;
}

const PHASES = ['suspended', 'handover', 'closed'] as const;

function Flow({ leaver }: { leaver: OffboardingDetail }): ReactNode {
  const { t } = useText('org');
  const now = leaver.state === 'closed' ? 3 : leaver.state === 'closing' ? 2 : 1;
  return (
    <ol className="o-flow" aria-label={t('leavers.flow.label')}>
      {PHASES.map((phase, index) => (
        <li
          key={phase}
          className={cx(index < now && 'o-flow__done')}
          {...(index === now ? { 'aria-current': 'step' as const } : {})}
        >
          <span
            className={cx(
              'o-step__mark',
              index < now ? 'o-step__mark--done' : index === now && 'o-step__mark--doing',
            )}
          >
            {index < now ? '✓' : index + 1}
          </span>
          {t(`leavers.flow.${phase}`)}
        </li>
      ))}
    </ol>
  );
}

function useKindName(): (kind: string) => string {
  const { t } = useText('org');
  const { i18n } = useServices();
  return (kind) => {
    const key = kind.replaceAll('.', '_');
    return i18n.instance.exists(`org:leavers.item_kinds.${key}`) ? t(`leavers.item_kinds.${key}`) : kind;
  };
}

function ChooseDialog({ state, model, leaver, item }: Props & { item: Item }): ReactNode {
  const { t } = useText('org');
  const kindName = useKindName();
  const [person, setPerson] = useState<PersonRef | undefined>(item.to ?? state.manager);
  return (
    <Dialog
      title={t('leavers.choose_title')}
      intro={`${kindName(item.kind)} · ${item.label}`}
      onClose={() => {
        model.choose(undefined);
      }}
      footer={
        <>
          <Button
            kind="tertiary"
            size="md"
            disabled={state.busy}
            onClick={() => void model.assign(item, null)}
          >
            {t('leavers.nobody')}
          </Button>
          <Button
            kind="primary"
            size="md"
            disabled={state.busy || !person}
            onClick={() => {
              if (person) void model.assign(item, person);
            }}
          >
            {t('leavers.give')}
          </Button>
        </>
      }
    >
      <PersonPicker
        label={t('leavers.receiver')}
        value={person}
        onChange={setPerson}
        except={leaver.person.id}
      />
    </Dialog>
  );
}

function Handover({ state, model, leaver }: Props): ReactNode {
  const { t } = useText('org');
  const kindName = useKindName();
  const open = leaver.items.filter(isOpen).length;
  const editing = leaver.state === 'suspended';
  return (
    <Card
      flush
      title={t('leavers.handover')}
      intro={
        editing
          ? open === 0
            ? t('leavers.handover_ready')
            : t('leavers.handover_intro', { count: open })
          : undefined
      }
      actions={
        editing &&
        open > 0 &&
        state.manager && (
          <Button kind="secondary" size="md" disabled={state.busy} onClick={() => void model.allToManager()}>
            {t('leavers.all_to_manager', { name: state.manager.display_name })}
          </Button>
        )
      }
    >
      {leaver.items.length === 0 ? (
        <EmptyState compact title={t('leavers.nothing_owned')} text={t('leavers.nothing_owned_text')} />
      ) : (
        <DataTable
          caption={t('leavers.handover')}
          rows={leaver.items}
          rowKey={(item) => item.id}
          columns={[
            { id: 'label', header: t('leavers.item'), kind: 'main', cell: (item) => item.label },
            {
              id: 'kind',
              header: t('leavers.kind'),
              cell: (item) => <span className="q-muted">{kindName(item.kind)}</span>,
            },
            {
              id: 'to',
              header: t('leavers.receiver'),
              cell: (item) =>
                item.to?.display_name ??
                (item.ends ? (
                  <span className="q-muted">{t('leavers.ends')}</span>
                ) : (
                  <Tag tone="warn">{t('leavers.open')}</Tag>
                )),
            },
            {
              id: 'actions',
              header: t('actions'),
              kind: 'actions',
              cell: (item) =>
                editing ? (
                  <button
                    type="button"
                    className="q-link-button"
                    onClick={() => {
                      model.choose(item);
                    }}
                  >
                    {isOpen(item) ? t('leavers.choose') : t('leavers.change')}
                    <span className="q-sr"> {item.label}</span>
                  </button>
                ) : (
                  item.done && <Tag tone="good">{t('leavers.handed_over')}</Tag>
                ),
            },
          ]}
        />
      )}
    </Card>
  );
}

function Certificate({ state, model, leaver }: Props): ReactNode {
  const { t, format } = useText('org');
  const { certificate } = leaver;
  return (
    <Card
      title={t('leavers.certificate')}
      intro={
        certificate
          ? t('leavers.checked_at', { at: format.dateTime(certificate.checked_at) })
          : t('leavers.being_checked')
      }
      actions={
        <>
          {certificate && (
            <Button
              kind="tertiary"
              size="md"
              onClick={() => {
                print();
              }}
            >
              {t('leavers.print')}
            </Button>
          )}
          <Button kind="secondary" size="md" disabled={state.busy} onClick={() => void model.check()}>
            {t('leavers.check_again')}
          </Button>
        </>
      }
    >
      {certificate ? (
        <>
          <Banner
            tone={certificate.complete ? 'good' : 'warn'}
            title={certificate.complete ? t('leavers.complete') : t('leavers.not_complete')}
          >
            {certificate.complete ? t('leavers.complete_text', { name: leaver.person.display_name }) : null}
          </Banner>
          <ul className="o-checks">
            {certificate.checks.map((check) => (
              <li key={check.id}>
                {check.ok ? (
                  <GoodIcon className="o-checks__good" width={22} height={22} aria-hidden />
                ) : (
                  <BadIcon className="o-checks__bad" width={22} height={22} aria-hidden />
                )}
                <span className="o-checks__text">
                  {t(`leavers.checks.${check.id}`)}
                  <span className="q-sr">{check.ok ? t('leavers.check_ok') : t('leavers.check_failed')}</span>
                </span>
                {!check.ok && check.count > 0 && (
                  <Tag tone="bad">
                    {t('leavers.left_over', { count: check.count, number: format.number(check.count) })}
                  </Tag>
                )}
              </li>
            ))}
          </ul>
        </>
      ) : (
        <Busy label={t('leavers.being_checked')} />
      )}
    </Card>
  );
}

/** One leaver's way out. */
export default function LeaverView(): ReactNode {
  const { id = '' } = useParams();
  return <OneLeaver key={id} id={id} />;
}

function OneLeaver({ id }: { id: string }): ReactNode {
  const { t, format } = useText('org');
  const services = useServices();
  const [state, model] = useViewModel(() => new LeaverViewModel(services, id));
  const loaded = dataOf(state.leaver);
  return (
    <>
      <PageHead
        title={
          !loaded
            ? t('leavers.title')
            : loaded.state === 'closed'
              ? t('leavers.page_title_closed', { name: loaded.person.display_name })
              : t('leavers.page_title', { name: loaded.person.display_name })
        }
        crumbs={[{ label: t('leavers.title'), to: '/leavers' }]}
        meta={loaded && <Tag tone={leaverTones[loaded.state]}>{t(`leavers.states.${loaded.state}`)}</Tag>}
      />
      <Loaded of={state.leaver}>
        {(leaver) => {
          const given = { state, model, leaver };
          const open = leaver.items.filter(isOpen).length;
          return (
            <div className="q-stack q-stack--wide">
              {leaver.state !== 'undone' && <Flow leaver={leaver} />}
              <Card>
                <Facts
                  items={[
                    [
                      t('leavers.person'),
                      <RouterLink to={`/people/${leaver.person.id}`}>
                        {leaver.person.display_name}
                      </RouterLink>,
                    ],
                    [t('leavers.started_at'), format.dateTime(leaver.started_at)],
                    [t('leavers.started_by'), leaver.started_by_name],
                    leaver.closed_at !== null && [t('leavers.closed_at'), format.dateTime(leaver.closed_at)],
                    leaver.undo_until !== null &&
                      leaver.state !== 'undone' && [t('leavers.undo_until'), format.date(leaver.undo_until)],
                    leaver.reason !== null && [t('leavers.reason'), leaver.reason],
                  ]}
                />
              </Card>
              {leaver.state === 'undone' && <Banner tone="info" title={t('leavers.was_undone')} />}
              {leaver.state === 'closing' && (
                <Banner tone="info" title={t('leavers.closing')} live>
                  {t('leavers.closing_text')}
                </Banner>
              )}
              {leaver.state === 'closed' && <Certificate {...given} />}
              <Handover {...given} />
              {(leaver.state === 'suspended' || leaver.state === 'closed') && (
                <div className="q-row q-row--end">
                  {leaver.undo_until === null || new Date(leaver.undo_until) > new Date() ? (
                    <Button
                      kind="secondary"
                      size="md"
                      disabled={state.busy}
                      onClick={() => void model.undo()}
                    >
                      {t('leavers.undo')}
                    </Button>
                  ) : null}
                  {leaver.state === 'suspended' && (
                    <Button
                      kind="primary"
                      destructive
                      size="md"
                      disabled={state.busy || open > 0}
                      onClick={() => void model.close()}
                    >
                      {t('leavers.close')}
                    </Button>
                  )}
                </div>
              )}
            </div>
          );
        }}
      </Loaded>
      {loaded && state.choosing && (
        <ChooseDialog state={state} model={model} leaver={loaded} item={state.choosing} />
      )}
    </>
  );
}
