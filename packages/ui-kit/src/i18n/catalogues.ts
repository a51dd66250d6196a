import type { Catalogues } from './i18n.ts';

/** Texts of the kit's own components. */
export const kitCatalogues: Catalogues = {
  'zh-Hans': () => import('../strings/zh_Hans.json'),
  en: () => import('../strings/en.json'),
};
