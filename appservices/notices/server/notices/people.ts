import type { OrgDepartment, OrgPerson, OrgRead } from '@qiao/org/contract';
import type { Audience } from '../../contract/index.ts';
import { planRooms, withAncestors } from './audience.ts';
import type { Standing } from './notices.repository.ts';

/** Where a notice goes: rooms by department, and people who are told directly. */
export interface Delivery {
  readonly recipients: ReadonlySet<string>;
  /** Those of them who have not activated the account yet: they find it in their list when they do. */
  readonly waiting: ReadonlySet<string>;
  readonly rooms: readonly string[];
  readonly direct: readonly string[];
}

/** Everybody an audience means now, and how each is reached. */
export async function deliveryOf(org: OrgRead, audience: Audience): Promise<Delivery> {
  const departments = await org.departments();
  const plan = planRooms(audience, departments);
  const recipients = new Set<string>();
  const reached = new Set<string>();
  const waiting = new Set<string>();
  const add = (people: readonly OrgPerson[], inRoom: boolean): void => {
    for (const person of people) {
      if (person.status !== 'active' && person.status !== 'joining') continue;
      recipients.add(person.user_id);
      if (person.status === 'joining') waiting.add(person.user_id);
      if (inRoom) reached.add(person.user_id);
    }
  };
  for (const id of plan.wanted) add(await org.members(id), plan.reached.has(id));
  if (audience.everybody) add(await org.everybody(), false);
  for (const id of audience.roles) add(await org.roleHolders(id), false);
  return {
    recipients,
    waiting,
    rooms: plan.rooms,
    direct: [...recipients].filter((userId) => !reached.has(userId) && !waiting.has(userId)),
  };
}

/** What decides which notices are a person's. */
export async function standingOf(org: OrgRead, person: OrgPerson): Promise<Standing> {
  const [placements, departments, roles] = await Promise.all([
    org.departmentsOf(person.id),
    org.departments(),
    org.roleIdsOf(person.id),
  ]);
  const own = placements.map((placement) => placement.department.id);
  return { user_id: person.user_id, departments: own, branch: withAncestors(own, departments), roles };
}

/** Departments below some roots, the roots too. */
export function subtreesOf(departments: readonly OrgDepartment[], roots: readonly string[]): OrgDepartment[] {
  const wanted = new Set(roots);
  return departments.filter((one) => withAncestors([one.id], departments).some((id) => wanted.has(id)));
}
