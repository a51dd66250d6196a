import ThemeIcon from '@vector-im/compound-design-tokens/assets/web/icons/theme';
import TranslateIcon from '@vector-im/compound-design-tokens/assets/web/icons/translate';
import {
  MenuButton,
  THEMES,
  useBrand,
  useServices,
  useSnapshot,
  useText,
  type MenuEntry,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { theme } from './theme.ts';

/** A language says its own name, in whatever language the page is. */
export const LANGUAGE_NAMES = { 'zh-Hans': '简体中文', en: 'English' } as const;

/** Menu entries for language and look. */
export function usePreferenceEntries(): { language: MenuEntry[]; look: MenuEntry[] } {
  const { t, locale } = useText('admin');
  const { i18n } = useServices();
  const { chosen } = useSnapshot(theme);
  const { offered } = useBrand();
  return {
    language: offered.map((each) => ({
      label: LANGUAGE_NAMES[each],
      checked: each === locale,
      onSelect: () => void i18n.choose(each),
    })),
    look: THEMES.map((each) => ({
      label: t(`themes.${each}`),
      checked: each === chosen,
      onSelect: () => {
        theme.choose(each);
      },
    })),
  };
}

/** Language and look where there is no user menu yet. */
export function Preferences(): ReactNode {
  const { t, locale } = useText('admin');
  const { language, look } = usePreferenceEntries();
  return (
    <div className="q-row">
      <MenuButton
        label={`${t('language')} · ${LANGUAGE_NAMES[locale]}`}
        entries={language}
        side="above"
        align="start"
      >
        <TranslateIcon width={18} height={18} aria-hidden />
        <span>{LANGUAGE_NAMES[locale]}</span>
      </MenuButton>
      <MenuButton label={t('theme')} entries={look} side="above" align="start">
        <ThemeIcon width={18} height={18} aria-hidden />
        <span>{t('theme')}</span>
      </MenuButton>
    </div>
  );
}
