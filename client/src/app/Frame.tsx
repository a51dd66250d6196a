import ThemeIcon from '@vector-im/compound-design-tokens/assets/web/icons/theme';
import TranslateIcon from '@vector-im/compound-design-tokens/assets/web/icons/translate';
import { Logo, MenuButton, THEMES, useBrand, useServices, useSnapshot, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { theme } from './theme.ts';

const LANGUAGE_NAMES = { 'zh-Hans': '简体中文', en: 'English' } as const;

/** One card in the middle, language and look below. */
export function Frame({ children }: { children: ReactNode }): ReactNode {
  const { t, locale } = useText('app');
  const { i18n } = useServices();
  const { chosen } = useSnapshot(theme);
  const { name, offered, background, links } = useBrand();
  return (
    <div className="q-entry c-page" data-background={background}>
      <main className="q-entry__card c-card">
        <div className="c-brand">
          <Logo size={44} />
          <p>{name}</p>
        </div>
        {children}
      </main>
      <footer className="q-entry__foot c-foot q-row">
        {links.map((link) => (
          <a key={link.url} href={link.url} target="_blank" rel="noreferrer">
            {link.label}
          </a>
        ))}
        <MenuButton
          label={`${t('language')} · ${LANGUAGE_NAMES[locale]}`}
          side="above"
          align="start"
          entries={offered.map((each) => ({
            label: LANGUAGE_NAMES[each],
            checked: each === locale,
            onSelect: () => void i18n.choose(each),
          }))}
        >
          <TranslateIcon width={18} height={18} aria-hidden />
          <span>{LANGUAGE_NAMES[locale]}</span>
        </MenuButton>
        <MenuButton
          label={t('theme')}
          side="above"
          align="start"
          entries={THEMES.map((each) => ({
            label: t(`themes.${each}`),
            checked: each === chosen,
            onSelect: () => {
              theme.choose(each);
            },
          }))}
        >
          <ThemeIcon width={18} height={18} aria-hidden />
          <span>{t('theme')}</span>
        </MenuButton>
      </footer>
    </div>
  );
}
