import DoneIcon from '@vector-im/compound-design-tokens/assets/web/icons/check-circle';
import AskIcon from '@vector-im/compound-design-tokens/assets/web/icons/help';
import UrgentIcon from '@vector-im/compound-design-tokens/assets/web/icons/notifications-solid';
import { Button } from '@vector-im/compound-web';
import type { AskedMessage } from '@qiao/notices/contract';
import { dataOf, ErrorBoundary, useSnapshot, useText } from '@qiao/ui-kit';
import { lazy, Suspense, use, useEffect, useState, type ReactNode } from 'react';
import { MatrixContext } from '../../matrix/context.tsx';
import { CLOCK_TOLERANCE_MS } from '../../matrix/status.ts';
import type { Message } from '../../matrix/timeline-types.ts';
import { AsksContext } from './asks-context.ts';
import type { RoomAsksViewModel } from './RoomAsksViewModel.ts';
import './reading.css';

const ReadingDialog = lazy(() => import('./ReadingDialog.tsx'));
/** So long it may take to register who is asked by a message before it is said to have failed, milliseconds. */
const PATIENCE_MS = 20_000;

/** Ways to answer that have a text of their own. */
const HOWS: ReadonlySet<string> = new Set(['reply', 'reaction', 'confirmed', 'handled']);

/** Messages that this device cannot show (yet). */
const CLOSED: ReadonlySet<Message['content']['kind']> = new Set(['unreadable', 'decrypting']);

/** The own message: how many have answered or confirmed; opens who. */
function Counted(props: { message: Message; one: AskedMessage }): ReactNode {
  const { t } = useText('reading');
  const { one, message } = props;
  const [open, setOpen] = useState(false);
  const isDone = one.answered === one.asked;
  const Icon = isDone ? DoneIcon : one.kind === 'urgent' ? UrgentIcon : AskIcon;
  return (
    <div className="c-ask" data-kind={one.kind} data-done={isDone}>
      <Icon width={16} height={16} aria-hidden />
      <button
        type="button"
        className="q-link-button"
        onClick={() => {
          setOpen(true);
        }}
      >
        {t(`count.${one.kind}`, { done: one.answered, total: one.asked })}
      </button>
      {open && (
        <ErrorBoundary at={one.event_id} fallback={() => null}>
          <Suspense fallback={null}>
            <ReadingDialog
              message={message}
              onClose={() => {
                setOpen(false);
              }}
            />
          </Suspense>
        </ErrorBoundary>
      )}
    </div>
  );
}

/** Somebody else's message: what is wanted of me, and the button that does it. */
function Mine(props: { message: Message; one: AskedMessage; model: RoomAsksViewModel }): ReactNode {
  const { t, format } = useText('reading');
  const { message, one, model } = props;
  const [busy, setBusy] = useState(false);
  if (!one.mine || one.mine.state === 'withdrawn' || one.mine.state === 'ended') return null;
  const { id, state } = one.mine;
  const isUrgent = one.kind === 'urgent';
  if (state === 'answered') {
    const how = one.mine.closed_how ?? '';
    return (
      <p className="c-ask" data-kind={one.kind} data-done>
        <DoneIcon width={16} height={16} aria-hidden />
        <span>{t(`mine.${HOWS.has(how) ? how : 'handled'}`)}</span>
      </p>
    );
  }
  const close = async (): Promise<void> => {
    setBusy(true);
    await model.close(id, isUrgent ? 'confirmed' : 'handled');
    setBusy(false);
  };
  const Icon = isUrgent ? UrgentIcon : AskIcon;
  // Nobody confirms what they have not seen.
  const isUnseen = isUrgent && CLOSED.has(message.content.kind);
  return (
    <div className="c-ask c-ask--mine" data-kind={one.kind} data-done={false}>
      <Icon width={16} height={16} aria-hidden />
      <span className="c-ask__text">
        {t(isUrgent ? 'mine.urgent' : 'mine.question')}
        {one.due_at !== null && ` · ${t('mine.due', { time: format.dateTime(one.due_at) })}`}
      </span>
      {!isUnseen && (
        <Button
          kind={isUrgent ? 'primary' : 'secondary'}
          size="md"
          disabled={busy}
          onClick={() => void close()}
        >
          {t(isUrgent ? 'confirm_receipt' : 'handled')}
        </Button>
      )}
    </div>
  );
}

/** The own message names people, and the server knows nothing of it. */
function Unregistered(props: { message: Message; model: RoomAsksViewModel }): ReactNode {
  const { t } = useText('reading');
  const { message, model } = props;
  const { ask } = message;
  if (!ask) return null;
  return (
    <div className="c-ask" data-kind={ask.kind} data-done={false} role="note">
      <UrgentIcon width={16} height={16} aria-hidden />
      <span className="c-ask__text">{t('not_asked')}</span>
      <button type="button" className="q-link-button" onClick={() => void model.askAgain(message, ask)}>
        {t('again')}
      </button>
    </div>
  );
}

/** Whether a message that lacks something has been there long enough for it to have failed. */
function usePatience({ eventId, ts }: Message, isMissing: boolean): boolean {
  const status = use(MatrixContext)?.status;
  const [over, setOver] = useState<string>();
  useEffect(() => {
    if (!isMissing) return;
    const age = Date.now() - (status?.clockOff ?? 0) - ts;
    // What may be new by a clock that is not quite right is given the whole time.
    const wait = age > PATIENCE_MS + CLOCK_TOLERANCE_MS ? 0 : PATIENCE_MS;
    const timer = setTimeout(() => {
      setOver(eventId);
    }, wait);
    return () => {
      clearTimeout(timer);
    };
  }, [isMissing, eventId, ts, status]);
  return over === eventId;
}

function Line(props: { message: Message; model: RoomAsksViewModel }): ReactNode {
  const { message, model } = props;
  const asks = dataOf(useSnapshot(model).asks);
  const known = asks?.byEvent.get(message.eventId) ?? [];
  const isMissing =
    asks !== undefined &&
    message.own &&
    message.ask !== undefined &&
    message.send === 'sent' &&
    (asks.since === undefined || message.ts > asks.since) &&
    !known.some((one) => one.kind === message.ask?.kind);
  const isWaitOver = usePatience(message, isMissing);
  return (
    <>
      {known.map((one) =>
        message.own ? (
          one.asked > 0 && <Counted key={one.kind} message={message} one={one} />
        ) : (
          <Mine key={one.kind} message={message} one={one} model={model} />
        ),
      )}
      {isMissing && isWaitOver && <Unregistered message={message} model={model} />}
    </>
  );
}

/** Below a message by which people are asked: what became of it, or what is wanted of the reader. */
export function AskLine(props: { message: Message }): ReactNode {
  const model = use(AsksContext);
  return model === undefined || props.message.content.kind === 'redacted' ? null : (
    <Line message={props.message} model={model} />
  );
}
