import type { ImportRun } from '@qiao/org/contract';
import { Tag, useText, type Tone } from '@qiao/ui-kit';
import type { ReactNode } from 'react';

const tones: Record<ImportRun['state'], Tone> = {
  uploaded: 'info',
  checking: 'info',
  checked: 'info',
  applying: 'info',
  stopped: 'warn',
  done: 'good',
  failed: 'bad',
  discarded: 'neutral',
};

export function ImportStateTag({ run }: { run: ImportRun }): ReactNode {
  const { t } = useText('org');
  return <Tag tone={tones[run.state]}>{t(`imports.states.${run.state}`)}</Tag>;
}
