import { Button } from '@vector-im/compound-web';
import CopyIcon from '@vector-im/compound-design-tokens/assets/web/icons/copy';
import CheckIcon from '@vector-im/compound-design-tokens/assets/web/icons/check';
import DownloadIcon from '@vector-im/compound-design-tokens/assets/web/icons/download';
import { Banner, Busy, CheckField, Dialog, saveText, useServices, useText, useViewModel } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import type { Encryption } from '../../matrix/encryption.ts';
import { MakeKeyViewModel } from './MakeKeyViewModel.ts';

/** The key in groups of four, to be read and compared by eye. */
function KeyText({ value }: { value: string }): ReactNode {
  const { t } = useText('keys');
  return (
    <p className="c-key" translate="no" aria-label={t('key.label')} role="group">
      {value.split(' ').map((part, index) => (
        <span key={`${String(index)}-${part}`}>{part}</span>
      ))}
    </p>
  );
}

function Shown(props: { value: string; kept: boolean; onKept: (kept: boolean) => void }): ReactNode {
  const { t } = useText('keys');
  const { session } = useServices();
  const [copied, setCopied] = useState(false);
  return (
    <div className="q-stack">
      <p>{t('key.text')}</p>
      <KeyText value={props.value} />
      <div className="q-row">
        <Button
          kind="secondary"
          size="md"
          Icon={copied ? CheckIcon : CopyIcon}
          onClick={() =>
            void navigator.clipboard.writeText(props.value).then(
              () => {
                setCopied(true);
              },
              () => undefined,
            )
          }
        >
          {copied ? t('key.copied') : t('key.copy')}
        </Button>
        <Button
          kind="secondary"
          size="md"
          Icon={DownloadIcon}
          onClick={() => {
            saveText(
              t('key.file_name'),
              t('key.file', { user: session.userId, key: props.value, address: location.origin }),
            );
          }}
        >
          {t('key.download')}
        </Button>
      </div>
      <p className="q-muted q-small">{t('key.where')}</p>
      <CheckField label={t('key.kept')} checked={props.kept} onChange={props.onKept} />
    </div>
  );
}

/** First set-up, a new recovery key, or new keys altogether: says what it is, does it, shows the key. */
export function MakeKeyDialog(props: {
  kind: 'set-up' | 'renew' | 'reset';
  encryption: Encryption;
  /** Messages wait for it: it cannot be put off, only signed out of. */
  insists: boolean;
}): ReactNode {
  const { t } = useText('keys');
  const { kind, encryption, insists } = props;
  const [state, model] = useViewModel(
    () =>
      new MakeKeyViewModel({
        make: kind === 'set-up' ? encryption.setUp : kind === 'renew' ? encryption.renew : encryption.reset,
        saved: encryption.saved,
        leave: () => {
          encryption.show(undefined);
        },
      }),
  );
  const [understood, setUnderstood] = useState(kind !== 'reset');
  const texts = `make.${kind.replace('-', '_')}`;
  if (state.at === 'shown') {
    return (
      <Dialog
        key="shown"
        title={t('key.title')}
        onClose={model.close}
        footer={
          <Button kind="primary" size="md" disabled={!state.kept} onClick={() => void model.finish()}>
            {t('key.done')}
          </Button>
        }
      >
        <Shown value={state.key} kept={state.kept} onKept={model.keep} />
      </Dialog>
    );
  }
  const working = state.at === 'working';
  return (
    <Dialog
      title={t(`${texts}.title`)}
      onClose={insists ? undefined : model.close}
      footer={
        <>
          {!insists && (
            <Button kind="secondary" size="md" disabled={working} onClick={model.close}>
              {kind === 'set-up' ? t('later') : t('cancel')}
            </Button>
          )}
          <Button
            kind="primary"
            size="md"
            destructive={kind === 'reset'}
            disabled={working || !understood}
            onClick={() => void model.make()}
          >
            {t(`${texts}.go`)}
          </Button>
        </>
      }
    >
      <div className="q-stack">
        {insists && (
          <Banner tone="info" title={t('make.waiting')}>
            <p>{t('make.waiting_text')}</p>
            <button
              type="button"
              className="q-link-button"
              disabled={working}
              onClick={() => {
                encryption.show('sign-out');
              }}
            >
              {t('make.sign_out')}
            </button>
          </Banner>
        )}
        <p>{t(`${texts}.text`)}</p>
        <ul className="c-points">
          {[1, 2, 3].map((point) => (
            <li key={point}>{t(`${texts}.point_${String(point)}`)}</li>
          ))}
        </ul>
        {kind === 'reset' && (
          <CheckField label={t('make.reset.understood')} checked={understood} onChange={setUnderstood} />
        )}
        {state.at === 'failed' && <Banner tone="bad" live title={t('failed')} />}
        {working && <Busy label={t('make.working')} />}
      </div>
    </Dialog>
  );
}
