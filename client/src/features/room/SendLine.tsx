import ErrorIcon from '@vector-im/compound-design-tokens/assets/web/icons/error-solid';
import OfflineIcon from '@vector-im/compound-design-tokens/assets/web/icons/offline';
import TimeIcon from '@vector-im/compound-design-tokens/assets/web/icons/time';
import { ProgressBar, useServices, useSnapshot, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import type { Message, Unsent } from '../../matrix/timeline-types.ts';
import { mayRetry, reasonKey } from './refusals.ts';

function Clock(): ReactNode {
  const { t } = useText('room');
  return (
    <span className="c-send">
      <TimeIcon width={14} height={14} aria-hidden />
      <span className="q-sr">{t('sending')}</span>
    </span>
  );
}

function Link(props: { label: string; onClick: () => void }): ReactNode {
  return (
    <button type="button" className="q-link-button" onClick={props.onClick}>
      {props.label}
    </button>
  );
}

function InQueue(props: { unsent: Unsent }): ReactNode {
  const { t, format } = useText('room');
  const { sender } = useMatrix();
  const { toasts } = useServices();
  const { txnId, what } = props.unsent;
  const state = useSnapshot(sender).items.get(txnId);
  const giveUp = async (): Promise<void> => {
    const removed = await sender.remove(txnId);
    if (!removed || removed.uploads !== undefined || removed.quiet === true) return;
    // A slip of the finger loses no words.
    toasts.show({
      kind: 'info',
      text: t('unsent.deleted'),
      action: {
        label: t('unsent.undo'),
        run: () => {
          sender.sendAfterAll(removed).catch(() => undefined);
        },
      },
    });
  };
  if (!state) return <Clock />;
  if (state.state === 'failed') {
    const reason = state.reason ?? '';
    return (
      <div className="c-send c-send--failed" role="alert">
        <span className="c-send__text">
          <ErrorIcon width={16} height={16} aria-hidden />
          {t(`unsent.failed_${what}`)} {t(`refused.${reasonKey(reason)}`, { reason })}
        </span>
        {mayRetry(reason) && (
          <Link
            label={t('send_again')}
            onClick={() => {
              sender.retry(txnId);
            }}
          />
        )}
        <Link label={t(what === 'message' ? 'unsent.delete' : 'discard')} onClick={() => void giveUp()} />
      </div>
    );
  }
  const { progress } = state;
  const uploading = progress !== undefined && progress < 1;
  if (state.state === 'sending' && uploading) {
    return (
      <div className="c-send c-send--upload">
        <ProgressBar
          label={t('unsent.uploading')}
          done={progress}
          total={1}
          value={format.percent(progress)}
        />
        <Link label={t('unsent.cancel')} onClick={() => void giveUp()} />
      </div>
    );
  }
  if (state.state === 'sending') return <Clock />;
  return (
    <div className="c-send" data-waits={state.waitsFor}>
      <span className="c-send__text">
        <OfflineIcon width={16} height={16} aria-hidden />
        {t(state.waitsFor === 'server' ? 'unsent.waits_server' : 'unsent.waits_connection')}
        {uploading && progress > 0 ? ` ${format.percent(progress)}` : ''}
      </span>
      <Link label={t('unsent.cancel')} onClick={() => void giveUp()} />
    </div>
  );
}

/** How a message stands that is not at the homeserver: on its way, waiting, or refused and why. */
export function SendLine(props: { message: Message }): ReactNode {
  const { send, unsent } = props.message;
  if (send === 'sent') return null;
  return unsent ? <InQueue unsent={unsent} /> : <Clock />;
}
