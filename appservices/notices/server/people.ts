import { platformErrors, type Actor } from '@qiao/platform';
import type { OrgPerson, OrgRead } from '@qiao/org/contract';
import type { PersonRef } from '../contract/index.ts';

/** The caller's person, who works here. @throws DomainError `platform.not_allowed` for anybody else. */
export async function requirePerson(org: OrgRead, actor: Actor): Promise<OrgPerson> {
  const person = actor.local ? await org.personByUserId(actor.userId) : undefined;
  if (person?.status !== 'active') throw platformErrors.not_allowed();
  return person;
}

/** Names of Matrix users, as far as they are people of ours; the id itself for others. */
export async function namesOf(
  org: OrgRead,
  userIds: Iterable<string>,
): Promise<(userId: string) => PersonRef> {
  const names = new Map<string, string>();
  await Promise.all(
    [...new Set(userIds)].map(async (userId) => {
      const person = await org.personByUserId(userId);
      if (person !== undefined) names.set(userId, person.display_name);
    }),
  );
  return (userId) => ({ user_id: userId, display_name: names.get(userId) ?? userId });
}
