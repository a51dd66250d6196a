import { Button } from '@vector-im/compound-web';
import {
  CheckField,
  Dialog,
  EmptyState,
  Skeleton,
  Tag,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import type { Reader } from '../../matrix/reading.ts';
import type { Message } from '../../matrix/timeline-types.ts';
import { ReadingViewModel } from './ReadingViewModel.ts';
import './reading.css';

/** Who has read a message, with reminding and asking. */
export default function ReadingDialog(props: { message: Message; onClose: () => void }): ReactNode {
  const { t, format } = useText('reading');
  const services = useServices();
  const { reading } = useMatrix();
  const { roomId, eventId } = props.message;
  const [state, model] = useViewModel(() => new ReadingViewModel(services, reading, { roomId, eventId }));
  const line = (one: Reader): ReactNode => {
    const asked = state.asked[one.userId];
    return (
      <li key={one.userId} className="q-row q-row--spread">
        <CheckField
          label={one.name}
          checked={state.chosen.has(one.userId)}
          disabled={asked?.state === 'open'}
          {...(one.readAt === undefined || one.readAt === 0
            ? {}
            : { help: t('read_at', { time: format.dateTime(new Date(one.readAt)) }) })}
          onChange={(on) => {
            model.choose(one.userId, on);
          }}
        />
        {asked && (
          <Tag tone={asked.state === 'open' ? 'warn' : 'good'}>
            {t(asked.state === 'open' ? 'waiting' : 'settled')}
          </Tag>
        )}
      </li>
    );
  };
  const nobody = state.read.length + state.unread.length === 0;
  const idle = state.busy || state.chosen.size === 0;
  return (
    <Dialog
      title={t('title')}
      intro={t('intro')}
      onClose={props.onClose}
      footer={
        <>
          <Button
            kind="tertiary"
            size="md"
            disabled={idle}
            onClick={() => void model.ask('urgent', (count) => t('urged', { count }))}
          >
            {t('urge')}
          </Button>
          <Button
            kind="primary"
            size="md"
            disabled={idle}
            onClick={() => void model.ask('question', (count) => t('asked', { count }))}
          >
            {t('ask')}
          </Button>
        </>
      }
    >
      {state.loading ? (
        <Skeleton lines={4} />
      ) : nobody ? (
        <EmptyState compact title={t('nobody')} />
      ) : (
        <div className="q-stack">
          <section
            className="q-stack q-stack--tight"
            aria-label={t('unread', { count: state.unread.length })}
          >
            <div className="q-row q-row--spread">
              <h3>{t('unread', { count: state.unread.length })}</h3>
              {state.unread.length > 0 && (
                <Button
                  kind="secondary"
                  size="md"
                  disabled={state.busy}
                  onClick={() => void model.ask('unread', (count) => t('reminded', { count }))}
                >
                  {t('remind')}
                </Button>
              )}
            </div>
            <ul className="c-readers">{state.unread.map(line)}</ul>
          </section>
          <section className="q-stack q-stack--tight" aria-label={t('read', { count: state.read.length })}>
            <h3>{t('read', { count: state.read.length })}</h3>
            <ul className="c-readers">{state.read.map(line)}</ul>
          </section>
        </div>
      )}
    </Dialog>
  );
}
