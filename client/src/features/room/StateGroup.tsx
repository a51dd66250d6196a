import { useText } from '@qiao/ui-kit';
import { memo, useState, type ReactNode } from 'react';
import type { StateItem } from '../../matrix/timeline-types.ts';

/** Lines that are shown without being asked for. */
const FEW = 2;

/** Changes of the room, in words; many are told as a number that opens. */
export const StateGroup = memo(function StateGroup(props: { item: StateItem }): ReactNode {
  const { t, format } = useText('room');
  const [open, setOpen] = useState(false);
  const { lines, key } = props.item;
  const folded = lines.length > FEW && !open;
  const people = new Set(
    lines.flatMap((line) => (line.kind === 'member' ? [String(line.values['name'] ?? '')] : [])),
  );
  const onlyJoins = lines.every((line) => line.key === 'joined' || line.key === 'invited');
  return (
    <div className="c-state" data-key={key}>
      {folded ? (
        <button
          type="button"
          className="q-link-button"
          aria-expanded={false}
          onClick={() => {
            setOpen(true);
          }}
        >
          {onlyJoins && people.size > 0
            ? t('state_joins', { names: format.list([...people].slice(0, 3)), count: people.size })
            : t('state_many', { count: lines.length })}
        </button>
      ) : (
        <ul>
          {lines.map((line) => (
            <li key={line.eventId} dir="auto">
              {t(`state.${line.key}`, line.values)}
            </li>
          ))}
        </ul>
      )}
      {open && (
        <button
          type="button"
          className="q-link-button"
          aria-expanded
          onClick={() => {
            setOpen(false);
          }}
        >
          {t('state_less')}
        </button>
      )}
    </div>
  );
});
