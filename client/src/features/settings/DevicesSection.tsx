import { Button } from '@vector-im/compound-web';
import {
  Banner,
  Card,
  Dialog,
  EmptyState,
  FormShell,
  RouterLink,
  Skeleton,
  Tag,
  TextField,
  Time,
  useServices,
  useSnapshot,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import { useId, useState, type ReactNode } from 'react';
import type { OwnDevice } from '../../matrix/account.ts';
import { useMatrix } from '../../matrix/context.tsx';
import { DevicesViewModel } from './DevicesViewModel.ts';

function State({ device }: { device: OwnDevice }): ReactNode {
  const { t } = useText('settings');
  if (device.confirmed === true) return <Tag tone="good">{t('devices.confirmed')}</Tag>;
  return device.confirmed === false ? (
    <Tag tone="warn">{t('devices.unconfirmed')}</Tag>
  ) : (
    <Tag>{t('devices.no_encryption')}</Tag>
  );
}

/** All devices of the person: what they are, whether they are confirmed; rename, confirm, sign out. */
export default function DevicesSection(): ReactNode {
  const { t } = useText('settings');
  const { attempt, confirm } = useServices();
  const [gone, setGone] = useState(false);
  const { account, encryption, signIns } = useMatrix();
  const { fresh } = useSnapshot(signIns);
  const [{ at, devices, naming, busy, problem }, model] = useViewModel(
    () => new DevicesViewModel(account, encryption),
  );
  const { state: keys } = useSnapshot(encryption);
  const form = useId();
  if (at === 'loading') return <Skeleton />;
  if (at === 'failed') {
    return (
      <EmptyState title={t('failed')}>
        <Button kind="secondary" size="md" onClick={() => void model.load()}>
          {t('retry')}
        </Button>
      </EmptyState>
    );
  }
  const nameOf = (device: OwnDevice): string => (device.name === '' ? device.id : device.name);
  const isFresh = (device: OwnDevice): boolean => fresh.some(({ id }) => id === device.id);
  const others = devices.filter((device) => !device.current);
  const remove = async (which: readonly OwnDevice[]): Promise<void> => {
    const [only] = which;
    const yes = await confirm.ask({
      title:
        which.length === 1 && only
          ? t('devices.remove_title', { name: nameOf(only) })
          : t('devices.others_title'),
      body: t('devices.remove_text'),
      confirm: t('devices.remove'),
      destructive: true,
    });
    if (!yes) return;
    const strange = which.some((device) => isFresh(device));
    if ((await model.remove(which.map((device) => device.id))) && strange) setGone(true);
  };
  return (
    <>
      {problem && <Banner tone="bad" live title={t('failed')} />}
      {gone ? (
        <Banner
          tone="warn"
          live
          title={t('devices.gone')}
          actions={<RouterLink to="/settings/account">{t('devices.change_password')}</RouterLink>}
        >
          {t('devices.gone_text')}
        </Banner>
      ) : (
        devices.some(isFresh) && (
          <Banner tone="warn" title={t('devices.fresh')}>
            {t('devices.fresh_text')}
          </Banner>
        )
      )}
      <Card flush>
        <ul className="c-devices">
          {devices.map((device) => (
            <li key={device.id} className="c-device">
              <div className="c-device__what">
                <strong>{nameOf(device)}</strong>
                <span className="q-row">
                  {device.current && <Tag tone="info">{t('devices.current')}</Tag>}
                  <State device={device} />
                  {isFresh(device) && <Tag tone="warn">{t('devices.new')}</Tag>}
                </span>
                <span className="q-muted q-small">
                  <span className="q-mono">{device.id}</span>
                  {device.seen !== undefined && !device.current && (
                    <>
                      {' · '}
                      <Time at={new Date(device.seen).toISOString()} relative />
                    </>
                  )}
                  {device.address !== undefined && ` · ${device.address}`}
                </span>
              </div>
              <div className="q-row">
                {isFresh(device) && (
                  <Button
                    kind="secondary"
                    size="md"
                    aria-label={t('devices.mine_label', { name: nameOf(device) })}
                    onClick={() => void attempt(() => signIns.acknowledge([device.id]))}
                  >
                    {t('devices.mine')}
                  </Button>
                )}
                {device.confirmed === false &&
                  (device.current ? (
                    <Button
                      kind="primary"
                      size="md"
                      onClick={() => {
                        encryption.show(keys === 'not-set-up' ? 'set-up' : 'confirm');
                      }}
                    >
                      {t('devices.confirm')}
                    </Button>
                  ) : (
                    keys !== 'needs-verification' &&
                    keys !== 'not-set-up' && (
                      <Button
                        kind="primary"
                        size="md"
                        disabled={busy}
                        onClick={() => void model.confirm(device.id)}
                      >
                        {t('devices.confirm')}
                      </Button>
                    )
                  ))}
                <Button
                  kind="secondary"
                  size="md"
                  disabled={busy}
                  aria-label={t('devices.rename_label', { name: nameOf(device) })}
                  onClick={() => {
                    model.name({ id: device.id, name: device.name });
                  }}
                >
                  {t('devices.rename')}
                </Button>
                <Button
                  kind="secondary"
                  size="md"
                  destructive
                  disabled={busy}
                  aria-label={t('devices.remove_label', { name: nameOf(device) })}
                  onClick={() => {
                    if (device.current) encryption.show('sign-out');
                    else void remove([device]);
                  }}
                >
                  {t('devices.remove')}
                </Button>
              </div>
            </li>
          ))}
        </ul>
      </Card>
      <div className="q-row">
        {others.length > 0 && (
          <Button kind="secondary" size="md" destructive disabled={busy} onClick={() => void remove(others)}>
            {t('devices.others')}
          </Button>
        )}
        <Button
          kind="secondary"
          size="md"
          destructive
          onClick={() => {
            encryption.show('sign-out-everywhere');
          }}
        >
          {t('devices.everywhere')}
        </Button>
      </div>
      {naming && (
        <Dialog
          size="small"
          title={t('devices.rename_title')}
          onClose={() => {
            model.name(undefined);
          }}
          footer={
            <Button kind="primary" size="md" type="submit" form={form} disabled={busy}>
              {t('devices.rename_save')}
            </Button>
          }
        >
          <FormShell id={form} onSubmit={() => void model.saveName()}>
            <TextField
              label={t('devices.name')}
              help={t('devices.name_help')}
              maxLength={100}
              value={naming.name}
              onChange={(name) => {
                model.name({ id: naming.id, name });
              }}
            />
          </FormShell>
        </Dialog>
      )}
    </>
  );
}
