import { platformErrors } from '@qiao/platform';
import type { OrgPerson, OrgRead } from '@qiao/org/contract';
import type { CloseHow } from '../../contract/index.ts';
import { mayClose } from './obligation.ts';
import type { ObligationRow } from './obligations.repository.ts';

/**
 * Who of those in the room may be asked by the person: people who work here, and whom the visibility rules let the
 * person contact. Why somebody is left out is told to nobody.
 */
export async function mayBeAsked(
  org: OrgRead,
  asker: OrgPerson,
  joined: readonly string[],
): Promise<{ allowed: string[] }> {
  const allowed: string[] = [];
  for (const userId of joined) {
    if (userId === asker.user_id) continue;
    const person = await org.personByUserId(userId);
    if (person?.status === 'active' && (await org.mayContact(asker.user_id, person.id))) allowed.push(userId);
  }
  return { allowed };
}

/**
 * Whether the person may end it like this.
 * @throws DomainError `platform.not_found` where it is not theirs, `platform.not_allowed` where they know of it
 */
export function requireClose(row: ObligationRow | undefined, userId: string, how: CloseHow): ObligationRow {
  const may = row === undefined ? undefined : mayClose(row, userId, how);
  if (row === undefined || may === undefined) throw platformErrors.not_found();
  if (!may) throw platformErrors.not_allowed();
  return row;
}
