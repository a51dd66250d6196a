import './settings.css';
import { EmptyState, ErrorBoundary, Skeleton, useParams, useServices, useText } from '@qiao/ui-kit';
import { Suspense, type ReactNode } from 'react';
import { NavLink } from 'react-router';
import { useTitle } from '../../app/title.ts';
import { sections } from './sections.ts';

/** Settings, a section at a time. */
export default function SettingsView(): ReactNode {
  const { t } = useText('settings');
  const { i18n } = useServices();
  const { section: id } = useParams();
  const section = id === undefined ? sections[0] : sections.find((each) => each.id === id);
  const title = section ? i18n.t(section.title) : t('title');
  useTitle(title);
  return (
    <main className="c-page-area">
      <div className="c-settings">
        <nav aria-label={t('title')}>
          <h1>{t('title')}</h1>
          <ul className="c-settings__list">
            {sections.map((each) => (
              <li key={each.id}>
                <NavLink
                  to={`/settings/${each.id}`}
                  className="c-settings__link"
                  aria-current={each === section ? 'page' : undefined}
                >
                  <each.Icon width={20} height={20} aria-hidden />
                  <span>{i18n.t(each.title)}</span>
                </NavLink>
              </li>
            ))}
          </ul>
        </nav>
        <div className="c-settings__section q-stack">
          <h2>{title}</h2>
          {section ? (
            <ErrorBoundary at={section.id} fallback={() => <EmptyState title={t('failed')} />}>
              <Suspense fallback={<Skeleton />}>
                <section.View />
              </Suspense>
            </ErrorBoundary>
          ) : (
            <EmptyState title={t('no_section')} />
          )}
        </div>
      </div>
    </main>
  );
}
