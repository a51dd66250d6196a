import type { OrgDb, OrgTrx } from '../tables.ts';
import { DepartmentTree, type DepartmentNode } from './tree.ts';

/** The tree with all departments, ended ones too. */
export async function loadTree(db: OrgDb | OrgTrx): Promise<DepartmentTree> {
  const rows: DepartmentNode[] = await db
    .selectFrom('org.department')
    .select(['id', 'name', 'parent_id', 'position', 'hidden', 'state'])
    .execute();
  return new DepartmentTree(rows);
}
