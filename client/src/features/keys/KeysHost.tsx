import './keys.css';
import { useSnapshot } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { AuthDialog } from './AuthDialog.tsx';
import { ConfirmDialog } from './ConfirmDialog.tsx';
import { KeysBanner } from './KeysBanner.tsx';
import { MakeKeyDialog } from './MakeKeyDialog.tsx';
import { RecoverDialog } from './RecoverDialog.tsx';
import { SignInLines } from './SignInLines.tsx';
import { SignOutDialog } from './SignOutDialog.tsx';
import { VerificationDialog } from './VerificationDialog.tsx';

/** All that is shown about keys wherever the person is: the line above everything, and the dialogs. */
export default function KeysHost(props: { onSignOut: (everywhere: boolean) => void }): ReactNode {
  const { encryption, userId } = useMatrix();
  const state = useSnapshot(encryption);
  const { dialog, verification } = state;
  const making = dialog === 'set-up' || dialog === 'renew' || dialog === 'reset';
  return (
    <>
      <SignInLines />
      <KeysBanner encryption={encryption} state={state} making={making} />
      {making && (
        <MakeKeyDialog
          key={dialog}
          kind={dialog}
          encryption={encryption}
          insists={dialog === 'set-up' && state.messagesWait}
        />
      )}
      {dialog === 'confirm' && <ConfirmDialog encryption={encryption} state={state} />}
      {dialog === 'recover' && (
        <RecoverDialog encryption={encryption} passphrase={state.recovery === 'passphrase'} />
      )}
      {(dialog === 'sign-out' || dialog === 'sign-out-everywhere') && (
        <SignOutDialog
          encryption={encryption}
          state={state}
          everywhere={dialog === 'sign-out-everywhere'}
          onSignOut={props.onSignOut}
        />
      )}
      {verification && <VerificationDialog encryption={encryption} model={verification} />}
      <AuthDialog model={encryption.auth} userId={userId} />
    </>
  );
}
