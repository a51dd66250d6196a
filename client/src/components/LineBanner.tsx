import { type IconType } from '@qiao/ui-kit';
import { useId, type ReactNode } from 'react';
import { Line } from './Line.tsx';
import './line-banner.css';

export interface LineAction {
  readonly label: string;
  readonly run: () => void;
  /** It was pressed and goes on: not again. */
  readonly busy?: boolean;
}

/** A line above everything: what is to be known or done wherever the person is. */
export function LineBanner(props: {
  Icon?: IconType | undefined;
  text: string;
  /** In the colours of a warning. */
  urgent?: boolean | undefined;
  actions?: readonly LineAction[];
}): ReactNode {
  const { Icon, text, urgent = false, actions = [] } = props;
  const id = useId();
  const inside = (
    <>
      {Icon && <Icon width={20} height={20} aria-hidden />}
      <p id={id}>{text}</p>
      {actions.length > 0 && (
        <span className="c-line-banner__actions">
          {actions.map((action) => (
            <button
              key={action.label}
              type="button"
              className="q-link-button"
              disabled={action.busy ?? false}
              onClick={action.run}
            >
              {action.label}
            </button>
          ))}
        </span>
      )}
    </>
  );
  return (
    <Line>
      {actions.length > 0 ? (
        <section className="c-line-banner" data-urgent={urgent} aria-labelledby={id}>
          {inside}
        </section>
      ) : (
        <div className="c-line-banner" data-urgent={urgent}>
          {inside}
        </div>
      )}
    </Line>
  );
}
