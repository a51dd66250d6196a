import { useText } from '@qiao/ui-kit';
import { memo, useState, type ReactNode } from 'react';
import type { StateItem } from '../../matrix/timeline-types.ts';

/** Lines that are shown without being asked for. */
const FEW = 2;
/** Names that are all told; of more people two are. */
const NAMED = 3;

/** Changes of the room, in words; many are told as a number that opens. */
export const StateGroup = memo(function StateGroup(props: { item: StateItem }): ReactNode {
  const { t, format } = useText('room');
  const [open, setOpen] = useState(false);
  const { lines, key } = props.item;
  const namesOf = (key: string): Set<string> =>
    new Set(lines.flatMap((line) => (line.key === key ? [String(line.values['name'] ?? '')] : [])));
  const joined = namesOf('joined');
  // Nothing but people who have come: an invitation is told by the join that followed it, one that waits is not.
  const onlyJoins =
    joined.size > 0 &&
    lines.every((line) => line.key === 'joined' || line.key === 'invited') &&
    [...namesOf('invited')].every((name) => joined.has(name));
  // How a conversation was set up is one line, whatever the client that made it did for it.
  const started = lines.find((line) => line.key === 'created');
  const folded = lines.length > (started !== undefined || onlyJoins ? 1 : FEW) && !open;
  const summary = (): string => {
    if (started !== undefined) return t('state_started', started.values);
    if (!onlyJoins) return t('state_many', { count: lines.length });
    if (joined.size <= NAMED) return t('state_joined', { names: format.list([...joined]) });
    const [first = '', second = ''] = joined;
    return t('state_joined_more', { first, second, count: joined.size - 2 });
  };
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
          {summary()}
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
