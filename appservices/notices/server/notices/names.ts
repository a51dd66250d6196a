/** Names of jobs, stored in the queue. */
export const DELIVER_JOB = 'notices.deliver-notice';
export const RECALL_JOB = 'notices.recall-notice';
