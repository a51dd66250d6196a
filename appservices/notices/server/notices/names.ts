/** Names of jobs, stored in the queue. */
export const DELIVER_JOB = 'notices.deliver-notice';
export const RECALL_JOB = 'notices.recall-notice';

/** Jobs of one notice run one after the other. */
export const queueOf = (id: string): string => `notices.notice:${id}`;

/** Up to this many people are told by a signal at once; the clients of more look by themselves. */
export const MAX_SIGNALLED = 500;

/** Length of a page where the caller names none. */
export const DEFAULT_LIMIT = 30;
