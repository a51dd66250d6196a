import NoticeIcon from '@vector-im/compound-design-tokens/assets/web/icons/public';
import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Card,
  EmptyState,
  holds,
  Loaded,
  LoadedPages,
  PageHead,
  PersonLine,
  RouterLink,
  Select,
  Tag,
  useGo,
  useParams,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import type { Notice } from '@qiao/notices/contract';
import type { ReactNode } from 'react';
import { Markdown } from '../Markdown.tsx';
import '../notices.css';
import { NoticesViewModel, NoticeViewModel } from './NoticesViewModel.ts';

function State({ notice }: { notice: Notice }): ReactNode {
  const { t } = useText('notices');
  if (notice.recalled) return <Tag>{t('notices.recalled')}</Tag>;
  if (!notice.confirm) return notice.seen_at === null ? <Tag tone="info">{t('notices.new')}</Tag> : null;
  return notice.confirmed_at === null ? (
    <Tag tone="warn">{t('notices.to_confirm')}</Tag>
  ) : (
    <Tag tone="good">{t('notices.confirmed')}</Tag>
  );
}

function One({ id }: { id: string }): ReactNode {
  const { t, format } = useText('notices');
  const services = useServices();
  const [{ notice }, model] = useViewModel(() => new NoticeViewModel(services, id));
  const crumbs = [{ label: t('notices.title'), to: '/x/notices/notices' }];
  return (
    <Loaded of={notice}>
      {(data) => (
        <>
          <PageHead
            crumbs={[...crumbs, { label: data.title ?? t('notices.recalled') }]}
            title={data.title ?? t('notices.recalled_title')}
            meta={<State notice={data} />}
          />
          <Card>
            <div className="q-stack">
              <PersonLine
                id={data.author.user_id}
                name={data.author.display_name}
                note={format.dateTime(data.sent_at)}
              />
              {data.body === null ? (
                <Banner tone="neutral" title={t('notices.recalled_text')} />
              ) : (
                <Markdown text={data.body} />
              )}
              {data.confirm && !data.recalled && (
                <div className="q-row">
                  {data.confirmed_at === null ? (
                    <Button
                      kind="primary"
                      size="lg"
                      onClick={() => void model.confirm(t('notices.confirm_done'))}
                    >
                      {t('notices.confirm')}
                    </Button>
                  ) : (
                    <p className="q-muted">
                      {t('notices.confirmed_at', { time: format.dateTime(data.confirmed_at) })}
                    </p>
                  )}
                </div>
              )}
            </div>
          </Card>
        </>
      )}
    </Loaded>
  );
}

function List(): ReactNode {
  const { t, format } = useText('notices');
  const services = useServices();
  const go = useGo();
  const [{ list, filter }, model] = useViewModel(() => new NoticesViewModel(services));
  const mayServe = holds(services.session, 'notices.notice.send');
  return (
    <>
      <PageHead
        title={t('notices.title')}
        actions={
          mayServe && (
            <>
              <Button kind="secondary" size="md" onClick={() => void go('/x/notices/sent')}>
                {t('sent.title')}
              </Button>
              <Button kind="primary" size="md" onClick={() => void go('/x/notices/compose')}>
                {t('compose.new')}
              </Button>
            </>
          )
        }
      />
      <Card flush>
        <div className="q-toolbar">
          <Select
            aria-label={t('notices.show')}
            compact
            value={filter}
            onChange={(value) => {
              model.show(value === 'to_confirm' ? 'to_confirm' : 'all');
            }}
            options={[
              { value: 'all', label: t('notices.all') },
              { value: 'to_confirm', label: t('notices.to_confirm') },
            ]}
          />
        </div>
        <LoadedPages
          of={list}
          empty={
            <EmptyState
              Icon={NoticeIcon}
              title={t(filter === 'all' ? 'notices.empty' : 'notices.nothing_to_confirm')}
              text={t(filter === 'all' ? 'notices.empty_text' : 'notices.nothing_to_confirm_text')}
            />
          }
        >
          {(notices) => (
            <ul className="n-list">
              {notices.map((notice) => (
                <li className="n-item" key={notice.id}>
                  <div className="n-item__main">
                    <RouterLink className="n-item__title" to={`/x/notices/notices/${notice.id}`}>
                      <bdi>{notice.title ?? t('notices.recalled_title')}</bdi>
                    </RouterLink>
                    <p className="q-muted q-small">
                      <bdi>{notice.author.display_name}</bdi> · {format.relative(notice.sent_at)}
                    </p>
                  </div>
                  <State notice={notice} />
                </li>
              ))}
            </ul>
          )}
        </LoadedPages>
      </Card>
    </>
  );
}

/** Notices to me: the list, or one of them. */
export default function NoticesView(): ReactNode {
  const { id } = useParams();
  return <main className="c-page-area">{id === undefined ? <List /> : <One key={id} id={id} />}</main>;
}
