import { makeErrors, platformErrors, type Actor } from '@qiao/platform';
import { noticesErrorTable, type Audience, type NoticeState } from '../../contract/index.ts';
import { loose, type Base } from '../context.ts';
import { requirePerson } from '../people.ts';
import type { NoticesTrx } from '../tables.ts';
import { DELIVER_JOB, queueOf } from './names.ts';
import type { NoticesPolicy } from './notices.policy.ts';
import { noticesRepository as repository, type NoticeRow } from './notices.repository.ts';

const errors = makeErrors('notices', noticesErrorTable);

export type Managing = ReturnType<typeof createManaging>;

/** What every change of a notice by those who send has in common: rights, lock, state, and the act in the log. */
export function createManaging(base: Base, policy: NoticesPolicy) {
  const { context, db, org } = base;
  const { clock, queue, acts } = context;

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

  /** From now on it goes out. */
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

  return { requireAudience, record, managing, begin };
}
