import type { Base } from '../context.ts';
import type { Signals } from '../reminders/signals.ts';
import { createManaging } from './managing.ts';
import type { NoticesPolicy } from './notices.policy.ts';
import { createPresenter } from './notices.present.ts';
import { createReading } from './reading.service.ts';
import { createSending } from './sending.service.ts';
import { createTracking } from './tracking.service.ts';
import { createWriting } from './writing.service.ts';

export type Notices = ReturnType<typeof createNotices>;

/** Notices: written, sent at once or at a time, read and confirmed, followed, recalled. */
export function createNotices(base: Base, parts: { policy: NoticesPolicy; signals: Signals }) {
  const presenter = createPresenter(base);
  const managing = createManaging(base, parts.policy);
  const all = { ...parts, presenter, managing };
  return {
    ...createWriting(base, all),
    ...createTracking(base, all),
    ...createReading(base, all),
    ...createSending(base, all),
  };
}
