import { CloseButton } from '@qiao/ui-kit';
import type { ReactNode } from 'react';

/** The frame of a panel: its title and what closes it. */
export function PanelFrame(props: {
  title: string;
  onClose: () => void;
  children: ReactNode;
  actions?: ReactNode;
}): ReactNode {
  return (
    <aside className="c-panel" aria-label={props.title}>
      <header className="c-panel__head">
        <h2>{props.title}</h2>
        {props.actions}
        <CloseButton onClick={props.onClose} />
      </header>
      {props.children}
    </aside>
  );
}
