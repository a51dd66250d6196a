import DoneIcon from '@vector-im/compound-design-tokens/assets/web/icons/check-circle';
import { Button } from '@vector-im/compound-web';
import {
  Card,
  EmptyState,
  LoadedPages,
  PageHead,
  PersonLine,
  RouterLink,
  Select,
  Tabs,
  Tag,
  useServices,
  useText,
  useViewModel,
  type Glance,
} from '@qiao/ui-kit';
import type { Obligation } from '@qiao/notices/contract';
import type { ReactNode } from 'react';
import '../notices.css';
import { AnswerViewModel, type Side } from './AnswerViewModel.ts';

function Item(props: {
  one: Obligation;
  glance: Glance | undefined;
  side: Side;
  model: AnswerViewModel;
}): ReactNode {
  const { t, format } = useText('notices');
  const { one, glance, side, model } = props;
  const other = side === 'owe' ? one.asker : one.asked;
  const when = t(side === 'owe' ? 'answer.asked_at' : 'answer.you_asked_at', {
    time: format.relative(one.created_at),
  });
  const due = one.due_at === null ? undefined : t('answer.due', { time: format.dateTime(one.due_at) });
  // Nobody confirms what they have not seen the whole of: then it is opened first.
  const isUnseen = side === 'owe' && one.kind === 'urgent' && one.state === 'open' && glance?.whole !== true;
  const reminded =
    side === 'wait' && one.reminders > 0 ? t('answer.reminded', { count: one.reminders }) : undefined;
  return (
    <li className="n-item">
      <div className="n-item__main">
        <PersonLine
          id={other.user_id}
          name={other.display_name}
          note={[when, due, reminded].filter((text) => text !== undefined).join(' · ')}
        />
        {glance && (
          <p className="n-glance" data-whole={glance.whole}>
            <bdi dir="auto">{glance.text}</bdi>
            <span className="q-muted">
              {' '}
              · <bdi>{glance.room}</bdi>
            </span>
          </p>
        )}
      </div>
      <div className="q-row">
        {one.kind === 'urgent' && <Tag tone="bad">{t('answer.urgent')}</Tag>}
        {one.state !== 'open' && (
          <Tag tone={one.state === 'answered' ? 'good' : 'neutral'}>
            {t(`answer.how.${one.closed_how ?? one.state}`)}
          </Tag>
        )}
        <RouterLink
          className="n-item__open"
          to={`/room/${encodeURIComponent(one.room_id)}?event=${encodeURIComponent(one.event_id)}`}
          aria-label={t(isUnseen ? 'answer.open_to_confirm_of' : 'answer.open_of', {
            name: other.display_name,
          })}
        >
          {t(isUnseen ? 'answer.open_to_confirm' : 'answer.open')}
        </RouterLink>
        {one.state === 'open' && !isUnseen && (
          <Button
            kind={side === 'owe' ? 'primary' : 'tertiary'}
            size="md"
            onClick={() =>
              void model.close(
                one,
                side === 'wait' ? 'withdrawn' : one.kind === 'urgent' ? 'confirmed' : 'handled',
                t(side === 'wait' ? 'answer.withdrawn' : 'answer.done'),
              )
            }
          >
            {t(
              side === 'wait'
                ? 'answer.withdraw'
                : one.kind === 'urgent'
                  ? 'answer.confirm'
                  : 'answer.handled',
            )}
          </Button>
        )}
      </div>
    </li>
  );
}

/** "To answer": what I owe others, and what I wait for. */
export default function AnswerView(): ReactNode {
  const { t, format } = useText('notices');
  const services = useServices();
  const [{ side, state, list, counts, glances }, model] = useViewModel(() => new AnswerViewModel(services));
  return (
    <main className="c-page-area">
      <PageHead title={t('answer.title')} intro={t('answer.intro')} />
      <Tabs
        label={t('answer.title')}
        tabs={[
          { id: 'owe', label: t('answer.owe'), count: counts && format.number(counts.owe) },
          { id: 'wait', label: t('answer.wait'), count: counts && format.number(counts.wait) },
        ]}
        value={side}
        onChange={(id) => {
          model.show({ side: id === 'wait' ? 'wait' : 'owe' });
        }}
      >
        <Card flush>
          <div className="q-toolbar">
            <Select
              aria-label={t('answer.show')}
              compact
              value={state}
              onChange={(value) => {
                model.show({ state: value === 'closed' ? 'closed' : 'open' });
              }}
              options={[
                { value: 'open', label: t('answer.open_ones') },
                { value: 'closed', label: t('answer.closed_ones') },
              ]}
            />
          </div>
          <LoadedPages
            of={list}
            empty={
              <EmptyState
                Icon={DoneIcon}
                title={
                  state === 'closed'
                    ? t('answer.nothing_closed')
                    : t(side === 'owe' ? 'answer.nothing_owed' : 'answer.nothing_waited')
                }
                text={
                  state === 'closed'
                    ? t('answer.nothing_closed_text')
                    : t(side === 'owe' ? 'answer.nothing_owed_text' : 'answer.nothing_waited_text')
                }
              />
            }
          >
            {(obligations) => (
              <ul className="n-list">
                {obligations.map((one) => (
                  <Item key={one.id} one={one} glance={glances.get(one.event_id)} side={side} model={model} />
                ))}
              </ul>
            )}
          </LoadedPages>
        </Card>
      </Tabs>
    </main>
  );
}
