import type { Person } from '@qiao/org/contract';
import { Tag, useText, type Tone } from '@qiao/ui-kit';
import type { ReactNode } from 'react';

const tones: Record<Person['status'], Tone> = {
  joining: 'info',
  active: 'good',
  suspended: 'warn',
  left: 'neutral',
};

/** Where a person is in the life-cycle; an active one without a password, or without a device to read on, is said too. */
export function PersonStatus({
  person,
}: {
  person: Pick<Person, 'status' | 'activated_at' | 'keys_at'>;
}): ReactNode {
  const { t } = useText('org');
  if (person.status === 'active' && person.activated_at === null) {
    return <Tag tone="info">{t('people.not_activated')}</Tag>;
  }
  if (person.status === 'active' && person.keys_at === null) {
    return <Tag tone="info">{t('people.no_device')}</Tag>;
  }
  return <Tag tone={tones[person.status]}>{t(`people.statuses.${person.status}`)}</Tag>;
}
