import { Button } from '@vector-im/compound-web';
import { Dialog, DialogFoot, FormShell, PasswordField, useSnapshot, useText } from '@qiao/ui-kit';
import { useEffect, useId, useState, type ReactNode } from 'react';
import type { AuthPrompt, AuthQuestion } from '../../matrix/encryption-auth.ts';

/** What the page of the homeserver tells the window that opened it (client-server API, fallback). */
const DONE = 'authDone';

function Password(props: { model: AuthPrompt; wrong: boolean; userId: string }): ReactNode {
  const { t } = useText('keys');
  const { model } = props;
  const [typed, setTyped] = useState('');
  const form = useId();
  const close = (): void => {
    model.answer(undefined);
  };
  return (
    <Dialog
      size="small"
      title={t('auth.title')}
      intro={t('auth.text')}
      onClose={close}
      footer={<DialogFoot form={form} label={t('auth.go')} onClose={close} />}
    >
      <FormShell
        id={form}
        onSubmit={() => {
          if (typed !== '') model.answer(typed);
        }}
      >
        <input type="text" name="username" autoComplete="username" value={props.userId} readOnly hidden />
        <PasswordField
          label={t('auth.password')}
          name="password"
          autoComplete="current-password"
          value={typed}
          error={props.wrong && typed === '' ? t('auth.wrong') : undefined}
          onChange={setTyped}
        />
      </FormShell>
    </Dialog>
  );
}

function Page(props: { model: AuthPrompt; address: string }): ReactNode {
  const { t } = useText('keys');
  const { model, address } = props;
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    const hear = (event: MessageEvent<unknown>): void => {
      if (event.data === DONE && event.origin === new URL(address).origin) model.answer('done');
    };
    addEventListener('message', hear);
    return () => {
      removeEventListener('message', hear);
    };
  }, [model, address]);
  const close = (): void => {
    model.answer(undefined);
  };
  return (
    <Dialog
      size="small"
      title={t('auth.title')}
      intro={t('auth.page_text')}
      onClose={close}
      footer={
        <>
          <Button kind="secondary" size="md" onClick={close}>
            {t('cancel')}
          </Button>
          {opened && (
            <Button
              kind="secondary"
              size="md"
              onClick={() => {
                model.answer('done');
              }}
            >
              {t('auth.page_done')}
            </Button>
          )}
          <Button
            kind="primary"
            size="md"
            onClick={() => {
              // With its opener: the page tells it when it is done.
              window.open(address, 'qiao-auth', 'popup,width=520,height=720');
              setOpened(true);
            }}
          >
            {t('auth.page_open')}
          </Button>
        </>
      }
    />
  );
}

/** Asks who is there when the homeserver wants to know. */
export function AuthDialog({ model, userId }: { model: AuthPrompt; userId: string }): ReactNode {
  const { question } = useSnapshot(model);
  return question && <Asked question={question} model={model} userId={userId} />;
}

function Asked(props: { question: AuthQuestion; model: AuthPrompt; userId: string }): ReactNode {
  const { question, model } = props;
  return question.kind === 'password' ? (
    <Password model={model} wrong={question.wrong} userId={props.userId} />
  ) : (
    <Page model={model} address={question.address} />
  );
}
