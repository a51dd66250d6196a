import { Button } from '@vector-im/compound-web';
import { Banner, Busy, Dialog, useServices, useSnapshot, useText } from '@qiao/ui-kit';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import type { Encryption } from '../../matrix/encryption.ts';
import type { VerificationModel, VerificationSnapshot } from '../../matrix/encryption-verification.ts';
import { QrCode } from './QrCode.tsx';
import { sasNumber } from './sas-emoji.ts';

const QrScanner = lazy(() => import('./QrScanner.tsx'));

function Compare({ emoji, numbers }: { emoji: readonly string[]; numbers: readonly number[] }): ReactNode {
  const { t } = useText('keys');
  if (emoji.length === 0) return <p className="c-key">{numbers.join('  ')}</p>;
  return (
    <ol className="c-sas">
      {emoji.map((symbol, index) => (
        <li key={`${String(index)}-${symbol}`}>
          <span className="c-sas__symbol" aria-hidden>
            {symbol}
          </span>
          <span>{t(`emoji.${String(sasNumber(symbol))}`)}</span>
        </li>
      ))}
    </ol>
  );
}

function Body(props: {
  state: VerificationSnapshot;
  model: VerificationModel;
  scanning: boolean;
  name: string;
}): ReactNode {
  const { t } = useText('keys');
  const { step, own } = props.state;
  const who = own ? 'own' : 'person';
  const values = { name: props.name };
  switch (step.at) {
    case 'asked':
      return <p>{t(`verify.asked_${who}`, values)}</p>;
    case 'waiting':
      return (
        <div className="q-stack">
          <p>{t(`verify.waiting_${who}`, values)}</p>
          <Busy label={t('verify.waiting')} />
        </div>
      );
    case 'choose':
      if (props.scanning) {
        return (
          <Suspense fallback={<Busy />}>
            <div className="q-stack">
              <p>{t('verify.scan_text')}</p>
              <QrScanner onCode={props.model.scanned} />
            </div>
          </Suspense>
        );
      }
      return (
        <div className="q-stack">
          <p>{step.qr ? t(`verify.choose_${who}`, values) : t(`verify.choose_no_qr_${who}`, values)}</p>
          {step.qr && <QrCode bytes={step.qr} label={t('verify.qr')} />}
        </div>
      );
    case 'working':
      return <Busy label={t('verify.working')} />;
    case 'compare':
      return (
        <div className="q-stack">
          <p>{t(`verify.compare_${who}`, values)}</p>
          <Compare emoji={step.emoji} numbers={step.numbers} />
        </div>
      );
    case 'scanned':
      return <p>{t(`verify.scanned_${who}`, values)}</p>;
    case 'confirmed':
      return <Busy label={t(`verify.confirmed_${who}`, values)} />;
    case 'done':
      return <Banner tone="good" live title={t(`verify.done_${who}`, values)} />;
    case 'ended':
      return (
        <Banner tone={step.why === 'mismatch' ? 'bad' : 'warn'} live title={t(`verify.ended.${step.why}`)}>
          {step.why === 'mismatch' && t(`verify.mismatch_${who}`)}
        </Banner>
      );
  }
}

/** Two devices compare their keys: asked, by code or emoji, to the end. */
export function VerificationDialog(props: { encryption: Encryption; model: VerificationModel }): ReactNode {
  const { t } = useText('keys');
  const { attempt } = useServices();
  const { encryption, model } = props;
  const state = useSnapshot(model);
  const [scanning, setScanning] = useState(false);
  const { step, own } = state;
  const name = own ? encryption.deviceName(state.deviceId) : encryption.nameOf(state.userId);
  const close = encryption.closeVerification;
  const again = (): void => {
    const { userId, deviceId, byMe } = state;
    encryption.closeVerification();
    if (!own) void attempt(() => encryption.verifyPerson(userId));
    else if (byMe && encryption.confirmed && deviceId !== undefined)
      void attempt(() => encryption.verifyDevice(deviceId));
    else if (!encryption.confirmed) encryption.show('confirm');
  };
  const footer = ((): ReactNode => {
    switch (step.at) {
      case 'asked':
        return (
          <>
            <Button kind="secondary" size="md" onClick={close}>
              {t('verify.decline')}
            </Button>
            <Button kind="primary" size="md" onClick={() => void model.accept()}>
              {t('verify.accept')}
            </Button>
          </>
        );
      case 'choose':
        return (
          <>
            {step.scan && (
              <Button
                kind="secondary"
                size="md"
                onClick={() => {
                  setScanning(!scanning);
                }}
              >
                {scanning ? t('verify.show') : t('verify.scan')}
              </Button>
            )}
            {step.emoji && (
              <Button
                kind={step.qr ? 'secondary' : 'primary'}
                size="md"
                onClick={() => void model.useEmoji()}
              >
                {t('verify.emoji')}
              </Button>
            )}
          </>
        );
      case 'compare':
      case 'scanned':
        return (
          <>
            <Button kind="secondary" size="md" destructive onClick={model.different}>
              {step.at === 'compare' ? t('verify.different') : t('verify.not_scanned')}
            </Button>
            <Button kind="primary" size="md" onClick={() => void model.same()}>
              {step.at === 'compare' ? t('verify.same') : t('verify.yes_scanned')}
            </Button>
          </>
        );
      case 'ended':
        return (
          <>
            <Button kind="secondary" size="md" onClick={close}>
              {t('close')}
            </Button>
            {(state.byMe || !encryption.confirmed) && (
              <Button kind="primary" size="md" onClick={again}>
                {t('verify.again')}
              </Button>
            )}
          </>
        );
      case 'done':
        return (
          <Button kind="primary" size="md" onClick={close}>
            {t('verify.finish')}
          </Button>
        );
      default:
        return (
          <Button kind="secondary" size="md" onClick={close}>
            {t('cancel')}
          </Button>
        );
    }
  })();
  return (
    <Dialog
      key={step.at === 'asked' ? 'asked' : 'going'}
      title={own ? t('verify.title_own') : t('verify.title_person', { name })}
      onClose={close}
      footer={footer}
    >
      <Body state={state} model={model} scanning={scanning} name={name} />
    </Dialog>
  );
}
