import type { Obligation } from '@qiao/notices/contract';
import { asApiError, type ApiError, type Services } from '@qiao/ui-kit';
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
 * Registers that people are asked by a message of one's own; says how many.
 * @returns what is registered now; undefined: it failed, which is said
 */
export async function register(
  services: Services,
  message: MessageRef,
  ask: Ask,
): Promise<readonly Obligation[] | undefined> {
  const { attempt, i18n, toasts } = services;
  const items: Obligation[] = [];
  let leftOut = 0;
  for (let at = 0; at < ask.asked.length; at += MAX_ASKED) {
    const part = { ...ask, asked: ask.asked.slice(at, at + MAX_ASKED) };
    const answer = await attempt(() => create(services, message, part), { invalidate: [NOTICES_KEY] });
    if (!answer.ok) return undefined;
    items.push(...answer.value.items);
    leftOut += answer.value.left_out.length;
  }
  toasts.success(i18n.t(`reading:done.${ask.kind}`, { count: items.length }));
  sayLeftOut(services, leftOut);
  return items;
}

const create = (
  services: Services,
  message: MessageRef,
  ask: Pick<Ask, 'asked'> & Partial<Omit<Ask, 'kind'>> & { readonly kind: Ask['kind'] | 'unread' },
) =>
  services.api.call(readingApi.create, {
    body: {
      room_id: message.roomId,
      event_id: message.eventId,
      kind: ask.kind,
      asked: [...ask.asked],
      ...(ask.dueAt === undefined ? {} : { due_at: ask.dueAt }),
      ...(ask.everyMinutes === undefined ? {} : { every_minutes: ask.everyMinutes }),
    },
  });

function sayLeftOut({ i18n, toasts }: Services, count: number): void {
  if (count > 0) toasts.show({ kind: 'info', text: i18n.t('reading:left_out', { count }) });
}

/** Those never reminded of the message first, then those whose reminder is the oldest; as they were where it is not known. */
async function longestUnreminded(
  { api }: Services,
  { roomId, eventId }: MessageRef,
  people: readonly string[],
): Promise<readonly string[]> {
  try {
    const { items } = await api.call(readingApi.of, { query: { room_id: roomId, event_id: eventId } });
    const last = new Map(
      items
        .filter((one) => one.kind === 'unread')
        .map((one) => [one.asked.user_id, Date.parse(one.reminded_at ?? one.created_at)]),
    );
    return people.toSorted((one, other) => (last.get(one) ?? 0) - (last.get(other) ?? 0));
  } catch {
    return people;
  }
}

/** Refusals that concern only the people of one request: others may still be reminded. */
const NOT_THESE: ReadonlySet<string> = new Set(['notices.reminded_already', 'notices.nobody_to_ask']);

/**
 * Reminds people to read a message of one's own, those first who were never reminded: an hour has its limit, and says
 * how many it was.
 */
export async function remind(
  services: Services,
  message: MessageRef,
  people: readonly string[],
): Promise<void> {
  const { explain, i18n, queries, toasts } = services;
  const asked = await longestUnreminded(services, message, people);
  let done = 0;
  let leftOut = 0;
  let refusal: ApiError | undefined;
  let isOver = false;
  for (let at = 0; at < asked.length && !isOver; at += MAX_ASKED) {
    const part = asked.slice(at, at + MAX_ASKED);
    try {
      const answer = await create(services, message, { kind: 'unread', asked: part });
      done += answer.items.length;
      leftOut += answer.left_out.length;
    } catch (thrown) {
      const error = asApiError(thrown);
      isOver = !NOT_THESE.has(error.code);
      if (error.code === 'notices.nobody_to_ask') leftOut += part.length;
      // What ended it says more than who was passed over.
      if (isOver || refusal === undefined || error.code === 'notices.reminded_already') refusal = error;
    }
  }
  void queries.invalidateQueries({ queryKey: NOTICES_KEY });
  if (refusal === undefined) toasts.success(i18n.t('reading:done.unread', { count: done }));
  else if (done > 0)
    toasts.show({
      kind: isOver ? 'error' : 'info',
      text: i18n.t('reading:done.unread_some', { done, total: asked.length, why: explain(refusal) }),
    });
  // The sign-in page says it itself.
  else if (refusal.code !== 'platform.not_signed_in')
    toasts.show({ kind: 'error', text: explain(refusal), requestId: refusal.requestId });
  if (done > 0) sayLeftOut(services, leftOut);
}
