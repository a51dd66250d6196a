import KeyIcon from '@vector-im/compound-design-tokens/assets/web/icons/key';
import WarningIcon from '@vector-im/compound-design-tokens/assets/web/icons/warning';
import { useServices, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { LineBanner, type LineAction } from '../../components/LineBanner.tsx';
import type { Encryption, EncryptionSnapshot, KeysState } from '../../matrix/encryption.ts';

/** States that want something of the person, with what is opened. */
const WANTS: Partial<Record<KeysState, 'set-up' | 'confirm' | 'renew' | 'recover'>> = {
  'not-set-up': 'set-up',
  'needs-verification': 'confirm',
  'recovery-unsaved': 'renew',
  'no-recovery': 'renew',
  'backup-off': 'renew',
  'backup-broken': 'recover',
};

/** What is to be done about keys, above everything, until it is done. */
export function KeysBanner(props: {
  encryption: Encryption;
  state: EncryptionSnapshot;
  /** A key is being made or shown in front of it: it asks for none, and does not ask whether that one is saved. */
  making: boolean;
}): ReactNode {
  const { t, format } = useText('keys');
  const { attempt } = useServices();
  const { encryption, state } = props;
  const key = state.state.replaceAll('-', '_');
  // Without a recovery key there is nothing to be typed.
  const wants = state.state === 'backup-broken' && state.recovery === 'none' ? 'renew' : WANTS[state.state];
  const actions: LineAction[] = [];
  if (state.state === 'recovery-unsaved')
    actions.push({ label: t('banner.saved'), run: () => void attempt(encryption.saved) });
  if (state.state === 'backup-broken' && wants === 'recover')
    actions.push({
      label: t('banner.new_backup'),
      run: () => {
        encryption.show('renew');
      },
    });
  if (wants)
    actions.push({
      label: t(`banner.${key}_go`),
      run: () => {
        encryption.show(wants);
      },
    });
  return (
    <>
      {wants && !props.making && (
        <LineBanner
          Icon={KeyIcon}
          urgent={state.state === 'needs-verification'}
          text={t(`banner.${key}`)}
          actions={actions}
        />
      )}
      {state.changed.map(({ userId, wasVerified }) => (
        <LineBanner
          key={userId}
          Icon={WarningIcon}
          urgent={wasVerified}
          text={t(wasVerified ? 'banner.verified_changed' : 'banner.changed', {
            name: encryption.nameOf(userId),
          })}
          actions={[
            {
              label: t('banner.verify'),
              run: () => void attempt(() => encryption.verifyPerson(userId)),
            },
            {
              label: t('banner.accept'),
              run: () => void attempt(() => encryption.acceptIdentity(userId)),
            },
          ]}
        />
      ))}
      {state.restoring && state.restoring.total > 0 && (
        <div role="status">
          <LineBanner
            text={t('banner.restoring', {
              done: format.number(state.restoring.done),
              total: format.number(state.restoring.total),
            })}
          />
        </div>
      )}
    </>
  );
}
