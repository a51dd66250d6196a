import { sql } from 'kysely';
import type { DepartmentState, OrgDb, OrgTrx } from '../tables.ts';
import type { RefRow } from './people.repository.ts';
import type { DepartmentNode } from './tree.ts';

export interface DepartmentRow extends DepartmentNode {
  readonly external_id: string | null;
  readonly include_sub: boolean;
  readonly space_id: string | null;
  readonly room_id: string | null;
  readonly version: number;
  readonly state: DepartmentState;
}

const uuids = (ids: Iterable<string>) => sql`${[...ids]}::uuid[]`;
/** People who count: leavers do not, from the moment they are locked. */
const HERE = sql`p.status in ('joining', 'active')`;

/** SQL of departments for the console; writing is `changes.service.ts`. */
export const departmentsRepository = {
  async all(db: OrgDb | OrgTrx): Promise<DepartmentRow[]> {
    return db
      .selectFrom('org.department')
      .select([
        'id',
        'external_id',
        'name',
        'parent_id',
        'position',
        'hidden',
        'include_sub',
        'state',
        'space_id',
        'room_id',
        'version',
      ])
      .execute();
  },

  /** People by department they are directly in, and the departments of each who is in several. */
  async memberships(db: OrgDb | OrgTrx): Promise<{ direct: Map<string, number>; several: string[][] }> {
    const direct = await sql<{ id: string; count: number }>`select m.department_id as id, count(*) as count
      from org.membership m join org.person p on p.id = m.person_id and ${HERE}
      where m.until is null group by m.department_id`.execute(db);
    const several = await sql<{ ids: string[] }>`select array_agg(m.department_id) as ids
      from org.membership m join org.person p on p.id = m.person_id and ${HERE}
      where m.until is null group by m.person_id having count(*) > 1`.execute(db);
    return {
      direct: new Map(direct.rows.map((row) => [row.id, row.count])),
      several: several.rows.map((row) => row.ids),
    };
  },

  async heads(db: OrgDb | OrgTrx, ids: Iterable<string>): Promise<Map<string, RefRow[]>> {
    const { rows } = await sql<
      RefRow & { department_id: string }
    >`select m.department_id, p.id, p.display_name,
        p.localpart, p.title
      from org.membership m join org.person p on p.id = m.person_id
      where m.until is null and m.is_head and m.department_id = any(${uuids(ids)}) and p.status <> 'left'
      order by p.sort_name, p.id`.execute(db);
    return Map.groupBy(rows, (row) => row.department_id);
  },

  /** Current placements of everybody who is in one of the departments, all their departments included. */
  async placementsOfMembers(
    db: OrgDb | OrgTrx,
    ids: Iterable<string>,
  ): Promise<
    Map<
      string,
      {
        person_id: string;
        department_id: string;
        is_primary: boolean;
        is_head: boolean;
        title: string | null;
      }[]
    >
  > {
    const { rows } = await sql<{
      person_id: string;
      department_id: string;
      is_primary: boolean;
      is_head: boolean;
      title: string | null;
    }>`select m.person_id, m.department_id, m.is_primary, m.is_head, m.title
      from org.membership m join org.person p on p.id = m.person_id
      where m.until is null and ${HERE} and m.person_id in (
        select person_id from org.membership where until is null and department_id = any(${uuids(ids)}))
      order by m.person_id, m.department_id`.execute(db);
    return Map.groupBy(rows, (row) => row.person_id);
  },
};
