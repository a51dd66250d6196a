import { Button } from '@vector-im/compound-web';
import { Banner, Dialog, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import type { Encryption, EncryptionSnapshot, KeysDialog, KeysState } from '../../matrix/encryption.ts';

/** States in which signing out loses messages, with what keeps them. */
const SAVES: Partial<Record<KeysState, KeysDialog>> = {
  'not-set-up': 'set-up',
  'recovery-unsaved': 'renew',
  'no-recovery': 'renew',
  'backup-off': 'renew',
  'backup-broken': 'renew',
};

/** Before signing out: what is removed, and a way to keep what would be lost. */
export function SignOutDialog(props: {
  encryption: Encryption;
  state: EncryptionSnapshot;
  everywhere: boolean;
  onSignOut: (everywhere: boolean) => void;
}): ReactNode {
  const { t, format } = useText('keys');
  const { encryption, state, everywhere } = props;
  const saves = SAVES[state.state];
  const waiting = saves === undefined && state.state === 'ready' && state.waiting > 0;
  const close = (): void => {
    encryption.show(undefined);
  };
  return (
    <Dialog
      size="small"
      title={everywhere ? t('sign_out.title_everywhere') : t('sign_out.title')}
      onClose={close}
      footer={
        <>
          {saves ? (
            <Button
              kind="primary"
              size="md"
              onClick={() => {
                encryption.show(saves);
              }}
            >
              {t('sign_out.safe_first')}
            </Button>
          ) : (
            <Button kind="secondary" size="md" onClick={close}>
              {t('cancel')}
            </Button>
          )}
          <Button
            kind={saves ? 'secondary' : 'primary'}
            size="md"
            destructive
            onClick={() => {
              close();
              props.onSignOut(everywhere);
            }}
          >
            {saves || waiting ? t('sign_out.anyway') : t('sign_out.go')}
          </Button>
        </>
      }
    >
      <div className="q-stack">
        {saves ? (
          <Banner tone="warn" title={t('sign_out.unsafe')}>
            {t('sign_out.unsafe_text')}
          </Banner>
        ) : (
          <p>{everywhere ? t('sign_out.text_everywhere') : t('sign_out.text')}</p>
        )}
        {waiting && <p role="status">{t('sign_out.waiting', { keys: format.number(state.waiting) })}</p>}
      </div>
    </Dialog>
  );
}
