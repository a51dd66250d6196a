import { TextField, useText } from '@qiao/ui-kit';
import type { ReactNode } from 'react';
import type { RefusedField } from './PersonViewModel.ts';

/** A person's e-mail address; `refused`: what the server did not take, if it was this. */
export function EmailField(props: {
  value: string;
  onChange: (value: string) => void;
  refused: RefusedField | undefined;
}): ReactNode {
  const { t } = useText('org');
  const { refused } = props;
  return (
    <TextField
      label={t('person.email')}
      optional
      type="email"
      maxLength={320}
      error={refused?.field === 'email' ? (refused.text ?? t('person.email_not_valid')) : undefined}
      value={props.value}
      onChange={props.onChange}
    />
  );
}
