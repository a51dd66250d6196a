import { makeErrors, platformErrors, type Actor, type Locale } from '@qiao/platform';
import type { OrgPerson } from '@qiao/org/contract';
import {
  isConfirmReaction,
  noticesErrorTable,
  type Audience,
  type Audiences,
  type CreateNotice,
  type ManagedNotice,
  type Notice,
  type NoticeState,
  type PatchNotice,
  type Progress,
  type Recipient,
} from '../../contract/index.ts';
import { loose, type Base } from '../context.ts';
import { cut, readCursor, writeCursor } from '../cursor.ts';
import { namesOf, requirePerson } from '../people.ts';
import { REMIND_JOB } from '../reminders/names.ts';
import type { Signals } from '../reminders/signals.ts';
import type { NoticesTrx } from '../tables.ts';
import { markdownToHtml } from './markdown.ts';
import { DELIVER_JOB, RECALL_JOB } from './names.ts';
import type { NoticesPolicy } from './notices.policy.ts';
import {
  noticesRepository as repository,
  type NoticeForReader,
  type NoticeRow,
} from './notices.repository.ts';
import { deliveryOf, standingOf, subtreesOf } from './people.ts';

const errors = makeErrors('notices', noticesErrorTable);
const DEFAULT_LIMIT = 30;
/** Those who have not confirmed are reminded at most so often, milliseconds. */
export const REMIND_AGAIN_MS = 60 * 60_000;
/** A notice is scheduled at most so far ahead, milliseconds. */
const MAX_AHEAD_MS = 366 * 24 * 60 * 60_000;
/** Up to this many people are told by a signal at once; the clients of more look by themselves. */
const MAX_SIGNALLED = 500;
const STATES: Readonly<Record<string, readonly NoticeState[]>> = {
  draft: ['draft'],
  scheduled: ['scheduled'],
  sent: ['sending', 'sent'],
  recalled: ['recalled'],
};

export type Notices = ReturnType<typeof createNotices>;

/** Jobs of one notice run one after the other. */
export const queueOf = (id: string): string => `notices.notice:${id}`;

/** Text without what a screen or a database cannot hold. */
function clean(text: string): string {
  const cleaned = text.toWellFormed().replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g, '');
  if (cleaned.trim() === '') throw errors.text_not_valid();
  return cleaned;
}

