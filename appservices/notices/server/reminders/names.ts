/** Names of jobs, stored in the queue. */
export const REMIND_JOB = 'notices.remind';
export const SEND_REMINDER_JOB = 'notices.send-reminder';
export const SIGNAL_JOB = 'notices.signal';
