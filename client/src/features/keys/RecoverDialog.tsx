import { Button } from '@vector-im/compound-web';
import { Banner, Busy, Dialog, FormShell, TextField, useServices, useText, useViewModel } from '@qiao/ui-kit';
import { useId, useRef, type ReactNode } from 'react';
import type { Encryption } from '../../matrix/encryption.ts';
import { RecoverViewModel } from './RecoverViewModel.ts';

/** Asks for the recovery key, or the passphrase it was made of. */
export function RecoverDialog(props: { encryption: Encryption; passphrase: boolean }): ReactNode {
  const { t } = useText('keys');
  const { toasts } = useServices();
  const { encryption } = props;
  const [state, model] = useViewModel(
    () =>
      new RecoverViewModel(encryption.recover, () => {
        toasts.success(t('recover.done'));
        encryption.show(undefined);
      }),
  );
  const form = useId();
  const file = useRef<HTMLInputElement>(null);
  const close = (): void => {
    if (!state.busy) encryption.show(undefined);
  };
  if (state.at === 'no-backup') {
    return (
      <Dialog
        key="no-backup"
        title={t('recover.no_backup')}
        onClose={close}
        footer={
          <>
            <Button kind="secondary" size="md" onClick={close}>
              {t('later')}
            </Button>
            <Button
              kind="primary"
              size="md"
              onClick={() => {
                encryption.show('renew');
              }}
            >
              {t('recover.new_backup')}
            </Button>
          </>
        }
      >
        <p>{t('recover.no_backup_text')}</p>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={t('recover.title')}
      intro={props.passphrase ? t('recover.text_passphrase') : t('recover.text')}
      onClose={close}
      footer={
        <>
          <Button kind="secondary" size="md" disabled={state.busy} onClick={close}>
            {t('cancel')}
          </Button>
          <Button kind="primary" size="md" type="submit" form={form} disabled={state.busy}>
            {t('recover.go')}
          </Button>
        </>
      }
    >
      <FormShell id={form} onSubmit={() => void model.submit()}>
        {state.problem === 'failed' && <Banner tone="bad" live title={t('failed')} />}
        <TextField
          label={props.passphrase ? t('recover.label_passphrase') : t('recover.label')}
          name="recovery-key"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={state.typed}
          error={
            state.problem === 'empty' || state.problem === 'wrong'
              ? t(`recover.problems.${state.problem}`)
              : undefined
          }
          onChange={model.type}
        />
        <input
          ref={file}
          type="file"
          accept=".txt,text/plain"
          hidden
          aria-label={t('recover.from_file')}
          onChange={(event) => {
            const chosen = event.target.files?.[0];
            event.target.value = '';
            if (chosen) void model.read(chosen);
          }}
        />
        <div className="q-row">
          <button type="button" className="q-link-button" onClick={() => file.current?.click()}>
            {t('recover.from_file')}
          </button>
          <button
            type="button"
            className="q-link-button"
            onClick={() => {
              encryption.show('reset');
            }}
          >
            {t('recover.lost')}
          </button>
        </div>
        {state.busy && <Busy label={t('recover.busy')} />}
      </FormShell>
    </Dialog>
  );
}