/** Notices: written, sent at once or at a time, confirmed, recalled. */
export function createNotices(base: Base, parts: { policy: NoticesPolicy; signals: Signals }) {
  const { context, db, org } = base;
  const { policy, signals } = parts;
  const { clock, random, queue, acts, texts } = context;

  const roleName = (locale: Locale, role: { name: string; builtin: string | null }): string =>
    role.builtin === null ? role.name : texts.t(locale, `org:roles.${role.builtin}`);

  async function presentManaged(rows: readonly NoticeRow[], locale: Locale): Promise<ManagedNotice[]> {
    const name = await namesOf(
      org,
      rows.map((row) => row.author),
    );
    const names = new Map<string, string>();
    const departments = new Set(rows.flatMap((row) => row.audience.departments.map((one) => one.id)));
    for (const id of departments) {
      const found = await org.department(id);
      if (found !== undefined) names.set(id, found.name);
    }
    if (rows.some((row) => row.audience.roles.length > 0))
      for (const role of await org.roles()) names.set(role.id, roleName(locale, role));
    return rows.map((row) => ({
      id: row.id,
      version: row.version,
      state: row.state,
      title: row.title,
      body: row.body,
      confirm: row.confirm,
      audience: row.audience,
      names: Object.fromEntries(
        [...row.audience.departments.map((one) => one.id), ...row.audience.roles].flatMap((id) => {
          const found = names.get(id);
          return found === undefined ? [] : [[id, found]];
        }),
      ),
      author: name(row.author),
      created_at: row.created_at.toISOString(),
      scheduled_at: row.scheduled_at?.toISOString() ?? null,
      sent_at: row.sent_at?.toISOString() ?? null,
      recalled_at: row.recalled_at?.toISOString() ?? null,
      problem: row.problem,
    }));
  }
  const presentOne = async (row: NoticeRow, locale: Locale): Promise<ManagedNotice> => {
    const [item] = await presentManaged([row], locale);
    if (item === undefined) throw platformErrors.not_found();
    return item;
  };

  async function present(rows: readonly NoticeForReader[]): Promise<Notice[]> {
    const name = await namesOf(
      org,
      rows.map((row) => row.author),
    );
    return rows.map((row) => {
      const recalled = row.state === 'recalled';
      return {
        id: row.id,
        recalled,
        title: recalled ? null : row.title,
        body: recalled ? null : row.body,
        confirm: row.confirm,
        author: name(row.author),
        sent_at: (row.sent_at ?? row.created_at).toISOString(),
        seen_at: row.seen_at?.toISOString() ?? null,
        confirmed_at: row.confirmed_at?.toISOString() ?? null,
      };
    });
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

  /** May the caller send to it, and is there what it names? The first is asked first: it tells less. */
  async function requireAudience(actor: Actor, audience: Audience): Promise<void> {
    await policy.requireSend(actor, audience);
    const [departments, roles] = await Promise.all([org.departments(), org.roles()]);
    const known = new Set([...departments.map((one) => one.id), ...roles.map((one) => one.id)]);
    const all = [...audience.departments.map((one) => one.id), ...audience.roles];
    if (all.some((id) => !known.has(id))) throw errors.audience_unknown();
  }

  const scopeOf = ({ audience }: NoticeRow): string => {
    const [first, ...more] = audience.departments;
    return audience.everybody || audience.roles.length > 0 || more.length > 0 || first === undefined
      ? 'company'
      : `department:${first.id}`;
  };
  const record = (
    trx: NoticesTrx,
    actor: string,
    act: string,
    notice: NoticeRow,
    details: Record<string, unknown> = {},
  ): Promise<void> =>
    acts.record(loose(trx), {
      actor,
      action: `notices.notice.${act}`,
      subject: `notice:${notice.id}`,
      scope: scopeOf(notice),
      details: { confirm: notice.confirm, ...details },
    });

  /** Loads, locks and checks; `work` changes it in the same transaction. */
  async function managing(
    actor: Actor,
    id: string,
    options: { states: readonly NoticeState[]; version?: number },
    work: (trx: NoticesTrx, notice: NoticeRow) => Promise<NoticeRow>,
  ): Promise<NoticeRow> {
    await requirePerson(org, actor);
    return db.transaction().execute(async (trx) => {
      const notice = await policy.requireManage(actor, await repository.lock(trx, id));
      if (!options.states.includes(notice.state)) throw errors.notice_not_in_state({ state: notice.state });
      if (options.version !== undefined && options.version !== notice.version)
        throw platformErrors.changed_meanwhile();
      return work(trx, notice);
    });
  }

  async function begin(trx: NoticesTrx, notice: NoticeRow, sender: string): Promise<NoticeRow> {
    const row = await repository.update(trx, notice.id, {
      state: 'sending',
      sender,
      problem: null,
      updated_at: clock.now(),
    });
    await queue.enqueue(
      loose(trx),
      DELIVER_JOB,
      { notice_id: notice.id },
      { key: `${DELIVER_JOB}:${notice.id}`, queue: queueOf(notice.id) },
    );
    return row;
  }

  async function requireMine(
    actor: Actor,
    id: string,
  ): Promise<{ person: OrgPerson; notice: NoticeForReader }> {
    const person = await requirePerson(org, actor);
    const [notice] = await repository.forReader(db, await standingOf(org, person), {
      id,
      toConfirm: false,
      after: undefined,
      limit: 1,
    });
    if (notice === undefined) throw platformErrors.not_found();
    return { person, notice };
  }

  /** Marks, and tells the reader's other devices and the author. */
  async function mark(
    noticeId: string,
    userId: string,
    confirmed: 'client' | 'reaction' | 'reply' | undefined,
  ): Promise<void> {
    await db.transaction().execute(async (trx) => {
      await repository.mark(trx, noticeId, userId, clock.now(), confirmed);
      if (confirmed !== undefined) await signals.enqueue(trx, [userId]);
    });
  }

  return {
    // --- those who send ---------------------------------------------------------------------------------------

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

    async count(actor: Actor, audience: Audience): Promise<number> {
      await requirePerson(org, actor);
      await policy.requireSender(actor);
      await requireAudience(actor, audience);
      return (await deliveryOf(org, audience)).recipients.size;
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
        after: readCursor(query.after),
        limit: limit + 1,
      });
      const { page, next } = cut(rows, limit, (row) => writeCursor(row.created_at, row.id));
      const mine: NoticeRow[] = [];
      for (const row of page) if (await policy.mayManage(actor, row)) mine.push(row);
      return { items: await presentManaged(mine, locale), next };
    },

    async managedOne(actor: Actor, id: string, locale: Locale): Promise<ManagedNotice> {
      await requirePerson(org, actor);
      return presentOne(await policy.requireManage(actor, await repository.find(db, id)), locale);
    },

    async progress(actor: Actor, id: string): Promise<Progress> {
      await requirePerson(org, actor);
      return repository.progress(db, await policy.requireManage(actor, await repository.find(db, id)));
    },

    async recipients(
      actor: Actor,
      id: string,
      query: { show: 'pending' | 'confirmed'; after?: string; limit?: number },
    ): Promise<{ items: Recipient[]; next: string | null }> {
      await requirePerson(org, actor);
      await policy.requireManage(actor, await repository.find(db, id));
      const limit = query.limit ?? DEFAULT_LIMIT;
      const after = query.after === undefined ? undefined : Buffer.from(query.after, 'base64url').toString();
      if (after?.includes('\0') === true) throw platformErrors.bad_request({ reason: 'after' });
      const rows = await repository.recipients(db, id, { show: query.show, after, limit: limit + 1 });
      const { page, next } = cut(rows, limit, (row) => Buffer.from(row.user_id).toString('base64url'));
      const name = await namesOf(
        org,
        page.map((row) => row.user_id),
      );
      return {
        items: page.map((row) => ({
          ...name(row.user_id),
          seen_at: row.seen_at?.toISOString() ?? null,
          confirmed_at: row.confirmed_at?.toISOString() ?? null,
          reminded_at: row.reminded_at?.toISOString() ?? null,
        })),
        next,
      };
    },

    /** Reminds everybody who has not confirmed; answers how many. */
    async remind(actor: Actor, id: string): Promise<number> {
      let reminded = 0;
      await managing(actor, id, { states: ['sending', 'sent'] }, async (trx, notice) => {
        if (!notice.confirm) throw errors.no_confirmation_wanted();
        const now = clock.now();
        const last = notice.reminded_at ?? undefined;
        if (last !== undefined && now.getTime() - last.getTime() < REMIND_AGAIN_MS)
          throw errors.reminded_already({ minutes: REMIND_AGAIN_MS / 60_000 });
        reminded = await repository.remindAll(trx, notice.id, now);
        await record(trx, actor.userId, 'remind', notice, { people: reminded });
        await queue.enqueue(loose(trx), REMIND_JOB, {}, { key: `${REMIND_JOB}:now` });
        return repository.update(trx, notice.id, { reminded_at: now });
      });
      return reminded;
    },

    // --- those it is for --------------------------------------------------------------------------------------

    async list(
      actor: Actor,
      query: { filter?: 'all' | 'to_confirm'; after?: string; limit?: number },
    ): Promise<{ items: Notice[]; next: string | null }> {
      const person = await requirePerson(org, actor);
      const limit = query.limit ?? DEFAULT_LIMIT;
      const rows = await repository.forReader(db, await standingOf(org, person), {
        toConfirm: query.filter === 'to_confirm',
        after: readCursor(query.after),
        limit: limit + 1,
      });
      const { page, next } = cut(rows, limit, (row) => writeCursor(row.sent_at ?? row.created_at, row.id));
      return { items: await present(page), next };
    },

    async one(actor: Actor, id: string): Promise<Notice> {
      const { notice } = await requireMine(actor, id);
      const [item] = await present([notice]);
      if (item === undefined) throw platformErrors.not_found();
      return item;
    },

    async seen(actor: Actor, id: string): Promise<void> {
      const { person, notice } = await requireMine(actor, id);
      if (notice.state === 'recalled') return;
      await mark(id, person.user_id, undefined);
    },

    async confirm(actor: Actor, id: string): Promise<void> {
      const { person, notice } = await requireMine(actor, id);
      if (notice.state === 'recalled') throw errors.notice_not_in_state({ state: notice.state });
      if (!notice.confirm) throw errors.no_confirmation_wanted();
      await mark(id, person.user_id, 'client');
    },

    toConfirm: (userId: string): Promise<number> => repository.toConfirm(db, userId),

    /** A stock client's answer to a message that brought a notice, or (`notice_id`) to a reminder of one. */
    async answered(response: {
      event_id: string;
      sender: string;
      kind: 'reply' | 'reaction';
      key: string | null;
      notice_id?: string;
    }): Promise<void> {
      if (response.key !== null && !isConfirmReaction(response.key)) return;
      const noticeId = response.notice_id ?? (await repository.byMessage(db, response.event_id))?.notice_id;
      if (noticeId === undefined) return;
      const person = await org.personByUserId(response.sender);
      if (person?.status !== 'active') return;
      const [notice] = await repository.forReader(db, await standingOf(org, person), {
        id: noticeId,
        toConfirm: false,
        after: undefined,
        limit: 1,
      });
      if (notice === undefined || !notice.confirm || notice.state === 'recalled') return;
      await mark(noticeId, person.user_id, response.kind);
    },

    // --- jobs -------------------------------------------------------------------------------------------------

    /** Sends what is scheduled and due, as far as its sender still may. Safe to run twice and at once. */
    async sendDue(): Promise<void> {
      await db.transaction().execute(async (trx) => {
        for (const notice of await repository.dueScheduled(trx, clock.now())) {
          const sender = notice.sender ?? notice.author;
          const person = await org.personByUserId(sender);
          const allowed =
            person?.status === 'active' &&
            (await policy.maySend({ userId: sender, local: true }, notice.audience));
          const problem = !allowed
            ? 'sender_not_allowed'
            : (await deliveryOf(org, notice.audience)).recipients.size === 0
              ? 'audience_empty'
              : undefined;
          if (problem === undefined) {
            await record(trx, sender, 'send', notice, { scheduled: true });
            await begin(trx, notice, sender);
          } else {
            await repository.update(trx, notice.id, {
              state: 'draft',
              scheduled_at: null,
              problem,
              updated_at: clock.now(),
            });
          }
        }
      });
    },

    /** Works out whom it is for and where it goes, once. Answers whether there is anything to send. */
    async plan(noticeId: string): Promise<NoticeRow | undefined> {
      const found = await repository.find(db, noticeId);
      if (found?.state !== 'sending' || found.sent_at !== null) return found;
      const delivery = await deliveryOf(org, found.audience);
      return db.transaction().execute(async (trx) => {
        const notice = await repository.lock(trx, noticeId);
        if (notice?.state !== 'sending' || notice.sent_at !== null) return notice;
        await repository.addRecipients(trx, noticeId, [...delivery.recipients]);
        await repository.addDeliveries(trx, noticeId, 'room', delivery.rooms);
        await repository.addDeliveries(trx, noticeId, 'direct', delivery.direct);
        if (delivery.recipients.size <= MAX_SIGNALLED) await signals.enqueue(trx, [...delivery.recipients]);
        return repository.update(trx, noticeId, { sent_at: clock.now() });
      });
    },

    setGone: (userId: string, gone: boolean): Promise<void> => repository.setGone(db, userId, gone),

    // --- leavers ----------------------------------------------------------------------------------------------

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
