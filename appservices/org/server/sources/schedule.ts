import { Cron } from 'croner';

/** The next time of a cron pattern (five fields, UTC) after a moment; undefined for one that is not valid. */
export function nextRun(pattern: string, after: Date): Date | null | undefined {
  if (pattern.trim().split(/\s+/).length !== 5) return undefined;
  try {
    const cron = new Cron(pattern, { timezone: 'UTC', mode: '5-part', paused: true });
    return cron.nextRun(after);
  } catch {
    return undefined;
  }
}
