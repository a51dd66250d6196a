import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Card,
  CheckField,
  CopyField,
  EmptyState,
  FormShell,
  Skeleton,
  TextField,
  useServices,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useRef, type ReactNode } from 'react';
import { MatrixAvatar } from '../../components/MatrixAvatar.tsx';
import { useMatrix } from '../../matrix/context.tsx';
import { NewPassword } from '../password/NewPassword.tsx';
import { AccountViewModel, type AccountSnapshot } from './AccountViewModel.ts';

function Picture(props: { state: AccountSnapshot; model: AccountViewModel; userId: string }): ReactNode {
  const { t } = useText('settings');
  const { state, model } = props;
  const file = useRef<HTMLInputElement>(null);
  return (
    <div className="q-row c-settings__person">
      <MatrixAvatar
        id={props.userId}
        name={state.savedName === '' ? props.userId : state.savedName}
        mxc={state.avatar}
        size={72}
      />
      <input
        ref={file}
        type="file"
        hidden
        accept="image/png,image/jpeg,image/webp,image/gif"
        aria-label={t('account.picture')}
        onChange={(event) => {
          const chosen = event.target.files?.[0];
          event.target.value = '';
          if (chosen) void model.choosePicture(chosen);
        }}
      />
      {state.allowed.avatar && (
        <>
          <Button
            kind="secondary"
            size="md"
            disabled={state.busy === 'avatar'}
            onClick={() => file.current?.click()}
          >
            {t('account.picture_choose')}
          </Button>
          {state.avatar !== undefined && (
            <Button
              kind="tertiary"
              size="md"
              disabled={state.busy === 'avatar'}
              onClick={() => void model.removePicture()}
            >
              {t('account.picture_remove')}
            </Button>
          )}
        </>
      )}
    </div>
  );
}

/** Name, picture, password. */
export default function AccountSection(): ReactNode {
  const { t } = useText('settings');
  const { account, userId } = useMatrix();
  const { api } = useServices();
  const [state, model] = useViewModel(() => new AccountViewModel(account, api));
  if (state.at === 'loading') return <Skeleton />;
  if (state.at === 'failed') {
    return (
      <EmptyState title={t('failed')}>
        <Button kind="secondary" size="md" onClick={() => void model.load()}>
          {t('retry')}
        </Button>
      </EmptyState>
    );
  }
  return (
    <>
      {state.said && (
        <Banner tone={state.said.tone} live title={t(state.said.key)}>
          {state.said.text}
        </Banner>
      )}
      <Card>
        <div className="q-stack">
          <Picture state={state} model={model} userId={userId} />
          {state.allowed.name ? (
            <FormShell onSubmit={() => void model.saveName()}>
              <TextField
                label={t('account.name')}
                name="name"
                autoComplete="name"
                maxLength={256}
                value={state.name}
                onChange={(name) => {
                  model.type({ name });
                }}
              />
              <div>
                <Button
                  kind="primary"
                  size="md"
                  type="submit"
                  disabled={state.busy === 'name' || state.name.trim() === state.savedName}
                >
                  {t('account.name_save')}
                </Button>
              </div>
            </FormShell>
          ) : (
            <div>
              <strong>{state.savedName}</strong>
              <p className="q-muted q-small">{t('account.name_fixed')}</p>
            </div>
          )}
          <CopyField label={t('account.id')} value={userId} />
        </div>
      </Card>
      <Card title={t('account.password_title')} level={3}>
        {state.allowed.password ? (
          <FormShell onSubmit={() => void model.savePassword()}>
            <input type="text" name="username" autoComplete="username" value={userId} readOnly hidden />
            <NewPassword
              model={model.password}
              label={t('account.password_new')}
              labelAgain={t('account.password_again')}
            />
            <CheckField
              label={t('account.password_end_others')}
              help={t('account.password_end_others_help')}
              checked={state.endOthers}
              onChange={(endOthers) => {
                model.type({ endOthers });
              }}
            />
            <div>
              <Button kind="primary" size="md" type="submit" disabled={state.busy === 'password'}>
                {t('account.password_save')}
              </Button>
            </div>
          </FormShell>
        ) : (
          <p>{t('account.password_sso')}</p>
        )}
      </Card>
    </>
  );
}
