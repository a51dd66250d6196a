import { useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useTitle } from '../../app/title.ts';

/** Settings, a section at a time. */
export default function SettingsView(): ReactNode {
  const { t } = useText('settings');
  useTitle(t('title'));
  return (
    <main className="c-page-area">
      <h1>{t('title')}</h1>
    </main>
  );
}
