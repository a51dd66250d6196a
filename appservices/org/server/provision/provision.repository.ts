/*
 * What is left to do, as differences in SQL between the directory and what the homeserver was last told, and the
 * writes that close them. Nothing here waits for the homeserver.
 */
import { sql, type RawBuilder } from 'kysely';
import type { AccountState, DepartmentState, OrgDb } from '../tables.ts';
import type { Applied, Directory, DirectoryDepartment, RoomKind } from './tree.ts';

/** Problems only a person can decide; all others are tried again, later and later. */
export const LASTING_CODES = ['account_exists', 'account_is_bot', 'localpart_not_valid'] as const;
/** First wait before a failed item is tried again, and the longest, seconds; doubles in between. */
const RETRY_FIRST_SECONDS = 15;
const RETRY_MAX_SECONDS = 6 * 3600;

/** Goes up when the module judges otherwise whose a phone or number is: all are told anew. */
const NAMES_RULE = 2;

/** Rows fetched at once: bounds memory, not work. */
export const PAGE = 4000;

type Q<T> = RawBuilder<T>;
const texts = (values: readonly (string | null)[]): Q<unknown> => sql`${[...values]}::text[]`;
const uuids = (values: readonly string[]): Q<unknown> => sql`${[...values]}::uuid[]`;

/** When a problem's item is due again. */
const due: Q<Date> = sql`b.last_at + least(interval '1 second' * ${RETRY_FIRST_SECONDS} * power(2, least(b.attempts, 20) - 1),
  interval '1 second' * ${RETRY_MAX_SECONDS})`;
/** True while an item failed lately or waits for a person. */
const blocked = (subject: Q<unknown>): Q<boolean> => sql`exists (select 1 from org.provision_problem b
  where b.subject = ${subject} and (b.code = any(${texts(LASTING_CODES)}) or ${due} > now()))`;

const wantedAccount: Q<AccountState> = sql`case p.status when 'suspended' then 'locked' when 'left' then 'deactivated' else 'created' end`;
/** Somebody who never had an account needs none to be locked, and nobody has one before the first day (UTC). */
const accountDiffers: Q<boolean> = sql`(p.account <> ${wantedAccount} and not (p.account = 'none'
  and (p.status in ('suspended', 'left') or coalesce(p.starts_on > (now() at time zone 'utc')::date, false))))`;
const profileDiffers: Q<boolean> = sql`(p.account = 'created' and p.status in ('joining', 'active')
  and (p.applied_name is distinct from p.display_name or p.applied_email is distinct from lower(p.email)))`;
/** Phone and employee number to sign in with, one on a line; of who leaves, none: they may be a successor's. */
const wantedNames: Q<string | null> = sql`case when p.status in ('joining', 'active')
  then nullif(coalesce(p.phone, '') || chr(10) || coalesce(p.external_id, ''), chr(10)) end`;
const namesDiffer: Q<boolean> = sql`(p.account in ('created', 'locked')
  and p.applied_names is distinct from ${wantedNames})`;
/** People who belong into rooms now. */
const present: Q<boolean> = sql`(p.account = 'created' and p.status in ('joining', 'active'))`;

/** All people, or some. */
const among = (column: string, people: readonly string[] | undefined): Q<boolean> =>
  people === undefined ? sql`true` : sql`${sql.ref(column)} = any(${uuids(people)})`;

/**
 * Who belongs where: (room_id, person_id, step). A department's space and room hold its people, and those of
 * its sub-departments where `include_sub` says so; the company's space holds everybody. `step` orders the work: a
 * department's room is open to members of its space, so the space comes first.
 */
