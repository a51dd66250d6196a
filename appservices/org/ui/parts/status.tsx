import type { Person } from '@qiao/org/contract';
import { Tag, useText, type Tone } from '@qiao/ui-kit';
import type { ReactNode } from 'react';

const tones: Record<Person['status'], Tone> = {
  joining: 'info',
  active: 'good',
  suspended: 'warn',
  left: 'neutral',
};

/** Where a person is in the life-cycle; an active one without a password yet is said too. */
export function PersonStatus({ person }: { person: Pick<Person, 'status' | 'activated_at'> }): ReactNode {
  const { t } = useText('org');
  if (person.status === 'active' && person.activated_at === null) {
    return <Tag tone="info">{t('people.not_activated')}</Tag>;
  }
  return <Tag tone={tones[person.status]}>{t(`people.statuses.${person.status}`)}</Tag>;
}
