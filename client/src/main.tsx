import '@qiao/ui-kit/styles.css';
import './app/app.css';
import { I18n, kitCatalogues, loadBrand, preferredLocale, takeLoginToken } from '@qiao/ui-kit';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { isExpected } from './app/boot.ts';
import { openPage, SignInView } from './app/views.ts';
import { warm } from './app/warm.ts';
import { PLACE } from './features/signin/place.ts';
import { modules } from './modules.ts';
import { catalogues } from './strings/index.ts';

const loginToken = takeLoginToken(PLACE);
// Most likely the language that will be chosen: its texts come beside the brand, not after it.
void catalogues['app']?.[preferredLocale()]().catch(() => undefined);
const first = openPage(location.pathname) ?? (isExpected() ? undefined : SignInView);
const there = first?.preload();
if (!first) warm();
const brand = await loadBrand();
const i18n = await I18n.create(
  {
    kit: kitCatalogues,
    ...catalogues,
    ...Object.fromEntries(modules.map((module) => [module.id, module.strings])),
  },
  preferredLocale(navigator.languages, brand),
  brand,
);
await there;
const root = document.getElementById('app');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App i18n={i18n} loginToken={loginToken} />
    </StrictMode>,
  );
}
