import { Button } from '@vector-im/compound-web';
import {
  Banner,
  dataOf,
  Dialog,
  EmptyState,
  Skeleton,
  Tag,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useMemo, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import type { Reader } from '../../matrix/reading.ts';
import { AskOptions } from './AskOptions.tsx';
import type { MessageRef } from './asking.ts';
import { PeopleNames, PeopleTicks, Unlisted, useReaders } from './PeopleTicks.tsx';
import { ReadingViewModel, type Asked } from './ReadingViewModel.ts';
import './reading.css';

function AskedTag(props: { one: Asked[string] | undefined }): ReactNode {
  const { t } = useText('reading');
  const { one } = props;
  switch (one?.state) {
    case 'open':
      return <Tag tone={one.kind === 'urgent' ? 'bad' : 'warn'}>{t(`waiting.${one.kind}`)}</Tag>;
    case 'answered':
      return (
        <Tag tone="good">{t(one.closed_how === 'confirmed' ? 'settled.confirmed' : 'settled.answered')}</Tag>
      );
    default:
      return null;
  }
}

/** Who has read a message, with reminding and asking. */
export default function ReadingDialog(props: { message: MessageRef; onClose: () => void }): ReactNode {
  const { t, format } = useText('reading');
  const services = useServices();
  const { reading, history } = useMatrix();
  const { roomId, eventId } = props.message;
  const [state, model] = useViewModel(
    () => new ReadingViewModel(services, reading, history, { roomId, eventId }),
  );
  const { read, unread, invited, unlisted, chosen } = state;
  const everybody = useMemo(() => [...read, ...unread, ...invited], [read, unread, invited]);
  const asked: Asked = dataOf(state.asked) ?? {};
  const failed = state.asked.state === 'failed' ? state.asked : undefined;
  const search = useReaders(everybody);
  const section = (
    kind: 'unread' | 'read',
    people: readonly Reader[],
    absent: readonly Reader[] = [],
    action?: ReactNode,
  ): ReactNode => {
    const all = [...people, ...absent];
    const title = t(unlisted > 0 ? `${kind}_listed` : kind, { count: all.length });
    const shown = people.filter(search.fits);
    const shownAbsent = absent.filter(search.fits);
    return (
      <section className="q-stack q-stack--tight" aria-label={title}>
        <div className="q-row q-row--spread">
          <h3>{title}</h3>
          {action}
        </div>
        {all.length === 0 && (
          <p className="q-muted">{t(unlisted > 0 ? `${kind}_listed_none` : `${kind}_none`)}</p>
        )}
        {all.length > 0 && shown.length + shownAbsent.length === 0 && (
          <p className="q-muted">{t('find_none')}</p>
        )}
        {shown.length > 0 && (
          <PeopleTicks
            label={title}
            people={shown}
            among={everybody}
            who={search.note}
            chosen={chosen}
            isFixed={model.isWaitedFor}
            note={(one) => (
              <>
                {one.readAt === undefined && state.waiting.has(one.userId) && <Tag>{t('cannot_read')}</Tag>}
                <AskedTag one={asked[one.userId]} />
              </>
            )}
            help={(one) =>
              one.readAt === undefined || one.readAt === 0
                ? undefined
                : t('read_at', { time: format.dateTime(new Date(one.readAt)) })
            }
            onChoose={model.choose}
          />
        )}
        {shownAbsent.length > 0 && (
          <>
            <PeopleNames
              label={t('invited')}
              people={shownAbsent}
              among={everybody}
              who={search.note}
              note={() => <Tag>{t('invited')}</Tag>}
            />
            <p className="q-muted q-small">{t('invited_help')}</p>
          </>
        )}
      </section>
    );
  };
  return (
    <Dialog
      title={t('title')}
      intro={t('intro')}
      onClose={props.onClose}
      footer={
        <Button
          kind="primary"
          size="md"
          disabled={state.busy || chosen.size === 0}
          onClick={() => void model.ask()}
        >
          {chosen.size === 0 ? t('ask') : t('ask_count', { count: chosen.size })}
        </Button>
      }
    >
      {state.loading ? (
        <Skeleton lines={4} />
      ) : everybody.length === 0 ? (
        <EmptyState compact title={t('nobody')} />
      ) : (
        <div className="q-stack">
          {failed && (
            <Banner
              tone="warn"
              title={t('asked_failed')}
              actions={
                <Button kind="secondary" size="md" onClick={failed.retry}>
                  {t('again')}
                </Button>
              }
            >
              {services.explain(failed.error)}
            </Banner>
          )}
          {unlisted > 0 && <Unlisted listed={everybody.length} unlisted={unlisted} />}
          {search.box}
          {section(
            'unread',
            unread,
            invited,
            unread.length > 0 && (
              <Button kind="secondary" size="md" disabled={state.busy} onClick={() => void model.remind()}>
                {t('remind')}
              </Button>
            ),
          )}
          {section('read', read)}
          {chosen.size > 0 && <AskOptions form={state.form} late={state.late} onChange={model.change} />}
        </div>
      )}
    </Dialog>
  );
}
