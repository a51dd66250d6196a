import { makeErrors, platformErrors, type Actor } from '@qiao/platform';
import { sql, type RawBuilder } from 'kysely';
import { orgErrorTable } from '../../contract/errors.ts';
import { changesRepository } from '../changes.repository.ts';
import { importsRepository } from '../imports/imports.repository.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import { sourcesRepository, type SourceRow } from './sources.repository.ts';

const errors = makeErrors('org', orgErrorTable);

/** What going over means, in numbers. */
export interface Handover {
  people: number;
  departments: number;
  staying: number;
}

/**
 * Gives the people of a source to another one: a company moves from files to SCIM or LDAP. Nothing about them changes
 * but who keeps them in step: what is missing there lets them go, what comes from there is taken.
 *
 * To SCIM, each gets the user name an identity provider looks for first: the e-mail address, else the account's name
 * (RFC 7644 3.4.2.2: clients ask `userName eq …` before they create). Their departments go with them as those of the
 * department attribute, which groups of the same name take over (ADR 58); one whose name is not the only one stays.
 * A dry run counts only: it waits for nobody and keeps nobody waiting.
 * @throws DomainError `platform.not_found`, `platform.bad_request` for one and the same source,
 * `org.import_not_in_state` while an import of either runs
 */
export async function handOverSource(
  context: Pick<OrgContext, 'acts' | 'clock' | 'db'>,
  actor: Actor,
  fromId: string,
  { to_id: toId, dry_run: dryRun }: { to_id: string; dry_run: boolean },
): Promise<Handover> {
  if (fromId === toId) throw platformErrors.bad_request({ reason: 'org.to_id' }, { field: 'to_id' });
  return goOver(context, { source: fromId }, toId, dryRun, async (trx, { from, to }, result) => {
    await context.acts.record(trx as never, {
      actor: actor.userId,
      action: 'org.source.handover',
      subject: `source:${fromId}`,
      scope: 'company',
      details: { name: from?.name ?? '', to: toId, to_name: to.name, ...result },
    });
  });
}

/**
 * The same for people no source keeps in step: those made by hand, and those of a source that was deleted. Without
 * ids, all who have not left.
 * @throws DomainError `platform.not_found` also for a person who belongs to a source or has left,
 * `org.import_not_in_state`
 */
export async function adoptPeople(
  context: Pick<OrgContext, 'acts' | 'clock' | 'db'>,
  actor: Actor,
  toId: string,
  { person_ids: ids, dry_run: dryRun }: { person_ids?: readonly string[]; dry_run: boolean },
): Promise<Handover> {
  return goOver(context, { people: ids }, toId, dryRun, async (trx, { to }, result) => {
    await context.acts.record(trx as never, {
      actor: actor.userId,
      action: 'org.source.adopt',
      subject: `source:${toId}`,
      scope: 'company',
      details: { name: to.name, ...result, ...(ids === undefined ? {} : { person_ids: ids }) },
    });
  });
}

/** Whose people go: a source's, or nobody's (`people` undefined: all of them). */
type Giver = { source: string } | { people: readonly string[] | undefined };

/** Condition on `p`, a person. */
const belongs = (giver: Giver): RawBuilder<boolean> =>
  'source' in giver
    ? sql<boolean>`p.source_id = ${giver.source}::uuid`
    : giver.people === undefined
      ? sql<boolean>`p.source_id is null and p.status <> 'left'`
      : sql<boolean>`p.source_id is null and p.status <> 'left' and p.id = any(${[...giver.people]}::uuid[])`;

async function goOver(
  context: Pick<OrgContext, 'clock' | 'db'>,
  giver: Giver,
  toId: string,
  dryRun: boolean,
  record: (
    trx: OrgTrx,
    sources: { from: SourceRow | undefined; to: SourceRow },
    result: Handover,
  ) => Promise<void>,
): Promise<Handover> {
  const db = context.db as OrgDb;
  const fromId = 'source' in giver ? giver.source : undefined;
  const ids = fromId === undefined ? [toId] : [fromId, toId];
  const look = async (store: OrgDb | OrgTrx): Promise<{ from: SourceRow | undefined; to: SourceRow }> => {
    const from = fromId === undefined ? undefined : await sourcesRepository.find(store, fromId);
    const to = await sourcesRepository.find(store, toId);
    if (!to || (fromId !== undefined && !from)) throw platformErrors.not_found();
    for (const id of ids) {
      if (await importsRepository.busy(store, id)) throw errors.import_not_in_state({ state: 'checking' });
    }
    if ('people' in giver && giver.people) await requireGivers(store, giver, giver.people.length);
    return { from, to };
  };
  if (dryRun) {
    const { to } = await look(db);
    return inNumbers(await decide(db, giver, toId, to.kind === 'scim'));
  }
  return db.transaction().execute(async (trx) => {
    await changesRepository.lock(trx);
    await trx
      .selectFrom('org.source')
      .select('id')
      .where('id', 'in', ids)
      .orderBy('id')
      .forUpdate()
      .execute();
    const { from, to } = await look(trx);
    const now = context.clock.now();
    const scim = to.kind === 'scim';
    const plan = await decide(trx, giver, toId, scim);
    await takeOver(trx, giver, toId, scim, plan, now);
    const result = inNumbers(plan);
    if (result.people > 0) {
      // An import that was checked against the old state has to look again.
      await changesRepository.bumpDirectoryVersion(trx);
      await record(trx, { from, to }, result);
    }
    return result;
  });
}

