import DevicesIcon from '@vector-im/compound-design-tokens/assets/web/icons/devices';
import { useGo, useServices, useSnapshot, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { LineBanner } from '../../components/LineBanner.tsx';
import { useMatrix } from '../../matrix/context.tsx';

/** So many are told one by one; the devices' page has all. */
const MOST_LINES = 3;

/** Sign-ins elsewhere that the person has not said to know, above everything, until they do. */
export function SignInLines(): ReactNode {
  const { t, format } = useText('keys');
  const { attempt } = useServices();
  const { signIns } = useMatrix();
  const { fresh } = useSnapshot(signIns);
  const go = useGo();
  return fresh.slice(0, MOST_LINES).map(({ id, name, at, seen }) => {
    const device = name === '' ? id : name;
    const text =
      at !== undefined
        ? t('sign_ins.now', { device, time: format.dateTime(new Date(at)) })
        : seen !== undefined
          ? t('sign_ins.away', { device, time: format.dateTime(new Date(seen)) })
          : t('sign_ins.unused', { device });
    return (
      <LineBanner
        key={id}
        Icon={DevicesIcon}
        urgent
        text={text}
        actions={[
          { label: t('sign_ins.mine'), run: () => void attempt(() => signIns.acknowledge([id])) },
          { label: t('sign_ins.not_mine'), run: () => void go('/settings/devices') },
        ]}
      />
    );
  });
}
