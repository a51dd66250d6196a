import {
  cutPage,
  makeErrors,
  readTimeCursor,
  writeTimeCursor,
  type Actor,
  type Locale,
} from '@qiao/platform';
import {
  noticesErrorTable,
  type Audience,
  type AudienceCount,
  type Audiences,
  type CreateNotice,
  type ManagedNotice,
  type NoticeState,
  type PatchNotice,
} from '../../contract/index.ts';
import { loose, type Base } from '../context.ts';
import { requirePerson } from '../people.ts';
import type { Signals } from '../reminders/signals.ts';
import type { Managing } from './managing.ts';
import { markdownToHtml } from './markdown.ts';
import { DEFAULT_LIMIT, MAX_SIGNALLED, queueOf, RECALL_JOB } from './names.ts';
import type { NoticesPolicy } from './notices.policy.ts';
import type { Presenter } from './notices.present.ts';
import { noticesRepository as repository, type NoticeRow } from './notices.repository.ts';
import { deliveryOf, subtreesOf } from './people.ts';

const errors = makeErrors('notices', noticesErrorTable);
/** A notice is scheduled at most so far ahead, milliseconds. */
const MAX_AHEAD_MS = 366 * 24 * 60 * 60_000;
const STATES: Readonly<Record<string, readonly NoticeState[]>> = {
  draft: ['draft'],
  scheduled: ['scheduled'],
  sent: ['sending', 'sent'],
  recalled: ['recalled'],
};

/** Text without what a screen or a database cannot hold. */
function clean(text: string): string {
  const cleaned = text.toWellFormed().replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g, '');
  if (cleaned.trim() === '') throw errors.text_not_valid();
  return cleaned;
}

/** @throws DomainError `notices.text_not_valid` */
function cleanText(text: { title?: string | undefined; body?: string | undefined }): {
  title?: string;
  body?: string;
} {
  const title = text.title === undefined ? undefined : clean(text.title.replaceAll(/\s+/g, ' ').trim());
  const body = text.body === undefined ? undefined : clean(text.body);
  if (body !== undefined) {
    try {
      markdownToHtml(body);
    } catch {
      // Nested a thousand times, for example.
      throw errors.text_not_valid();
    }
  }
  return { ...(title === undefined ? {} : { title }), ...(body === undefined ? {} : { body }) };
}

