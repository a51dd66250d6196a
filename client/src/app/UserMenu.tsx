import AdminIcon from '@vector-im/compound-design-tokens/assets/web/icons/admin';
import QuietIcon from '@vector-im/compound-design-tokens/assets/web/icons/notifications-off-solid';
import SettingsIcon from '@vector-im/compound-design-tokens/assets/web/icons/settings';
import SignOutIcon from '@vector-im/compound-design-tokens/assets/web/icons/sign-out';
import {
  administers,
  MenuButton,
  useEntering,
  useGo,
  useServices,
  useSnapshot,
  useText,
  useViewModel,
} from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { MatrixAvatar } from '../components/MatrixAvatar.tsx';
import { QuietViewModel } from '../features/notifications/QuietViewModel.ts';
import { useMatrix } from '../matrix/context.tsx';

/** The person's own menu, at the foot of the rail. */
export function UserMenu(): ReactNode {
  const { t } = useText('app');
  const services = useServices();
  const { session, i18n } = services;
  const { encryption, ownProfile } = useMatrix();
  const profile = useSnapshot(ownProfile);
  const go = useGo();
  const [{ known, quiet, until, paused }, model] = useViewModel(() => new QuietViewModel(services));
  useEntering(model);
  // The directory's name, where the person is in it.
  const name = session.personId === undefined ? profile.name : session.displayName;
  const say = (key: string): string => i18n.t(`notifications:quiet.${key}`);
  const pauses = (['hour', 'afternoon', 'tomorrow'] as const).map((pause) => ({
    label: say(`for.${pause}`),
    onSelect: () => void model.pause(pause, say('began')),
  }));
  return (
    <div className="c-rail__foot">
      <MenuButton
        label={t('user_menu', { name })}
        side="above"
        align="start"
        className="c-rail__user"
        entries={[
          { heading: name },
          'line',
          ...(known
            ? [
                {
                  heading:
                    quiet && until !== undefined
                      ? i18n.t('notifications:quiet.menu_until', {
                          time: i18n.format.dateTime(new Date(until)),
                        })
                      : say('menu'),
                },
                ...(paused
                  ? [{ label: say('end'), onSelect: () => void model.pause(undefined, say('ended')) }]
                  : pauses),
                'line' as const,
              ]
            : []),
          { label: t('nav.settings'), Icon: SettingsIcon, onSelect: () => void go('/settings') },
          // In this tab: the session of our interfaces is the console's, too, and its way back leads here.
          ...(administers(session)
            ? [
                {
                  label: t('nav.console'),
                  Icon: AdminIcon,
                  onSelect: () => {
                    location.assign('/admin/');
                  },
                },
              ]
            : []),
          'line',
          {
            label: t('sign_out'),
            Icon: SignOutIcon,
            destructive: true,
            onSelect: () => {
              encryption.show('sign-out');
            },
          },
        ]}
      >
        <MatrixAvatar id={session.userId} name={name} mxc={profile.avatar} size={36} />
        {quiet && (
          <span className="c-rail__quiet">
            <QuietIcon width={14} height={14} role="img" aria-label={say('sign')} />
          </span>
        )}
      </MenuButton>
    </div>
  );
}
