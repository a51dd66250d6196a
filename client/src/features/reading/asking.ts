import type { Obligation } from '@qiao/notices/contract';
import type { Services } from '@qiao/ui-kit';
import { MAX_ASKED, MIN_URGENT_MINUTES, type Ask } from '../../matrix/ask-content.ts';
import { NOTICES_KEY, readingApi } from './api.ts';

/** How people are asked, as a form has it. */
export interface AskForm {
  readonly kind: Ask['kind'];
  /** Local time as an input has it, `2026-11-23T09:00`; empty: none. */
  readonly due: string;
  /** Minutes between urgent reminders. */
  readonly every: number;
}

export const BLANK_ASK: AskForm = { kind: 'question', due: '', every: MIN_URGENT_MINUTES };

/** Minutes between urgent reminders that can be chosen. */
export const INTERVALS: readonly number[] = [MIN_URGENT_MINUTES, 10, 15, 30, 60];

/** What is asked by a form; a time belongs to questions, an interval to urgent messages. */
export function askFrom(form: AskForm, asked: readonly string[]): Ask {
  const due = form.kind === 'question' && form.due !== '' ? new Date(form.due) : undefined;
  return {
    kind: form.kind,
    asked,
    dueAt: due === undefined || Number.isNaN(due.getTime()) ? undefined : due.toISOString(),
    everyMinutes: form.kind === 'urgent' ? form.every : undefined,
  };
}

/** Whether the form's time has passed. */
export const isDuePast = ({ kind, due }: AskForm, now: number): boolean =>
  kind === 'question' && due !== '' && !(new Date(due).getTime() > now);

/** A message by which people are asked. */
export interface MessageRef {
  readonly roomId: string;
  readonly eventId: string;
}

/**
 * Registers that people are asked by a message of one's own, or (`unread`) reminds them to read it; says how many.
 * @returns what is registered now; undefined: it failed, which is said
 */
export async function register(
  services: Services,
  message: MessageRef,
  ask: Omit<Ask, 'kind'> & { readonly kind: Ask['kind'] | 'unread' },
): Promise<readonly Obligation[] | undefined> {
  const { api, attempt, i18n, toasts } = services;
  const items: Obligation[] = [];
  let leftOut = 0;
  for (let at = 0; at < ask.asked.length; at += MAX_ASKED) {
    const answer = await attempt(
      () =>
        api.call(readingApi.create, {
          body: {
            room_id: message.roomId,
            event_id: message.eventId,
            kind: ask.kind,
            asked: ask.asked.slice(at, at + MAX_ASKED),
            ...(ask.dueAt === undefined ? {} : { due_at: ask.dueAt }),
            ...(ask.everyMinutes === undefined ? {} : { every_minutes: ask.everyMinutes }),
          },
        }),
      { invalidate: [NOTICES_KEY] },
    );
    if (!answer.ok) return undefined;
    items.push(...answer.value.items);
    leftOut += answer.value.left_out.length;
  }
  toasts.success(i18n.t(`reading:done.${ask.kind}`, { count: items.length }));
  if (leftOut > 0) toasts.show({ kind: 'info', text: i18n.t('reading:left_out', { count: leftOut }) });
  return items;
}
