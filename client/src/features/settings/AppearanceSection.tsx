import {
  Card,
  RadioCards,
  THEMES,
  useBrand,
  useServices,
  useSnapshot,
  useText,
  type Theme,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { theme } from '../../app/theme.ts';

const LANGUAGE_NAMES = { 'zh-Hans': '简体中文', en: 'English' } as const;

/** Language and look. */
export default function AppearanceSection(): ReactNode {
  const { t, locale } = useText('settings');
  const { i18n } = useServices();
  const { offered } = useBrand();
  const { chosen } = useSnapshot(theme);
  return (
    <>
      <Card>
        <RadioCards
          label={t('appearance.language')}
          value={locale}
          options={offered.map((each) => ({ value: each, label: LANGUAGE_NAMES[each] }))}
          onChange={(value) => {
            const found = offered.find((each) => each === value);
            if (found) void i18n.choose(found);
          }}
        />
      </Card>
      <Card>
        <RadioCards
          label={t('appearance.theme')}
          value={chosen}
          options={THEMES.map((each) => ({ value: each, label: i18n.t(`app:themes.${each}`) }))}
          onChange={(value) => {
            theme.choose(value as Theme);
          }}
        />
      </Card>
    </>
  );
}
