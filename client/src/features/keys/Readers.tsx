import ClockIcon from '@vector-im/compound-design-tokens/assets/web/icons/time';
import CheckIcon from '@vector-im/compound-design-tokens/assets/web/icons/check-circle';
import { Tag, useEntering, useServices, useText, useViewModel } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { useMatrix } from '../../matrix/context.tsx';
import { sentences } from '../../components/sentences.ts';
import type { Named } from '../../matrix/history-types.ts';
import { ReadersViewModel, type ReadersSnapshot } from './ReadersViewModel.ts';
import './keys.css';

/** People named before "and n more", and notices about given keys shown at once. */
const MOST_NAMED = 3;

function useReaders(roomId: string): readonly [ReadersSnapshot, ReadersViewModel] {
  const services = useServices();
  const { history } = useMatrix();
  const made = useViewModel(() => new ReadersViewModel(services, history, roomId));
  useEntering(made[1]);
  return made;
}

/**
 * In a conversation's header: somebody in it cannot read yet. Beside a group's name it says how many, or it would be
 * read as said of the group.
 */
export function ReadersTag(props: { roomId: string; direct: boolean }): ReactNode {
  const { t } = useText('keys');
  const [{ readers, away }] = useReaders(props.roomId);
  const all = readers?.waiting ?? [];
  const never = all.filter(({ userId }) => !away.has(userId));
  if (all.length === 0) return null;
  const { length: count } = never.length > 0 ? never : all;
  const text = never.length > 0 ? 'readers.tag' : 'readers.tag_away';
  return (
    <Tag tone={never.length > 0 ? 'info' : 'neutral'}>
      {props.direct ? t(text) : t(`${text}_many`, { count })}
    </Tag>
  );
}

/** Above the composer: who cannot read yet and what becomes of what is written now; who was given keys since. */
export function ReadersNotice({ roomId }: { roomId: string }): ReactNode {
  const { t, format } = useText('keys');
  const [{ readers, away }, model] = useReaders(roomId);
  if (!readers) return null;
  const names = (people: readonly Named[]): string => {
    const named = people.slice(0, MOST_NAMED).map(({ name }) => name);
    return people.length > MOST_NAMED
      ? t('readers.more', { names: named.join(t('readers.comma')), count: people.length - MOST_NAMED })
      : format.list(named);
  };
  const never = readers.waiting.filter(({ userId }) => !away.has(userId));
  const gone = readers.waiting.filter(({ userId }) => away.has(userId));
  const { outlook, given } = readers;
  return (
    <>
      {readers.waiting.length > 0 && (
        <p className="c-cannot-read" role="note">
          <ClockIcon width={18} height={18} aria-hidden />
          <span>
            {sentences([
              never.length > 0 && t('readers.first', { names: names(never), count: never.length }),
              gone.length > 0 && t('readers.away', { names: names(gone), count: gone.length }),
              outlook !== 'open' && t(`readers.${outlook}`),
            ])}
          </span>
        </p>
      )}
      {given.slice(0, MOST_NAMED).map(({ userId, name, since, at, devices }) => (
        <div key={userId} className="c-cannot-read" role="status">
          <CheckIcon width={18} height={18} aria-hidden />
          <span>
            {t('readers.given', {
              name,
              count: devices,
              since: format.date(new Date(since)),
              at: format.dateTime(new Date(at)),
            })}
          </span>
          <button
            type="button"
            className="q-link-button"
            onClick={() => {
              model.seen(userId);
            }}
          >
            {t('readers.seen')}
          </button>
        </div>
      ))}
    </>
  );
}
