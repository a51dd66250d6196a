import BackIcon from '@vector-im/compound-design-tokens/assets/web/icons/arrow-left';
import { CloseButton, IconAction, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';

/** The frame of a panel: its title and what closes it. */
export function PanelFrame(props: {
  title: string;
  onClose: () => void;
  children: ReactNode;
  actions?: ReactNode;
  /** Leads back to the panel before. */
  onBack?: (() => void) | undefined;
}): ReactNode {
  const { t } = useText('room');
  return (
    <aside className="c-panel" aria-label={props.title}>
      <header className="c-panel__head">
        {props.onBack && <IconAction label={t('panel.back')} Icon={BackIcon} onClick={props.onBack} />}
        <h2>{props.title}</h2>
        {props.actions}
        <CloseButton onClick={props.onClose} />
      </header>
      {props.children}
    </aside>
  );
}
