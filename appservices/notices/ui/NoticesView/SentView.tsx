import NoticeIcon from '@vector-im/compound-design-tokens/assets/web/icons/public';
import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Card,
  EmptyState,
  Loaded,
  LoadedPages,
  PageHead,
  PersonLine,
  ProgressBar,
  RouterLink,
  Select,
  Tabs,
  Tag,
  useGo,
  useParams,
  useServices,
  useText,
  useViewModel,
  type Tone,
} from '@qiao/ui-kit';
import type { ManagedNotice, NoticeState } from '@qiao/notices/contract';
import type { ReactNode } from 'react';
import { Markdown } from '../Markdown.tsx';
import '../notices.css';
import { SentOneViewModel, SentViewModel, STATES } from './SentViewModel.ts';

const TONES: Readonly<Record<NoticeState, Tone>> = {
  draft: 'neutral',
  scheduled: 'info',
  sending: 'info',
  sent: 'good',
  recalled: 'warn',
};

function useAudienceText(): (notice: ManagedNotice) => string {
  const { t, format } = useText('notices');
  return ({ audience, names }) =>
    audience.everybody
      ? t('audience.everybody')
      : format.list(
          [...audience.departments.map((one) => one.id), ...audience.roles].map(
            (id) => names[id] ?? t('audience.unknown'),
          ),
        );
}

function List(): ReactNode {
  const { t, format } = useText('notices');
  const services = useServices();
  const go = useGo();
  const audienceOf = useAudienceText();
  const [{ list, shown }, model] = useViewModel(() => new SentViewModel(services));
  const crumbs = [{ label: t('notices.title'), to: '/x/notices/notices' }, { label: t('sent.title') }];
  return (
    <>
      <PageHead
        crumbs={crumbs}
        title={t('sent.title')}
        actions={
          <Button kind="primary" size="md" onClick={() => void go('/x/notices/compose')}>
            {t('compose.new')}
          </Button>
        }
      />
      <Card flush>
        <div className="q-toolbar">
          <Select
            aria-label={t('sent.show')}
            compact
            value={shown}
            onChange={(value) => {
              model.show(STATES.find((state) => state === value) ?? 'all');
            }}
            options={[
              { value: 'all', label: t('sent.all') },
              ...STATES.map((state) => ({ value: state, label: t(`sent.state.${state}`) })),
            ]}
          />
        </div>
        <LoadedPages
          of={list}
          empty={
            <EmptyState
              Icon={NoticeIcon}
              title={t(shown === 'all' ? 'sent.empty' : 'sent.none')}
              text={t(shown === 'all' ? 'sent.empty_text' : 'sent.none_text')}
            />
          }
        >
          {(notices) => (
            <ul className="n-list">
              {notices.map((notice) => {
                const editable = notice.state === 'draft' || notice.state === 'scheduled';
                const at = notice.scheduled_at ?? notice.sent_at ?? notice.created_at;
                return (
                  <li className="n-item" key={notice.id}>
                    <div className="n-item__main">
                      <RouterLink
                        className="n-item__title"
                        to={`/x/notices/${editable ? 'compose' : 'sent'}/${notice.id}`}
                      >
                        <bdi>{notice.title}</bdi>
                      </RouterLink>
                      <p className="q-muted q-small">
                        {audienceOf(notice)} · <bdi>{notice.author.display_name}</bdi> · {format.dateTime(at)}
                      </p>
                      {notice.problem !== null && (
                        <p className="q-small">{t(`sent.problem.${notice.problem}`)}</p>
                      )}
                    </div>
                    <Tag tone={TONES[notice.state]}>{t(`sent.state.${notice.state}`)}</Tag>
                  </li>
                );
              })}
            </ul>
          )}
        </LoadedPages>
      </Card>
    </>
  );
}

