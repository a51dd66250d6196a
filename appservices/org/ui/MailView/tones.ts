import type { MailStateName } from '@qiao/org/contract';
import type { Tone } from '@qiao/ui-kit';

/** How a mail stands, by colour. */
export const mailTones: Readonly<Record<MailStateName, Tone>> = {
  waiting: 'info',
  sent: 'good',
  kept: 'neutral',
  failed: 'bad',
};