/** Who goes over, which departments go with them, and how many stay. */
interface Plan {
  readonly people: readonly string[];
  readonly departments: readonly string[];
  readonly staying: number;
}

/**
 * The rules of going over, for the dry run and for what is done; writes and locks nothing. To SCIM goes who has a name
 * of their own there; of several with one name the provider's users come after those it does not know yet.
 * Departments go all of whose people are the receiver's then, and whose name is the only one.
 */
async function decide(store: OrgDb | OrgTrx, giver: Giver, to: string, scim: boolean): Promise<Plan> {
  const theirs = belongs(giver);
  const { rows } = await sql<{ people: string[]; departments: string[]; staying: number }>`with wished as (
      select p.id, u.source_id as provider, lower(coalesce(u.user_name, p.email, p.localpart)) as name
      from org.person p left join org.scim_user u on u.person_id = p.id
      where ${theirs} and p.status <> 'left'
    ), named as (
      select distinct on (name) id from wished w
      where provider is distinct from ${to}::uuid
        and not exists (select 1 from org.scim_user o
          where o.source_id = ${to}::uuid and lower(o.user_name) = w.name and o.deleted_at is null)
      order by name, provider is not null, id
    ), going as (
      select id from wished where not ${scim} or provider = ${to}::uuid
      union select id from named
    ), kept as (
      select p.id from org.person p where p.source_id = ${to}::uuid or (${theirs} and p.status = 'left')
      union select id from going
    ), taken as (
      select d.id from org.department d
      where ${scim} and d.state = 'active'
        and exists (select 1 from org.membership m where m.department_id = d.id and m.until is null)
        and not exists (select 1 from org.membership m where m.department_id = d.id and m.until is null
          and m.person_id not in (select id from kept))
        and (select count(*) from org.department o
          where o.state = 'active' and lower(o.name) = lower(d.name)) = 1
        and not exists (select 1 from org.scim_group g where g.department_id = d.id)
    )
    select array(select id from going) as people, array(select id from taken) as departments,
      (select count(*)::int from wished) - (select count(*)::int from going) as staying`.execute(store);
  return rows[0] ?? { people: [], departments: [], staying: 0 };
}

const inNumbers = ({ people, departments, staying }: Plan): Handover => ({
  people: people.length,
  departments: departments.length,
  staying,
});

async function requireGivers(trx: OrgDb | OrgTrx, giver: Giver, count: number): Promise<void> {
  const { rows } = await sql`select 1 from org.person p where ${belongs(giver)}`.execute(trx);
  if (rows.length < count) throw platformErrors.not_found();
}

/** Does what was decided; who has left goes along. */
async function takeOver(
  trx: OrgTrx,
  giver: Giver,
  to: string,
  scim: boolean,
  { people, departments }: Plan,
  now: Date,
): Promise<void> {
  const going = sql<boolean>`p.id = any(${[...people]}::uuid[])`;
  const gone = sql<boolean>`(${belongs(giver)} and p.status = 'left')`;
  if (scim) {
    await sql`insert into org.scim_user (person_id, source_id, user_name, created_at, updated_at)
      select p.id, ${to}::uuid, coalesce(p.email, p.localpart), ${now}, ${now}
      from org.person p
      where ${going}
      on conflict (person_id) do nothing`.execute(trx);
    // Of another SCIM source: the provider's own names and attributes go along.
    await sql`update org.scim_user u set source_id = ${to}::uuid, updated_at = ${now}, deleted_at = null
      from org.person p
      where p.id = u.person_id and (${going} or ${gone}) and u.source_id <> ${to}::uuid
        and not exists (select 1 from org.scim_user o where o.source_id = ${to}::uuid
          and lower(o.user_name) = lower(u.user_name) and o.deleted_at is null)`.execute(trx);
    await sql`insert into org.scim_group (department_id, source_id, origin, created_at, updated_at)
      select id, ${to}::uuid, 'attribute', ${now}, ${now} from unnest(${[...departments]}::uuid[]) as id`.execute(
      trx,
    );
  } else {
    await sql`delete from org.scim_user u using org.person p
      where p.id = u.person_id and ${belongs(giver)}`.execute(trx);
  }
  await sql`update org.person p
    set source_id = ${to}::uuid, version = version + 1, updated_at = ${now}
    where ${going} or ${gone}`.execute(trx);
}