const wantedMembersOf = (people?: readonly string[]): Q<unknown> => sql`
  with recursive up (department_id, holder_id) as (
    select id, id from org.department where state = 'active'
    union
    select up.department_id, c.parent_id from up join org.department c on c.id = up.holder_id
    where c.parent_id is not null
  ), holder as (
    select up.department_id, h.space_id, h.room_id from up join org.department h on h.id = up.holder_id
    where h.state = 'active' and (up.department_id = up.holder_id or h.include_sub)
  ), placed as (
    select distinct h.space_id, h.room_id, m.person_id
    from org.membership m join holder h using (department_id) join org.person p on p.id = m.person_id
    where m.until is null and ${present} and ${among('m.person_id', people)}
  ), want as (
    select company_space_id as room_id, p.id as person_id, 0 as step
    from org.workspace, org.person p
    where company_space_id is not null and ${present} and ${among('p.id', people)}
    union all
    select space_id, person_id, 1 from placed where space_id is not null
    union all
    select room_id, person_id, 2 from placed where room_id is not null
  )`;
const wantedMembers = wantedMembersOf();

const memberSubject = (room: string, person: string): Q<unknown> =>
  sql`'member:' || ${sql.ref(room)} || ':' || ${sql.ref(person)}`;

/** Members who do not belong where they are. Groups a department was converted to keep theirs. */
const leavesFrom: Q<unknown> = sql`from org.room_member rm join org.person p on p.id = rm.person_id
  left join want w on w.room_id = rm.room_id and w.person_id = rm.person_id
  left join org.department g on g.room_id = rm.room_id and g.state = 'converted'
  where w.room_id is null and (g.id is null or not ${present})`;
/** Nobody is joined before a first device with keys: what is written before could never be read by them. */
const joinsFrom: Q<unknown> = sql`from want w join org.person p on p.id = w.person_id
  left join org.room_member rm on rm.room_id = w.room_id and rm.person_id = w.person_id
  where rm.room_id is null and p.keys_at is not null`;
/** People whose joins wait for their first device with keys. */
export const waitsForKeys: Q<boolean> = sql`(${present} and p.keys_at is null
  and not exists (select 1 from org.room_member rm where rm.person_id = p.id))`;

export interface PendingAccount {
  id: string;
  localpart: string;
  display_name: string;
  email: string | null;
  locale: 'zh-Hans' | 'en' | null;
  account: AccountState;
  wanted: AccountState;
}
export interface PendingProfile {
  id: string;
  localpart: string;
  display_name: string;
  email: string | null;
  applied_name: string | null;
  applied_email: string | null;
}
export interface PendingNames {
  id: string;
  localpart: string;
  phone: string | null;
  number: string | null;
  wanted: string | null;
}
export interface PendingMember {
  room_id: string;
  person_id: string;
  localpart: string;
  step: number;
}
export interface Problem {
  readonly subject: string;
  readonly kind: string;
  readonly code: string;
  readonly detail: string | null;
}
/** Settings of the provisioner in `org.workspace.settings`, key `provision`. */
export interface ProvisionSettings {
  enabled: boolean;
  /** `zh-Hans` or `en`: language of rooms' topics and of the bot where it speaks to many. */
  locale: string | null;
  last_reconciled_at: string | null;
  company_applied: Applied;
  /** Everybody who had keys before this installation asked for them is known. */
  keys_known: boolean;
}

export interface ManagedRoom {
  room_id: string;
  /** A department's id; null: the company's space. */
  department_id: string | null;
  kind: RoomKind;
  state: DepartmentState;
}

