import { Tag, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import { noteOf, type FoundPerson } from './people.ts';

/** Name, marks, and what tells somebody from others of the same name. */
export function PersonText(props: {
  person: FoundPerson;
  /** Said after title and department. */
  more?: string | undefined;
}): ReactNode {
  const { t } = useText('finder');
  const { person, more } = props;
  const note = noteOf(person);
  return (
    <span className="c-find__text">
      <span className="c-find__name">
        <bdi>{person.name}</bdi>
        {person.server !== undefined && <span className="c-external">{t('external')}</span>}
        {person.activated === false && <Tag>{t('not_activated')}</Tag>}
      </span>
      <span className="c-find__note">
        {note !== person.name && <bdi>{note}</bdi>}
        {more !== undefined && (
          <>
            {note !== '' && note !== person.name && ' · '}
            {more}
          </>
        )}
      </span>
    </span>
  );
}
