import DownloadIcon from '@vector-im/compound-design-tokens/assets/web/icons/download';
import { Button } from '@vector-im/compound-web';
import { Card, Tag, useSnapshot, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { installWay } from '../../pwa/platform.ts';
import { appShell } from '../../pwa/update.ts';

/** The client as an app: the browser's offer, or how to do it without one. */
export function InstallCard(): ReactNode {
  const { t } = useText('notifications');
  const { canInstall, installed } = useSnapshot(appShell);
  return (
    <Card
      title={t('app.title')}
      intro={t('app.intro')}
      level={3}
      {...(installed ? { actions: <Tag tone="good">{t('app.installed')}</Tag> } : {})}
    >
      {installed ? null : canInstall ? (
        <Button kind="primary" size="md" Icon={DownloadIcon} onClick={() => void appShell.install()}>
          {t('app.install')}
        </Button>
      ) : (
        <p>{t(`app.how.${installWay()}`)}</p>
      )}
    </Card>
  );
}
