import {
  cutPage,
  makeErrors,
  platformErrors,
  readTimeCursor,
  writeTimeCursor,
  type Actor,
} from '@qiao/platform';
import type { OrgPerson } from '@qiao/org/contract';
import { isConfirmReaction, noticesErrorTable, type Notice } from '../../contract/index.ts';
import type { Base } from '../context.ts';
import { requirePerson } from '../people.ts';
import type { Signals } from '../reminders/signals.ts';
import { DEFAULT_LIMIT } from './names.ts';
import type { Presenter } from './notices.present.ts';
import { noticesRepository as repository, type NoticeForReader } from './notices.repository.ts';
import { standingOf } from './people.ts';

const errors = makeErrors('notices', noticesErrorTable);

/** Notices as those read and confirm them whom they are for; in the client, or from any other one. */
export function createReading(base: Base, parts: { signals: Signals; presenter: Presenter }) {
  const { context, db, org } = base;
  const { signals } = parts;
  const { present } = parts.presenter;
  const { clock } = context;

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

  /** Marks, and tells the reader's other devices and, of a confirmation, who follows it. */
  async function mark(
    { id: noticeId, author }: Pick<NoticeForReader, 'id' | 'author'>,
    userId: string,
    confirmed: 'client' | 'reaction' | 'reply' | undefined,
  ): Promise<void> {
    await db.transaction().execute(async (trx) => {
      await repository.mark(trx, noticeId, userId, clock.now(), confirmed);
      if (confirmed === undefined) return;
      await signals.enqueue(trx, [userId]);
      if (author !== userId) await signals.enqueue(trx, [author], `confirmed:${noticeId}`);
    });
  }

  return {
    async list(
      actor: Actor,
      query: { filter?: 'all' | 'to_confirm'; after?: string; limit?: number },
    ): Promise<{ items: Notice[]; next: string | null }> {
      const person = await requirePerson(org, actor);
      const limit = query.limit ?? DEFAULT_LIMIT;
      const rows = await repository.forReader(db, await standingOf(org, person), {
        toConfirm: query.filter === 'to_confirm',
        after: readTimeCursor(query.after),
        limit: limit + 1,
      });
      const { page, next } = cutPage(rows, limit, (row) =>
        writeTimeCursor(row.sent_at ?? row.created_at, row.id),
      );
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
      await mark(notice, person.user_id, undefined);
    },

    async confirm(actor: Actor, id: string): Promise<void> {
      const { person, notice } = await requireMine(actor, id);
      if (notice.state === 'recalled') throw errors.notice_not_in_state({ state: notice.state });
      if (!notice.confirm) throw errors.no_confirmation_wanted();
      await mark(notice, person.user_id, 'client');
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
      await mark(notice, person.user_id, response.kind);
    },
  };
}
