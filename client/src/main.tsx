import '@qiao/ui-kit/styles.css';
import './app/app.css';
import {
  ApiClient,
  I18n,
  kitCatalogues,
  makeServices,
  preferredLocale,
  ServicesProvider,
} from '@qiao/ui-kit';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { theme } from './app/theme.ts';

const i18n = await I18n.create(
  {
    kit: kitCatalogues,
    client: { 'zh-Hans': () => import('./strings/zh_Hans.json'), en: () => import('./strings/en.json') },
  },
  preferredLocale(),
);
const services = makeServices({
  i18n,
  api: new ApiClient({ language: () => i18n.locale }),
  session: { userId: '', displayName: '', personId: undefined, companyName: '', permissions: {} },
});
theme.mount();
const root = document.getElementById('app');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <ServicesProvider services={services}>
        <App path={location.pathname} />
      </ServicesProvider>
    </StrictMode>,
  );
}
