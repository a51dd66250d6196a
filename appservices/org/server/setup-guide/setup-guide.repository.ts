import { sql } from 'kysely';
import type { OrgDb, OrgTrx } from '../tables.ts';
import { waitsForKeys } from '../provision/provision.repository.ts';
import type { SetupFigures } from './setup-guide.ts';

export const setupGuideRepository = {
  async figures(db: OrgDb, now: Date): Promise<SetupFigures> {
    const { rows } = await sql<SetupFigures>`with
      here as (select * from org.person where status in ('joining', 'active')),
      running as (select g.person_id, r.builtin from org.role_grant g join org.role r on r.id = g.role_id
        join here p on p.id = g.person_id
        left join org.department d on d.id = g.department_id
        where (g.ends_at is null or g.ends_at > ${now}) and (g.department_id is null or d.state = 'active')),
      main as (select distinct person_id from running where builtin = 'main_admin')
      select (select count(*) from here) as people,
        (select count(*) from here where activated_at is not null) as activated,
        (select count(*) from here where activated_at is not null
          and id not in (select person_id from main)) as activated_others,
        (select count(*) from here where account <> 'none') as with_account,
        (select count(*) from here p where ${waitsForKeys}) as waiting,
        (select count(*) from org.department where state = 'active') as departments,
        (select count(*) from org.department d where state = 'active' and not exists (
          select 1 from org.membership m join here p on p.id = m.person_id
          where m.department_id = d.id and m.until is null and m.is_head)) as without_head,
        (select count(*) from org.department where state = 'active' and room_id is not null) as with_room,
        (select count(*) from org.provision_problem) as problems,
        (select count(*) from main) as main_admins,
        (select count(distinct person_id) from running where builtin = 'department_admin') as department_admins,
        (select count(*) from org.import_run where state in ('checking', 'applying')) as imports_running,
        coalesce((select state = 'failed' from org.import_run order by created_at desc limit 1), false)
          as last_import_failed,
        w.pilot_confirmed_at is not null as pilot_confirmed,
        w.rollout_confirmed_at is not null as rollout_confirmed
      from org.workspace w`.execute(db);
    const [row] = rows;
    if (!row) throw new Error('org.workspace has no row');
    return row;
  },

  async confirm(trx: OrgTrx, step: 'pilot' | 'rollout', at: Date | null): Promise<void> {
    const column = sql.ref(`${step}_confirmed_at`);
    await sql`update org.workspace set ${column} = ${at}`.execute(trx);
  },
};