/** All reads and writes of the provisioner. */
export function createProvisionRepository(db: OrgDb, serverName: string) {
  const rows = async <T>(query: Q<T>): Promise<T[]> => (await query.execute(db)).rows;
  const one = async <T>(query: Q<T>): Promise<T> => {
    const [row] = await rows(query);
    if (row === undefined) throw new Error('query without a row');
    return row;
  };

  return {
    async settings(): Promise<ProvisionSettings & { company_space_id: string | null }> {
      const row = await one(
        sql<{ company_space_id: string | null; settings: Record<string, unknown> }>`
          select company_space_id, settings from org.workspace`,
      );
      const own = (row.settings['provision'] ?? {}) as Partial<ProvisionSettings>;
      const locale = row.settings['locale'];
      return {
        company_space_id: row.company_space_id,
        enabled: own.enabled ?? true,
        locale: typeof locale === 'string' ? locale : null,
        last_reconciled_at: own.last_reconciled_at ?? null,
        company_applied: own.company_applied ?? {},
        keys_known: own.keys_known ?? false,
      };
    },

    async changeSettings(change: Partial<Omit<ProvisionSettings, 'locale'>>): Promise<void> {
      await sql`update org.workspace set settings = jsonb_set(settings, '{provision}',
        coalesce(settings->'provision', '{}') || ${JSON.stringify(change)}::jsonb)`.execute(db);
    },

    /** Departments with their rooms, and the heads who have an account; the tree's whole truth, without people. */
    async directory(companyName: string): Promise<Directory> {
      const settings = await this.settings();
      const departments = await rows(sql<DirectoryDepartment>`
        select id, name, parent_id, position, hidden, state, space_id, room_id, applied from org.department
        where state = 'active' or space_id is not null or room_id is not null
        order by position, name, id`);
      const heads = await rows(sql<{ department_id: string; localpart: string }>`
        select m.department_id, p.localpart from org.membership m
        join org.person p on p.id = m.person_id join org.department d on d.id = m.department_id
        where m.is_head and ${present} and (m.until is null or (d.state = 'converted' and m.until >= d.ended_at::date))
        order by p.localpart`);
      const byDepartment = Map.groupBy(heads, (head) => head.department_id);
      return {
        serverName,
        company: {
          name: companyName,
          space_id: settings.company_space_id,
          applied: settings.company_applied,
        },
        departments,
        heads: new Map(
          [...byDepartment].map(([id, list]) => [
            id,
            [...new Set(list.map((head) => `@${head.localpart}:${serverName}`))],
          ]),
        ),
      };
    },

    pendingAccounts(): Promise<PendingAccount[]> {
      return rows(sql<PendingAccount>`
        select p.id, p.localpart, p.display_name, p.email, p.locale, p.account, ${wantedAccount} as wanted
        from org.person p where ${accountDiffers} and not ${blocked(sql`'person:' || p.id`)}
        order by p.account <> 'none' desc, p.created_at, p.id limit ${PAGE}`);
    },

    pendingProfiles(): Promise<PendingProfile[]> {
      return rows(sql<PendingProfile>`
        select p.id, p.localpart, p.display_name, lower(p.email) as email, p.applied_name, p.applied_email
        from org.person p where ${profileDiffers} and not ${blocked(sql`'person:' || p.id`)}
        order by p.id limit ${PAGE}`);
    },

    pendingNames(): Promise<PendingNames[]> {
      return rows(sql<PendingNames>`
        select p.id, p.localpart, p.phone, p.external_id as number, ${wantedNames} as wanted
        from org.person p where ${namesDiffer} and not ${blocked(sql`'person:' || p.id`)}
        order by p.id limit ${PAGE}`);
    },

    pendingLeaves(): Promise<PendingMember[]> {
      return rows(sql<PendingMember>`${wantedMembers}
        select rm.room_id, rm.person_id, p.localpart, 0 as step ${leavesFrom}
          and not ${blocked(memberSubject('rm.room_id', 'rm.person_id'))}
        order by rm.room_id, p.localpart limit ${PAGE}`);
    },

    /** Joins of one step (0 company, 1 spaces, 2 rooms), those of a room together; of all people, or of some. */
    pendingJoins(step: 0 | 1 | 2, people?: readonly string[]): Promise<PendingMember[]> {
      return rows(sql<PendingMember>`${wantedMembersOf(people)}
        select w.room_id, w.person_id, p.localpart, w.step ${joinsFrom} and w.step = ${step}
          and not ${blocked(memberSubject('w.room_id', 'w.person_id'))}
        order by w.room_id, p.localpart limit ${PAGE}`);
    },

    /** Counts for people; cheap enough to be asked every few seconds. */
    async counts(): Promise<{
      accounts: number;
      account_changes: number;
      names: number;
      joins: number;
      leaves: number;
      accounts_done: number;
      waiting: number;
      joins_done: number;
      problems: number;
    }> {
      const people = await one(sql<{
        accounts: number;
        account_changes: number;
        names: number;
        accounts_done: number;
        waiting: number;
      }>`
        select count(*) filter (where p.account = 'none' and ${accountDiffers})::int as accounts,
          count(*) filter (where p.account <> 'none' and ${accountDiffers})::int as account_changes,
          count(*) filter (where ${profileDiffers} or ${namesDiffer})::int as names,
          count(*) filter (where p.account <> 'none')::int as accounts_done,
          count(*) filter (where ${waitsForKeys})::int as waiting
        from org.person p`);
      const members = await one(sql<{ joins: number; leaves: number; joins_done: number }>`${wantedMembers}
        select (select count(*)::int ${joinsFrom}) as joins, (select count(*)::int ${leavesFrom}) as leaves,
          (select count(*)::int from org.room_member) as joins_done`);
      const { problems } = await one(
        sql<{ problems: number }>`select count(*)::int as problems from org.provision_problem`,
      );
      return { ...people, ...members, problems };
    },

    /** Accounts the homeserver now has in this state. A new one has name and address as they were sent. */
    async setAccounts(
      changed: readonly { id: string; account: AccountState; name?: string; email?: string | null }[],
    ): Promise<void> {
      if (changed.length === 0) return;
      // Devices go with the account: whoever gets it back begins anew.
      await sql`update org.person p set account = v.account,
          keys_at = case when v.account in ('created', 'locked') then p.keys_at end,
          applied_names = case when v.account in ('created', 'locked') then p.applied_names end,
          names_told = case when v.account in ('created', 'locked') then p.names_told else '{}' end,
          applied_name = coalesce(v.name, p.applied_name),
          applied_email = case when v.name is null then p.applied_email else v.email end
        from unnest(${uuids(changed.map((c) => c.id))}, ${texts(changed.map((c) => c.account))},
          ${texts(changed.map((c) => c.name ?? null))}, ${texts(changed.map((c) => c.email ?? null))})
          as v(id, account, name, email) where p.id = v.id`.execute(db);
    },

    async setNames(changed: readonly { id: string; name: string | null }[]): Promise<void> {
      if (changed.length === 0) return;
      await sql`update org.person p set applied_name = v.name
        from unnest(${uuids(changed.map((c) => c.id))}, ${texts(changed.map((c) => c.name))}) as v(id, name)
        where p.id = v.id`.execute(db);
    },

    async setEmails(changed: readonly { id: string; email: string | null }[]): Promise<void> {
      if (changed.length === 0) return;
      await sql`update org.person p set applied_email = v.email
        from unnest(${uuids(changed.map((c) => c.id))}, ${texts(changed.map((c) => c.email))}) as v(id, email)
        where p.id = v.id`.execute(db);
    },

    async setAppliedNames(changed: readonly { id: string; applied: string | null }[]): Promise<void> {
      if (changed.length === 0) return;
      await sql`update org.person p set applied_names = v.applied
        from unnest(${uuids(changed.map((c) => c.id))}, ${texts(changed.map((c) => c.applied))}) as v(id, applied)
        where p.id = v.id`.execute(db);
    },

    /** Which names cannot be signed in with, as the homeserver tells it. */
    async tellNames(told: readonly { localpart: string; names: readonly string[] }[]): Promise<void> {
      if (told.length === 0) return;
      const values = JSON.stringify(told);
      await sql`update org.person p set names_told = v.names
        from jsonb_to_recordset(${values}::jsonb) as v(localpart text, names text[])
        where p.localpart = v.localpart and p.names_told <> v.names`.execute(db);
    },

    /**
     * Whose a name is may come out otherwise than before, for phones are read by another country's rules, or the
     * homeserver's rule is another: all of them are told anew.
     */
    async namesJudgedBy(country: string): Promise<void> {
      const rule = `${country} ${String(NAMES_RULE)}`;
      const changed = await rows(sql`update org.workspace
        set settings = settings || jsonb_build_object('names_judged_by', ${rule}::text)
        where settings->>'names_judged_by' is distinct from ${rule} returning 1`);
      // Nothing anybody wants: it differs from all.
      if (changed.length > 0)
        await sql`update org.person set applied_names = '?' where applied_names is not null`.execute(db);
    },

    /** Records a room that now exists. False if another one was recorded meanwhile. */
    async setRoom(owner: string | null, kind: RoomKind, roomId: string, applied: Applied): Promise<boolean> {
      if (owner === null) {
        const done = await rows(sql`update org.workspace set company_space_id = ${roomId}
          where company_space_id is null returning 1`);
        if (done.length > 0) await this.changeSettings({ company_applied: applied });
        return done.length > 0;
      }
      const column = sql.ref(kind === 'space' ? 'space_id' : 'room_id');
      const done = await rows(sql`update org.department set ${column} = ${roomId},
          applied = applied || ${JSON.stringify({ [kind]: applied })}::jsonb
        where id = ${owner} and ${column} is null returning 1`);
      return done.length > 0;
    },

    /** A room is gone: it will be made anew. */
    async forgetRoom(owner: string | null, kind: RoomKind, roomId: string): Promise<void> {
      await db.transaction().execute(async (trx) => {
        if (owner === null) {
          await sql`update org.workspace set company_space_id = null where company_space_id = ${roomId}`.execute(
            trx,
          );
          await sql`update org.workspace set settings = jsonb_set(settings, '{provision}',
            coalesce(settings->'provision', '{}') || '{"company_applied":{}}')`.execute(trx);
        } else {
          const column = sql.ref(kind === 'space' ? 'space_id' : 'room_id');
          await sql`update org.department set ${column} = null, applied = applied - ${kind}::text
            where id = ${owner} and ${column} = ${roomId}`.execute(trx);
        }
        await sql`delete from org.room_member where room_id = ${roomId}`.execute(trx);
      });
    },

    /** What one room was told: prints to set, keys to drop. */
    async setApplied(
      owner: string | null,
      kind: RoomKind,
      set: Readonly<Record<string, string>>,
      drop: readonly string[],
    ): Promise<void> {
      if (owner === null) {
        await sql`update org.workspace set settings = jsonb_set(settings, '{provision}',
          coalesce(settings->'provision', '{}') || jsonb_build_object('company_applied',
            (coalesce(settings->'provision'->'company_applied', '{}') || ${JSON.stringify(set)}::jsonb) - ${texts(drop)}))`.execute(
          db,
        );
        return;
      }
      await sql`update org.department set applied = applied || jsonb_build_object(${kind}::text,
          (coalesce(applied->${kind}::text, '{}') || ${JSON.stringify(set)}::jsonb) - ${texts(drop)})
        where id = ${owner}`.execute(db);
    },

    async addMembers(members: readonly { room_id: string; person_id: string }[]): Promise<void> {
      if (members.length === 0) return;
      await sql`insert into org.room_member (room_id, person_id)
        select * from unnest(${texts(members.map((m) => m.room_id))}, ${uuids(members.map((m) => m.person_id))})
        on conflict do nothing`.execute(db);
    },

    async removeMembers(members: readonly { room_id: string; person_id: string }[]): Promise<void> {
      if (members.length === 0) return;
      await sql`delete from org.room_member rm
        using unnest(${texts(members.map((m) => m.room_id))}, ${uuids(members.map((m) => m.person_id))})
          as v(room_id, person_id)
        where rm.room_id = v.room_id and rm.person_id = v.person_id`.execute(db);
    },

    async addProblems(problems: readonly Problem[]): Promise<void> {
      if (problems.length === 0) return;
      const last = [...new Map(problems.map((problem) => [problem.subject, problem])).values()];
      await sql`insert into org.provision_problem (subject, kind, code, detail)
        select * from unnest(${texts(last.map((p) => p.subject))}, ${texts(last.map((p) => p.kind))},
          ${texts(last.map((p) => p.code))}, ${texts(last.map((p) => p.detail))})
        on conflict (subject) do update set kind = excluded.kind, code = excluded.code, detail = excluded.detail,
          attempts = org.provision_problem.attempts + 1, last_at = now()`.execute(db);
    },

    async clearProblems(subjects: readonly string[]): Promise<void> {
      if (subjects.length === 0) return;
      await sql`delete from org.provision_problem where subject = any(${texts(subjects)})`.execute(db);
    },

    /** Removes problems whose matter is settled: the person or the membership is as wanted, or no longer wanted. */
    async clearSettledProblems(): Promise<void> {
      const { n } = await one(sql<{ n: number }>`select count(*)::int as n from org.provision_problem`);
      if (n === 0) return;
      await sql`delete from org.provision_problem b using org.person p
        where b.subject = 'person:' || p.id and not ${accountDiffers} and not ${profileDiffers}
          and not ${namesDiffer}`.execute(db);
      await sql`${wantedMembers}, open as (
          select 'member:' || w.room_id || ':' || w.person_id as subject ${joinsFrom}
          union all select 'member:' || rm.room_id || ':' || rm.person_id ${leavesFrom})
        delete from org.provision_problem b where b.kind = 'member' and not exists
          (select 1 from open where open.subject = b.subject)`.execute(db);
    },

    /** When the next failed item is due; undefined where none is. */
    async nextDue(): Promise<Date | undefined> {
      const row = await one(sql<{ at: Date | null }>`select min(${due}) as at from org.provision_problem b
        where b.code <> all(${texts(LASTING_CODES)})`);
      return row.at ?? undefined;
    },

    managedRooms(): Promise<ManagedRoom[]> {
      return rows(sql<ManagedRoom>`
        select company_space_id as room_id, null as department_id, 'space' as kind, 'active' as state
          from org.workspace where company_space_id is not null
        union all select space_id, id, 'space', state from org.department where space_id is not null
        union all select room_id, id, 'room', state from org.department where room_id is not null`);
    },

    /** Everybody who belongs into one of these rooms, with keys or without, as `room_id|user_id`. */
    async wantedIn(roomIds: readonly string[]): Promise<Set<string>> {
      const found = await rows(sql<{ key: string }>`${wantedMembers}
        select w.room_id || '|@' || p.localpart || ':' || ${serverName}::text as key
        from want w join org.person p on p.id = w.person_id where w.room_id = any(${texts(roomIds)})`);
      return new Set(found.map((row) => row.key));
    },

    /** Recorded members of rooms. */
    recordedIn(
      roomIds: readonly string[],
    ): Promise<{ room_id: string; person_id: string; localpart: string }[]> {
      return rows(sql<{ room_id: string; person_id: string; localpart: string }>`
        select rm.room_id, rm.person_id, p.localpart from org.room_member rm join org.person p on p.id = rm.person_id
        where rm.room_id = any(${texts(roomIds)})`);
    },

    async peopleByLocalpart(localparts: readonly string[]): Promise<Map<string, string>> {
      if (localparts.length === 0) return new Map();
      const found = await rows(sql<{ id: string; localpart: string }>`
        select id, localpart from org.person where localpart = any(${texts(localparts)})`);
      return new Map(found.map((row) => [row.localpart, row.id]));
    },

    /** People with an account, page by page in the order of ids. */
    accountsAfter(
      after: string,
      limit: number,
    ): Promise<
      {
        id: string;
        localpart: string;
        account: AccountState;
        display_name: string;
        applied_name: string | null;
      }[]
    > {
      return rows(sql<{
        id: string;
        localpart: string;
        account: AccountState;
        display_name: string;
        applied_name: string | null;
      }>`select id, localpart, account, display_name, applied_name from org.person
        where account <> 'none' and id > ${after}::uuid order by id limit ${limit}`);
    },

    async addDrift(
      found: readonly { kind: string; subject: string; detail: Record<string, unknown> }[],
    ): Promise<void> {
      if (found.length === 0) return;
      await sql`insert into org.drift (kind, subject, detail)
        select v.kind, v.subject, v.detail from jsonb_to_recordset(${JSON.stringify(found)}::jsonb)
          as v(kind text, subject text, detail jsonb)
        where not exists (select 1 from org.drift d
          where d.kind = v.kind and d.subject = v.subject and d.detail = v.detail and d.repaired_at is null)`.execute(
        db,
      );
    },

    /** Open drift whose repair has no problem left. */
    async settleDrift(): Promise<void> {
      await sql`update org.drift d set repaired_at = now() where repaired_at is null
        and not exists (select 1 from org.provision_problem b where b.subject = d.subject)`.execute(db);
    },
  };
}

export type ProvisionRepository = ReturnType<typeof createProvisionRepository>;
