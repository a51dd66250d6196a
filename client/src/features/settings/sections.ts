import DevicesIcon from '@vector-im/compound-design-tokens/assets/web/icons/devices';
import KeyIcon from '@vector-im/compound-design-tokens/assets/web/icons/key';
import NotificationsIcon from '@vector-im/compound-design-tokens/assets/web/icons/notifications';
import SearchIcon from '@vector-im/compound-design-tokens/assets/web/icons/search';
import ThemeIcon from '@vector-im/compound-design-tokens/assets/web/icons/theme';
import UserIcon from '@vector-im/compound-design-tokens/assets/web/icons/user-profile';
import type { IconType } from '@qiao/ui-kit';
import { lazy, type ComponentType } from 'react';
import { modules } from '../../modules.ts';

/** A page of the settings: `/settings/<id>`. */
export interface SettingsSection {
  readonly id: string;
  /** Text key with namespace. */
  readonly title: string;
  readonly Icon: IconType;
  readonly View: ComponentType;
}

/** The client's own pages; a feature adds one by a line here. */
const own: readonly SettingsSection[] = [
  {
    id: 'account',
    title: 'settings:account.title',
    Icon: UserIcon,
    View: lazy(() => import('./AccountSection.tsx')),
  },
  {
    id: 'devices',
    title: 'settings:devices.title',
    Icon: DevicesIcon,
    View: lazy(() => import('./DevicesSection.tsx')),
  },
  {
    id: 'security',
    title: 'settings:security.title',
    Icon: KeyIcon,
    View: lazy(() => import('./SecuritySection.tsx')),
  },
  {
    id: 'appearance',
    title: 'settings:appearance.title',
    Icon: ThemeIcon,
    View: lazy(() => import('./AppearanceSection.tsx')),
  },
  {
    id: 'notifications',
    title: 'notifications:title',
    Icon: NotificationsIcon,
    View: lazy(() => import('../notifications/NotificationsSection.tsx')),
  },
  {
    id: 'search',
    title: 'search:settings.title',
    Icon: SearchIcon,
    View: lazy(() => import('../search/SearchSettings.tsx')),
  },
];

/** All pages of the settings, the domains' after our own. */
export const sections: readonly SettingsSection[] = [
  ...own,
  ...modules.flatMap((module) =>
    (module.client?.settings ?? []).map((page) => ({
      id: `${module.id}-${page.id}`,
      title: page.title,
      Icon: page.Icon,
      View: lazy(page.load),
    })),
  ),
];
