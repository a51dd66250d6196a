import { Button } from '@vector-im/compound-web';
import { CheckField, SearchBox, useText } from '@qiao/ui-kit';
import { useMemo, useState, type ReactNode } from 'react';
import { names } from '../../matrix/people-pinyin.ts';
import type { Reader } from '../../matrix/reading.ts';
import { fitPerson, namesakes, noteOf } from '../finder/people.ts';
import { useWho } from '../finder/use-who.ts';
import './reading.css';

/** People shown at once. */
const PAGE = 40;
/** From so many people on they can be searched. */
const MANY = 8;

/** People by pages, each as `children` draws them. */
function ByPages(props: {
  label: string;
  people: readonly Reader[];
  children: (one: Reader) => ReactNode;
}): ReactNode {
  const { t } = useText('reading');
  const [shown, setShown] = useState(PAGE);
  const { people } = props;
  return (
    <>
      <ul className="c-ticks" aria-label={props.label}>
        {people.slice(0, shown).map((one) => (
          <li key={one.userId} className="c-ticks__one">
            {props.children(one)}
          </li>
        ))}
      </ul>
      {people.length > shown && (
        <div>
          <Button
            kind="tertiary"
            size="md"
            onClick={() => {
              setShown(shown + PAGE);
            }}
          >
            {t('more', { count: people.length - shown })}
          </Button>
        </div>
      )}
    </>
  );
}

interface PeopleShown {
  label: string;
  people: readonly Reader[];
  /** Among whom names have to tell apart. */
  among: readonly Reader[];
  /** What tells people of one name apart. */
  who: (one: Reader) => string;
  note?: (one: Reader) => ReactNode;
}

/** People to be ticked, by pages; what is typed narrows them. */
export function PeopleTicks(
  props: PeopleShown & {
    chosen: ReadonlySet<string>;
    /** Cannot be chosen (again). */
    isFixed?: (userId: string) => boolean;
    help?: (one: Reader) => string | undefined;
    onChoose: (userId: string, on: boolean) => void;
  },
): ReactNode {
  const { people, among } = props;
  const twice = useMemo(() => namesakes(among), [among]);
  return (
    <ByPages label={props.label} people={people}>
      {(one) => {
        const help = [twice.has(one.name) ? props.who(one) : undefined, props.help?.(one)]
          .filter((part) => part !== undefined && part !== '')
          .join(' · ');
        return (
          <>
            <CheckField
              label={one.name}
              checked={props.chosen.has(one.userId)}
              disabled={props.isFixed?.(one.userId) ?? false}
              {...(help === '' ? {} : { help })}
              onChange={(on) => {
                props.onChoose(one.userId, on);
              }}
            />
            {props.note?.(one)}
          </>
        );
      }}
    </ByPages>
  );
}

/** People who cannot be ticked. */
export function PeopleNames(props: PeopleShown): ReactNode {
  const { people, among } = props;
  const twice = useMemo(() => namesakes(among), [among]);
  return (
    <ByPages label={props.label} people={people}>
      {(one) => (
        <>
          <span>
            <bdi>{one.name}</bdi>
            {twice.has(one.name) && <span className="q-muted"> · {props.who(one)}</span>}
          </span>
          {props.note?.(one)}
        </>
      )}
    </ByPages>
  );
}

/** Says that not everybody of the conversation is listed. */
export function Unlisted(props: { listed: number; unlisted: number }): ReactNode {
  const { t } = useText('reading');
  const { listed, unlisted } = props;
  return <p className="q-muted">{t('unlisted', { listed, total: listed + unlisted })}</p>;
}

/** Narrows people by name, pinyin, title and department; and says who they are. */
export function useReaders(readers: readonly Reader[]): {
  box: ReactNode;
  fits: (one: Reader) => boolean;
  /** Title and department. */
  note: (one: Reader) => string;
} {
  const { t } = useText('reading');
  const [query, setQuery] = useState('');
  const who = useWho(readers);
  const byId = useMemo(() => new Map(who.map((person) => [person.userId, person])), [who]);
  return {
    box:
      readers.length >= MANY ? (
        <div>
          <SearchBox label={t('find')} value={query} onChange={setQuery} />
        </div>
      ) : null,
    fits: ({ userId }) => {
      const person = byId.get(userId);
      return query.trim() === '' || (person !== undefined && fitPerson(person, query, names) > 0);
    },
    note: ({ userId }) => {
      const person = byId.get(userId);
      return person ? noteOf(person) : '';
    },
  };
}
