import { Button } from '@vector-im/compound-web';
import DevicesIcon from '@vector-im/compound-design-tokens/assets/web/icons/devices';
import KeyIcon from '@vector-im/compound-design-tokens/assets/web/icons/key';
import { Banner, Dialog, useText, type IconType } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';
import type { Encryption, EncryptionSnapshot } from '../../matrix/encryption.ts';

function Way(props: { Icon: IconType; title: string; text: string; onChoose?: () => void }): ReactNode {
  return (
    <button type="button" className="c-way" disabled={!props.onChoose} onClick={props.onChoose}>
      <props.Icon width={24} height={24} aria-hidden />
      <span>
        <strong>{props.title}</strong>
        <span className="q-small">{props.text}</span>
      </span>
    </button>
  );
}

/** A new device: the ways to show that it is the same person. */
export function ConfirmDialog(props: { encryption: Encryption; state: EncryptionSnapshot }): ReactNode {
  const { t } = useText('keys');
  const { encryption, state } = props;
  const [failed, setFailed] = useState(false);
  const close = (): void => {
    encryption.show(undefined);
  };
  const askDevice = async (): Promise<void> => {
    setFailed(false);
    try {
      await encryption.verifyThisDevice();
      close();
    } catch {
      setFailed(true);
    }
  };
  return (
    <Dialog
      title={t('confirm.title')}
      intro={t('confirm.text')}
      onClose={close}
      footer={
        <Button kind="secondary" size="md" onClick={close}>
          {t('later')}
        </Button>
      }
    >
      <div className="q-stack">
        {failed && <Banner tone="bad" live title={t('failed')} />}
        <Way
          Icon={DevicesIcon}
          title={t('confirm.device')}
          text={state.otherDevices > 0 ? t('confirm.device_text') : t('confirm.no_device')}
          {...(state.otherDevices > 0 ? { onChoose: () => void askDevice() } : {})}
        />
        <Way
          Icon={KeyIcon}
          title={t('confirm.key')}
          text={
            state.recovery === 'none'
              ? t('confirm.no_key')
              : state.recovery === 'passphrase'
                ? t('confirm.key_text_passphrase')
                : t('confirm.key_text')
          }
          {...(state.recovery === 'none'
            ? {}
            : {
                onChoose: () => {
                  encryption.show('recover');
                },
              })}
        />
        <p>
          <button
            type="button"
            className="q-link-button"
            onClick={() => {
              encryption.show('reset');
            }}
          >
            {t('confirm.neither')}
          </button>
        </p>
      </div>
    </Dialog>
  );
}
