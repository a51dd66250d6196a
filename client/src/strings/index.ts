import type { Catalogue, Catalogues } from '@qiao/ui-kit';

/** Areas of the client with texts of their own: namespaces of `useText`. */
const AREAS = [
  'activate',
  'app',
  'composer',
  'directory',
  'finder',
  'keys',
  'notifications',
  'password',
  'reading',
  'room',
  'rooms',
  'search',
  'settings',
  'signin',
  'start',
] as const;

/** All areas' texts of a language are one file; each area is a namespace. */
const area = (name: (typeof AREAS)[number]): Catalogues => {
  const pick = (all: { default: Readonly<Record<string, Catalogue>> }) => ({
    default: all.default[name] ?? {},
  });
  return {
    en: () => import('./en.ts').then(pick),
    'zh-Hans': () => import('./zh_Hans.ts').then(pick),
  };
};

export const catalogues: Readonly<Record<string, Catalogues>> = Object.fromEntries(
  AREAS.map((name) => [name, area(name)]),
);
