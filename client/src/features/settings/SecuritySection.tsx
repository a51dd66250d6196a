import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Busy,
  Card,
  Dialog,
  FormShell,
  PasswordField,
  ProgressBar,
  saveText,
  Tag,
  useSnapshot,
  useText,
  useViewModel,
  type Tone,
} from '@qiao/ui-kit';
import { useId, useRef, type ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import type { KeysState } from '../../matrix/encryption.ts';
import { SecurityViewModel, SHORTEST, type SecuritySnapshot } from './SecurityViewModel.ts';

const TONES: Readonly<Record<KeysState, Tone>> = {
  checking: 'neutral',
  'not-set-up': 'warn',
  'needs-verification': 'warn',
  'recovery-unsaved': 'warn',
  'no-recovery': 'warn',
  'backup-off': 'bad',
  'backup-broken': 'bad',
  ready: 'good',
};

function KeyFile({ state, model }: { state: SecuritySnapshot; model: SecurityViewModel }): ReactNode {
  const { t, format } = useText('settings');
  const form = useId();
  const input = useRef<HTMLInputElement>(null);
  const out = state.doing === 'export';
  const close = (): void => {
    model.begin(undefined);
  };
  if (state.imported !== undefined) {
    return (
      <Dialog
        key="imported"
        size="small"
        title={t('security.import')}
        onClose={close}
        footer={
          <Button kind="primary" size="md" onClick={close}>
            {t('close')}
          </Button>
        }
      >
        <Banner tone="good" live title={t('security.imported', { keys: format.number(state.imported) })} />
      </Dialog>
    );
  }
  return (
    <Dialog
      size="small"
      title={out ? t('security.export') : t('security.import')}
      intro={out ? t('security.export_text') : t('security.import_text')}
      onClose={close}
      footer={
        <Button kind="primary" size="md" type="submit" form={form} disabled={state.busy}>
          {out ? t('security.export_go') : t('security.import_go')}
        </Button>
      }
    >
      <FormShell id={form} onSubmit={() => void model.submit()}>
        {state.problem !== undefined && (
          <Banner tone="bad" live title={t(state.problem, { count: SHORTEST })} />
        )}
        {!out && (
          <div className="q-row">
            <input
              ref={input}
              type="file"
              hidden
              accept=".txt,text/plain"
              aria-label={t('security.file')}
              onChange={(event) => {
                const file = event.target.files?.[0];
                event.target.value = '';
                if (file) model.type({ file });
              }}
            />
            <Button kind="secondary" size="md" type="button" onClick={() => input.current?.click()}>
              {t('security.file')}
            </Button>
            <span>{state.file?.name}</span>
          </div>
        )}
        <PasswordField
          label={t('security.passphrase')}
          autoComplete="off"
          value={state.passphrase}
          onChange={(passphrase) => {
            model.type({ passphrase });
          }}
        />
        {out && (
          <PasswordField
            label={t('security.passphrase_again')}
            autoComplete="off"
            value={state.again}
            onChange={(again) => {
              model.type({ again });
            }}
          />
        )}
        {state.busy && <Busy label={t('security.busy')} />}
      </FormShell>
    </Dialog>
  );
}

/** Keys and backup: how they stand, a new recovery key, key files, a reset. */
export default function SecuritySection(): ReactNode {
  const { t, format } = useText('settings');
  const { account, encryption } = useMatrix();
  const keys = useSnapshot(encryption);
  const [state, model] = useViewModel(
    () =>
      new SecurityViewModel(account, (text) => {
        saveText('qiao-keys.txt', text);
      }),
  );
  const name = keys.state.replaceAll('-', '_');
  const confirmed =
    keys.state !== 'checking' && keys.state !== 'not-set-up' && keys.state !== 'needs-verification';
  return (
    <>
      <Card>
        <div className="q-stack">
          <p className="q-row">
            <Tag tone={TONES[keys.state]}>{t(`security.states.${name}`)}</Tag>
          </p>
          <p>{t(`security.explain.${name}`)}</p>
          {keys.restoring && keys.restoring.total > 0 && (
            <ProgressBar
              label={t('security.restoring')}
              done={keys.restoring.done}
              total={keys.restoring.total}
              value={`${format.number(keys.restoring.done)} / ${format.number(keys.restoring.total)}`}
            />
          )}
          {confirmed && keys.waiting > 0 && (
            <p className="q-muted">{t('security.waiting', { keys: format.number(keys.waiting) })}</p>
          )}
          <div className="q-row">
            {keys.state === 'not-set-up' && (
              <Button
                kind="primary"
                size="md"
                onClick={() => {
                  encryption.show('set-up');
                }}
              >
                {t('security.set_up')}
              </Button>
            )}
            {keys.state === 'needs-verification' && (
              <Button
                kind="primary"
                size="md"
                onClick={() => {
                  encryption.show('confirm');
                }}
              >
                {t('security.confirm')}
              </Button>
            )}
            {confirmed && keys.recovery !== 'none' && keys.state === 'backup-broken' && (
              <Button
                kind="primary"
                size="md"
                onClick={() => {
                  encryption.show('recover');
                }}
              >
                {t('security.enter_key')}
              </Button>
            )}
            {confirmed && (
              <Button
                kind="secondary"
                size="md"
                onClick={() => {
                  encryption.show('renew');
                }}
              >
                {t('security.renew')}
              </Button>
            )}
          </div>
        </div>
      </Card>
      <Card title={t('security.files')} intro={t('security.files_text')} level={3}>
        <div className="q-row">
          <Button
            kind="secondary"
            size="md"
            onClick={() => {
              model.begin('export');
            }}
          >
            {t('security.export')}
          </Button>
          <Button
            kind="secondary"
            size="md"
            onClick={() => {
              model.begin('import');
            }}
          >
            {t('security.import')}
          </Button>
        </div>
      </Card>
      {keys.state !== 'not-set-up' && (
        <Card title={t('security.reset')} intro={t('security.reset_text')} level={3}>
          <div>
            <Button
              kind="secondary"
              size="md"
              destructive
              onClick={() => {
                encryption.show('reset');
              }}
            >
              {t('security.reset')}
            </Button>
          </div>
        </Card>
      )}
      {state.doing && <KeyFile state={state} model={model} />}
    </>
  );
}
