import { useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import type { FoundPerson } from './people.ts';

/** Of people who are about to be added: who comes in later, because the account is not activated yet. */
export function WhoWaits(props: { people: readonly FoundPerson[] }): ReactNode {
  const { t, format } = useText('finder');
  const waiting = props.people.filter(({ activated }) => activated === false);
  if (waiting.length === 0) return null;
  const names = format.list(waiting.map(({ name }) => name));
  return (
    <p className="q-muted q-small" role="status">
      {t('waits', { names, count: waiting.length })}
    </p>
  );
}
