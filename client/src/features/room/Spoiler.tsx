import { useText } from '@qiao/ui-kit';
import { useState, type ReactNode } from 'react';

/** Text that is hidden until somebody wants to see it. */
export function Spoiler(props: { reason: string | undefined; children: ReactNode }): ReactNode {
  const { t } = useText('room');
  const [open, setOpen] = useState(false);
  if (open) return <span className="c-html__spoiler">{props.children}</span>;
  const reason = props.reason ?? '';
  return (
    <button
      type="button"
      className="c-html__spoiler-button"
      onClick={() => {
        setOpen(true);
      }}
    >
      {reason === '' ? t('spoiler') : t('spoiler_of', { reason })}
    </button>
  );
}
