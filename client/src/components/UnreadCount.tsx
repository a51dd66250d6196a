import { cx, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { countText } from './count-text.ts';
import './unread.css';

/**
 * How many messages are unread: red where the person is mentioned, nothing for 0.
 * @param props `quiet`: grey, where nobody is to be called by it; `told`: what a screen reader hears; nothing: the number is part of what is said around it
 */
export function UnreadCount(props: {
  unread: number;
  mentions: number;
  className?: string;
  quiet?: boolean;
  told?: boolean;
}): ReactNode {
  const { t } = useText('rooms');
  const { unread, mentions, quiet = false, told = true } = props;
  const count = Math.max(unread, mentions);
  if (count === 0) return null;
  return (
    <span className={cx('c-unread', props.className)} data-mention={mentions > 0} data-quiet={quiet}>
      <span aria-hidden>{countText(count)}</span>
      {told && (
        <span className="q-sr">
          {t('row.unread', { count })}
          {mentions > 0 && `, ${t('row.mentions', { count: mentions })}`}
        </span>
      )}
    </span>
  );
}
