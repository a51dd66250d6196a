import {
  MIN_URGENT_MINUTES,
  type CloseHow,
  type ObligationKind,
  type ObligationState,
} from '../../contract/index.ts';
import { nextAwake, type QuietHours } from '../../contract/quiet.ts';

/*
 * Rules of obligations, without I/O: when the next reminder is due, when there are no more, and who may end one how.
 */

const MINUTE_MS = 60_000;
/** Reminders of one urgent message to one person; then it stays open, but silent. */
export const MAX_URGENT_REMINDERS = 12;
/** Reminders of one question to one person. */
export const MAX_QUESTION_REMINDERS = 10;
/** So long before it is due a question is reminded of. */
export const BEFORE_DUE_MS = 60 * MINUTE_MS;
/** A question is first reminded of after this, however short the interval chosen. */
export const FIRST_QUESTION_MINUTES = 120;

/** What the rules look at. */
export interface Reminded {
  readonly kind: ObligationKind;
  readonly created_at: Date;
  readonly due_at: Date | null;
  /** Urgent: minutes between reminders; null: as often as may be. */
  readonly every_minutes: number | null;
  /** Reminders so far. */
  readonly reminders: number;
  readonly reminded_at: Date | null;
}

/** What the asked person chose. */
export interface Wishes extends QuietHours {
  readonly urgent_through: boolean;
  /** Shortest time between reminders of questions, minutes. */
  readonly every_minutes: number;
}

const later = (one: Date, minutes: number): Date => new Date(one.getTime() + minutes * MINUTE_MS);
const max = (...dates: readonly Date[]): Date => new Date(Math.max(...dates.map((date) => date.getTime())));

/** Shifts an instant out of the quiet hours, where they hold for this kind. */
export function awake(at: Date, kind: ObligationKind | 'notice', wishes: Wishes): Date {
  return kind === 'urgent' && wishes.urgent_through ? at : nextAwake(at, wishes);
}

/** When the person is to be reminded next; null: no more. Never in the past, never sooner than they wish. */
export function nextReminder(one: Reminded, wishes: Wishes, now: Date): Date | null {
  switch (one.kind) {
    case 'unread':
      return one.reminders > 0 ? null : awake(max(now, one.created_at), 'unread', wishes);
    case 'urgent': {
      if (one.reminders >= MAX_URGENT_REMINDERS) return null;
      const every = Math.max(one.every_minutes ?? MIN_URGENT_MINUTES, MIN_URGENT_MINUTES);
      // The message itself is the first call; what follows keeps the distance to it and to each other.
      const wanted = later(one.reminded_at ?? one.created_at, every);
      return awake(max(now, wanted), 'urgent', wishes);
    }
    case 'question': {
      if (one.reminders >= MAX_QUESTION_REMINDERS) return null;
      const every = wishes.every_minutes;
      if (one.reminded_at === null) {
        const first = later(one.created_at, Math.max(FIRST_QUESTION_MINUTES, every));
        const beforeDue = one.due_at === null ? undefined : new Date(one.due_at.getTime() - BEFORE_DUE_MS);
        const wanted = beforeDue !== undefined && beforeDue < first ? max(beforeDue, one.created_at) : first;
        return awake(max(now, wanted), 'question', wishes);
      }
      // Later and later: who has not answered after two days will not after the tenth message of the week either.
      const pause = every * 2 ** Math.min(one.reminders - 1, 4);
      let wanted = later(one.reminded_at, pause);
      if (one.due_at !== null) {
        const beforeDue = new Date(one.due_at.getTime() - BEFORE_DUE_MS);
        const soonest = later(one.reminded_at, every);
        if (beforeDue > one.reminded_at && beforeDue < wanted) wanted = max(beforeDue, soonest);
      }
      return awake(max(now, wanted), 'question', wishes);
    }
  }
}

const BY_ASKED: ReadonlySet<CloseHow> = new Set(['reply', 'reaction', 'handled', 'confirmed', 'read']);
/** What the asker may say: that they take it back, or what everybody in the room can see. */
const BY_ASKER: ReadonlySet<CloseHow> = new Set(['withdrawn', 'reply', 'reaction', 'read']);

/** Whether somebody may close it like this; undefined: it is not theirs, and they do not know of it. */
export function mayClose(
  one: { readonly asker: string; readonly asked: string; readonly kind: ObligationKind },
  userId: string,
  how: CloseHow,
): boolean | undefined {
  if (userId === one.asked) return BY_ASKED.has(how) && settles(one.kind, how);
  if (userId === one.asker) return BY_ASKER.has(how) && settles(one.kind, how);
  return undefined;
}

/** Whether something ends an obligation of the kind: reading does not answer a question. */
export function settles(kind: ObligationKind, how: CloseHow): boolean {
  return how !== 'read' || kind === 'unread';
}

/** The state it is in afterwards. */
export const stateAfter = (how: CloseHow): Exclude<ObligationState, 'open'> =>
  how === 'withdrawn' ? 'withdrawn' : 'answered';