/** Notices as those write, send and take them back who may. */
export function createWriting(
  base: Base,
  parts: { policy: NoticesPolicy; signals: Signals; managing: Managing; presenter: Presenter },
) {
  const { context, db, org } = base;
  const { policy, signals } = parts;
  const { requireAudience, record, managing, begin } = parts.managing;
  const { roleName, presentManaged, presentOne } = parts.presenter;
  const { clock, random, queue } = context;

  return {
    async audiences(actor: Actor, locale: Locale): Promise<Audiences> {
      await requirePerson(org, actor);
      const grants = await policy.requireSender(actor);
      const departments = await org.departments();
      const mine = grants.company ? departments : subtreesOf(departments, grants.departments);
      const ids = new Set(mine.map((one) => one.id));
      return {
        everybody: grants.company,
        departments: mine.map(({ id, name, parent_id }) => ({
          id,
          name,
          // Above the own root nothing is told.
          parent_id: parent_id !== null && ids.has(parent_id) ? parent_id : null,
        })),
        roles: grants.company
          ? (await org.roles()).map((role) => ({ id: role.id, name: roleName(locale, role) }))
          : [],
      };
    },

    async count(actor: Actor, audience: Audience): Promise<AudienceCount> {
      await requirePerson(org, actor);
      await policy.requireSender(actor);
      await requireAudience(actor, audience);
      const { recipients, waiting } = await deliveryOf(org, audience);
      return { people: recipients.size, not_activated: waiting.size };
    },

    async create(actor: Actor, body: CreateNotice, locale: Locale): Promise<ManagedNotice> {
      const { user_id: author } = await requirePerson(org, actor);
      await policy.requireSender(actor);
      await requireAudience(actor, body.audience);
      const { title = '', body: text = '' } = cleanText(body);
      const row = await db.transaction().execute((trx) =>
        repository.insert(trx, {
          id: random.uuid(),
          author,
          title,
          body: text,
          confirm: body.confirm,
          audience: body.audience,
          at: clock.now(),
        }),
      );
      return presentOne(row, locale);
    },

    async patch(actor: Actor, id: string, body: PatchNotice, locale: Locale): Promise<ManagedNotice> {
      const { version, audience, confirm, ...text } = body;
      const row = await managing(
        actor,
        id,
        { states: ['draft', 'scheduled'], version },
        async (trx, notice) => {
          await requireAudience(actor, audience ?? notice.audience);
          return repository.update(trx, notice.id, {
            ...cleanText(text),
            ...(confirm === undefined ? {} : { confirm }),
            ...(audience === undefined ? {} : { audience }),
            problem: null,
            updated_at: clock.now(),
          });
        },
      );
      return presentOne(row, locale);
    },

    async remove(actor: Actor, id: string): Promise<void> {
      await managing(actor, id, { states: ['draft', 'scheduled'] }, async (trx, notice) => {
        await repository.remove(trx, notice.id);
        return notice;
      });
    },

    /** Sends now, or at a time. */
    async send(
      actor: Actor,
      id: string,
      body: { version: number; at?: string },
      locale: Locale,
    ): Promise<ManagedNotice> {
      const at = body.at === undefined ? undefined : new Date(body.at);
      const ahead = at === undefined ? undefined : at.getTime() - clock.now().getTime();
      if (ahead !== undefined && !(ahead > 0 && ahead <= MAX_AHEAD_MS)) throw errors.time_in_the_past();
      const { version } = body;
      const row = await managing(
        actor,
        id,
        { states: ['draft', 'scheduled'], version },
        async (trx, notice) => {
          await requireAudience(actor, notice.audience);
          if ((await deliveryOf(org, notice.audience)).recipients.size === 0) throw errors.audience_empty();
          if (at === undefined) {
            await record(trx, actor.userId, 'send', notice);
            return begin(trx, notice, actor.userId);
          }
          await record(trx, actor.userId, 'schedule', notice, { at: at.toISOString() });
          return repository.update(trx, notice.id, {
            state: 'scheduled',
            scheduled_at: at,
            sender: actor.userId,
            problem: null,
            updated_at: clock.now(),
          });
        },
      );
      return presentOne(row, locale);
    },

    /** A scheduled notice is a draft again. */
    async unschedule(actor: Actor, id: string, locale: Locale): Promise<ManagedNotice> {
      const row = await managing(actor, id, { states: ['scheduled'] }, (trx, notice) =>
        repository.update(trx, notice.id, {
          state: 'draft',
          scheduled_at: null,
          sender: null,
          updated_at: clock.now(),
        }),
      );
      return presentOne(row, locale);
    },

    /** Takes the messages back; the list shows only that there was one. Safe to repeat. */
    async recall(actor: Actor, id: string, locale: Locale): Promise<ManagedNotice> {
      const row = await managing(
        actor,
        id,
        { states: ['sending', 'sent', 'recalled'] },
        async (trx, notice) => {
          if (notice.state === 'recalled') return notice;
          await record(trx, actor.userId, 'recall', notice);
          const now = clock.now();
          const recalled = await repository.update(trx, notice.id, {
            state: 'recalled',
            recalled_at: now,
            updated_at: now,
          });
          await queue.enqueue(
            loose(trx),
            RECALL_JOB,
            { notice_id: notice.id },
            { key: `${RECALL_JOB}:${notice.id}`, queue: queueOf(notice.id) },
          );
          const people = await repository.recipientIds(trx, notice.id, MAX_SIGNALLED + 1);
          if (people.length <= MAX_SIGNALLED) await signals.enqueue(trx, people);
          return recalled;
        },
      );
      return presentOne(row, locale);
    },

    async managed(
      actor: Actor,
      query: { state?: string; after?: string; limit?: number },
      locale: Locale,
    ): Promise<{ items: ManagedNotice[]; next: string | null }> {
      await requirePerson(org, actor);
      await policy.requireSender(actor);
      const limit = query.limit ?? DEFAULT_LIMIT;
      const rows = await repository.managed(db, {
        author: (await policy.company(actor)) ? undefined : actor.userId,
        states: query.state === undefined ? Object.values(STATES).flat() : (STATES[query.state] ?? []),
        after: readTimeCursor(query.after),
        limit: limit + 1,
      });
      const { page, next } = cutPage(rows, limit, (row) => writeTimeCursor(row.created_at, row.id));
      const mine: NoticeRow[] = [];
      for (const row of page) if (await policy.mayManage(actor, row)) mine.push(row);
      return { items: await presentManaged(mine, locale), next };
    },

    async managedOne(actor: Actor, id: string, locale: Locale): Promise<ManagedNotice> {
      await requirePerson(org, actor);
      return presentOne(await policy.requireManage(actor, await repository.find(db, id)), locale);
    },

    async ownedBy(personId: string): Promise<{ subject: string; label: string }[]> {
      const person = await org.person(personId);
      if (person === undefined) return [];
      const rows = await repository.unsentOf(db, person.user_id);
      return rows.map((row) => ({ subject: row.id, label: row.title }));
    },

    /** What was not sent goes to somebody else as a draft, or ends. */
    async handOver(noticeId: string, toPersonId: string | null): Promise<void> {
      const to = toPersonId === null ? undefined : await org.person(toPersonId);
      await db.transaction().execute(async (trx) => {
        const notice = await repository.lock(trx, noticeId);
        if (notice === undefined || (notice.state !== 'draft' && notice.state !== 'scheduled')) return;
        if (to === undefined) await repository.remove(trx, noticeId);
        else if (notice.author !== to.user_id) {
          await repository.update(trx, noticeId, {
            author: to.user_id,
            state: 'draft',
            scheduled_at: null,
            sender: null,
            problem: notice.state === 'scheduled' ? 'handed_over' : null,
          });
        }
      });
    },
  };
}
