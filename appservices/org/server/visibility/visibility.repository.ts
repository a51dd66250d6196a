import { sql, type RawBuilder } from 'kysely';
import type { DepartmentTree } from '../directory/tree.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import { followed, normalTitle, type Party, type Rule, type Selector } from './rules.ts';

/** A viewer of the directory. */
export interface ViewerRow {
  id: string;
  title: string | null;
  manager_id: string | null;
  departments: string[];
  titles: string[];
}

const uuids = (ids: Iterable<string>): RawBuilder<unknown> => sql`${[...ids]}::uuid[]`;

export const visibilityRepository = {
  async rules(db: OrgDb | OrgTrx): Promise<Rule[]> {
    const rows = await db
      .selectFrom('org.visibility_rule')
      .select(['viewer', 'target', 'can_see', 'can_contact', 'note'])
      .orderBy('position')
      .orderBy('id')
      .execute();
    return rows.map((row) => ({ ...row, viewer: row.viewer as Selector, target: row.target as Selector }));
  },

  async replaceRules(trx: OrgTrx, rules: readonly (Rule & { id: string })[]): Promise<void> {
    await sql`lock table org.visibility_rule in share row exclusive mode`.execute(trx);
    await trx.deleteFrom('org.visibility_rule').execute();
    if (rules.length === 0) return;
    await trx
      .insertInto('org.visibility_rule')
      .values(
        rules.map((rule, position) => ({
          id: rule.id,
          position,
          viewer: JSON.stringify(rule.viewer),
          target: JSON.stringify(rule.target),
          can_see: rule.can_see,
          can_contact: rule.can_contact,
          note: rule.note ?? null,
        })),
      )
      .execute();
  },

  /** Lets rules that name `from` name `into` (a merger); answers how many. Under the directory's lock. */
  async follow(trx: OrgTrx, from: string, into: string): Promise<number> {
    const rows = await trx
      .selectFrom('org.visibility_rule')
      .select(['id', 'viewer', 'target'])
      .where(sql<boolean>`viewer->'departments' ? ${from} or target->'departments' ? ${from}`)
      .forUpdate()
      .execute();
    for (const row of rows) {
      await trx
        .updateTable('org.visibility_rule')
        .set({
          viewer: JSON.stringify(followed(row.viewer as Selector, from, into)),
          target: JSON.stringify(followed(row.target as Selector, from, into)),
        })
        .where('id', '=', row.id)
        .execute();
    }
    return rows.length;
  },

  /** An active person who looks at the directory. */
  async viewer(db: OrgDb | OrgTrx, localpart: string): Promise<ViewerRow | undefined> {
    const { rows } = await sql<ViewerRow>`select p.id, p.title, p.manager_id,
        coalesce(array_agg(m.department_id) filter (where m.id is not null), '{}') as departments,
        coalesce(array_agg(m.title) filter (where m.title is not null), '{}') as titles
      from org.person p left join org.membership m on m.person_id = p.id and m.until is null
      where p.localpart = ${localpart} and p.status = 'active' group by p.id`.execute(db);
    return rows[0];
  },
};

/** Everything that decides what one viewer sees. */
export interface View {
  readonly tree: DepartmentTree;
  readonly viewer: ViewerRow;
  readonly party: Party;
  /** Rules that can concern the viewer, in their order. */
  readonly rules: readonly Rule[];
  readonly unseen: ReadonlySet<string>;
}

/** `p` is `org.person`, one of ours, so never external. */
function targetFits(selector: Selector, tree: DepartmentTree): RawBuilder<boolean> {
  const { departments = [], titles = [], external } = selector;
  if (external === true) return sql<boolean>`false`;
  const parts: RawBuilder<boolean>[] = [];
  if (departments.length > 0) {
    // Not correlated: PostgreSQL reads it once and looks people up in a hash.
    parts.push(sql<boolean>`p.id in (select m.person_id from org.membership m
      where m.until is null and m.department_id = any(${uuids(tree.subtree(departments))}))`);
  }
  if (titles.length > 0) {
    const wanted = titles.map(normalTitle);
    parts.push(sql<boolean>`(lower(btrim(normalize(coalesce(p.title, ''), nfkc))) = any(${wanted}::text[])
      or p.id in (select m.person_id from org.membership m where m.until is null
        and lower(btrim(normalize(m.title, nfkc))) = any(${wanted}::text[])))`);
  }
  return parts.length === 0 ? sql<boolean>`true` : sql<boolean>`(${sql.join(parts, sql` and `)})`;
}

function decision(view: View, of: (rule: Rule) => boolean): RawBuilder<boolean> {
  if (view.rules.every(of)) return sql<boolean>`true`;
  const cases = view.rules.map(
    (rule) => sql`when ${targetFits(rule.target, view.tree)} then ${sql.lit(of(rule))}`,
  );
  return sql<boolean>`(p.id = ${view.viewer.id}::uuid or case ${sql.join(cases, sql` `)} else true end)`;
}

/**
 * Whether the viewer sees `p` (`org.person`): somebody who is here, whom the rules let be seen, and who is not only
 * in hidden departments. One's own manager and reports are seen although their department is hidden.
 */
export function canSee(view: View): RawBuilder<boolean> {
  const { viewer, unseen } = view;
  const parts: RawBuilder<boolean>[] = [
    sql<boolean>`p.status in ('joining', 'active')`,
    decision(view, (rule) => rule.can_see),
  ];
  if (unseen.size > 0) {
    const hidden = uuids(unseen);
    parts.push(sql<boolean>`(p.id = ${viewer.id}::uuid or p.manager_id = ${viewer.id}::uuid
      or p.id is not distinct from ${viewer.manager_id}::uuid
      or p.id not in (select m.person_id from org.membership m
        where m.until is null and m.department_id = any(${hidden}))
      or p.id in (select m.person_id from org.membership m
        where m.until is null and m.department_id <> all(${hidden})))`);
  }
  return sql<boolean>`(${sql.join(parts, sql` and `)})`;
}

/** Whether the viewer may contact `p`; only asked of people who are seen. */
export const canContact = (view: View): RawBuilder<boolean> =>
  decision(view, (rule) => rule.can_see && rule.can_contact);
