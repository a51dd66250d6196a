import { makeErrors, platformErrors, type Access, type Actor } from '@qiao/platform';
import { noticesErrorTable, SEND_NOTICE, type Audience } from '../../contract/index.ts';
import type { NoticeRow } from './notices.repository.ts';

const errors = makeErrors('notices', noticesErrorTable);

export type NoticesPolicy = ReturnType<typeof createNoticesPolicy>;

/**
 * Who may send to whom: the permission over the whole company for everybody and for roles, over each department
 * otherwise. What is not seen is "not found".
 */
export function createNoticesPolicy(access: Access) {
  const company = (actor: Actor): Promise<boolean> => access.can(actor, SEND_NOTICE, { kind: 'company' });

  async function maySend(actor: Actor, audience: Audience): Promise<boolean> {
    if (await company(actor)) return true;
    if (audience.everybody || audience.roles.length > 0) return false;
    for (const { id } of audience.departments) {
      if (!(await access.can(actor, SEND_NOTICE, { kind: 'department', id }))) return false;
    }
    return audience.departments.length > 0;
  }

  return {
    company,
    maySend,

    /** @throws DomainError `platform.not_allowed` for whoever may send to nobody. */
    requireSender: (actor: Actor) => access.requireSomewhere(actor, SEND_NOTICE),

    /** @throws DomainError `notices.audience_empty`, `notices.audience_not_allowed` */
    async requireSend(actor: Actor, audience: Audience): Promise<void> {
      if (!audience.everybody && audience.departments.length === 0 && audience.roles.length === 0)
        throw errors.audience_empty();
      if (!(await maySend(actor, audience))) throw errors.audience_not_allowed();
    },

    /** Own ones, and all of them for whoever may send to the whole company. */
    async mayManage(actor: Actor, notice: NoticeRow): Promise<boolean> {
      if (await company(actor)) return true;
      if (notice.author !== actor.userId) return false;
      // An own text that went nowhere is one's own, also where its audience is out of reach by now.
      if (notice.state === 'draft') return (await access.grants(actor, SEND_NOTICE)).departments.length > 0;
      return maySend(actor, notice.audience);
    },

    /** @throws DomainError `platform.not_found` */
    async requireManage(actor: Actor, notice: NoticeRow | undefined): Promise<NoticeRow> {
      if (notice === undefined || !(await this.mayManage(actor, notice))) throw platformErrors.not_found();
      return notice;
    },
  };
}