function People({
  model,
  state,
}: {
  model: SentOneViewModel;
  state: ReturnType<SentOneViewModel['getSnapshot']>;
}): ReactNode {
  const { t, format } = useText('notices');
  return (
    <Tabs
      label={t('sent.people')}
      tabs={[
        { id: 'pending', label: t('sent.pending') },
        { id: 'confirmed', label: t('sent.confirmed') },
      ]}
      value={state.show}
      onChange={(id) => {
        model.show(id === 'confirmed' ? 'confirmed' : 'pending');
      }}
    >
      <Card flush>
        <LoadedPages
          of={state.people}
          empty={
            <EmptyState
              compact
              title={t(state.show === 'pending' ? 'sent.nobody_pending' : 'sent.nobody_confirmed')}
            />
          }
        >
          {(people) => (
            <ul className="n-list">
              {people.map((one) => (
                <li className="n-item" key={one.user_id}>
                  <PersonLine
                    id={one.user_id}
                    name={one.display_name}
                    note={
                      one.confirmed_at !== null
                        ? format.dateTime(one.confirmed_at)
                        : one.seen_at !== null
                          ? t('sent.seen_at', { time: format.dateTime(one.seen_at) })
                          : t(one.waiting ? 'sent.waits' : 'sent.not_seen')
                    }
                  />
                </li>
              ))}
            </ul>
          )}
        </LoadedPages>
      </Card>
    </Tabs>
  );
}

function One({ id }: { id: string }): ReactNode {
  const { t, format } = useText('notices');
  const services = useServices();
  const audienceOf = useAudienceText();
  const [state, model] = useViewModel(() => new SentOneViewModel(services, id));
  return (
    <Loaded of={state.notice}>
      {(notice) => {
        const running = notice.state === 'sending' || notice.state === 'sent';
        return (
          <>
            <PageHead
              crumbs={[{ label: t('sent.title'), to: '/x/notices/sent' }, { label: notice.title }]}
              title={notice.title}
              meta={<Tag tone={TONES[notice.state]}>{t(`sent.state.${notice.state}`)}</Tag>}
              intro={audienceOf(notice)}
              actions={
                running && (
                  <>
                    {notice.confirm && (
                      <Button
                        kind="secondary"
                        size="md"
                        onClick={() => void model.remind((count) => t('sent.reminded', { count }))}
                      >
                        {t('sent.remind')}
                      </Button>
                    )}
                    <Button
                      kind="tertiary"
                      size="md"
                      onClick={() =>
                        void model.recall({
                          title: t('sent.recall_title'),
                          body: t('sent.recall_text'),
                          confirm: t('sent.recall'),
                          done: t('sent.recall_done'),
                        })
                      }
                    >
                      {t('sent.recall')}
                    </Button>
                  </>
                )
              }
            />
            <div className="q-stack">
              <Loaded of={state.progress}>
                {(progress) => (
                  <Card title={t('sent.progress')}>
                    <div className="q-stack">
                      <ProgressBar
                        label={t('sent.seen')}
                        done={progress.seen}
                        total={progress.recipients}
                        value={t('sent.of', {
                          done: format.number(progress.seen),
                          total: format.number(progress.recipients),
                        })}
                      />
                      {notice.confirm && (
                        <ProgressBar
                          label={t('sent.confirmed')}
                          done={progress.confirmed}
                          total={progress.recipients}
                          value={t('sent.of', {
                            done: format.number(progress.confirmed),
                            total: format.number(progress.recipients),
                          })}
                        />
                      )}
                      {progress.not_activated > 0 && (
                        <p className="q-muted">
                          {t('sent.not_activated', { count: progress.not_activated })}
                        </p>
                      )}
                      {progress.deliveries.waiting > 0 && running && (
                        <p className="q-muted">{t('sent.waiting', { count: progress.deliveries.waiting })}</p>
                      )}
                      {progress.deliveries.failed > 0 && (
                        <Banner tone="warn" title={t('sent.failed', { count: progress.deliveries.failed })} />
                      )}
                    </div>
                  </Card>
                )}
              </Loaded>
              <Card title={t('sent.text')}>
                <Markdown text={notice.body} />
              </Card>
              {notice.confirm && <People model={model} state={state} />}
            </div>
          </>
        );
      }}
    </Loaded>
  );
}

/** Notices I manage: the list, or how one of them gets on. */
export default function SentView(): ReactNode {
  const { id } = useParams();
  return <main className="c-page-area">{id === undefined ? <List /> : <One key={id} id={id} />}</main>;
}
