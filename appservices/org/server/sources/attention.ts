import { platformErrors, type Actor } from '@qiao/platform';
import { sql } from 'kysely';
import { changesRepository } from '../changes.repository.ts';
import type { Changes } from '../changes.service.ts';
import { heldRepository } from '../held-leavers.ts';
import { sourceActors } from '../leaver-guard.ts';
import type { Untaken } from '../scim/untaken.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';

/** An import that stopped at something a person has to look at. */
export interface WaitingImport {
  id: string;
  source_id: string;
  name: string;
  leaving: number;
  errors: number;
  guard_tripped: boolean;
  checked_at: Date;
}

/** Something a provider sent about a person and that is not in the directory. */
export interface UntakenRow {
  id: string;
  display_name: string;
  localpart: string;
  title: string | null;
  sort_name: string;
  untaken: Untaken[];
}

const WAITING = sql`org.scim_user u join org.person p on p.id = u.person_id
  where u.deleted_at is null and u.untaken <> '[]' and p.status <> 'left'`;

/** SQL of what sources need a person for. */
export const attentionRepository = {
  /** Sources whose last run was started by their schedule and waits. */
  async imports(db: OrgDb): Promise<WaitingImport[]> {
    const { rows } = await sql<WaitingImport>`select * from (
        select distinct on (r.source_id) r.id, r.source_id, s.name, r.state, r.started_by, r.checked_at,
          coalesce((r.counts ->> 'person_leave')::int, 0) as leaving,
          coalesce((r.counts ->> 'errors')::int, 0) as errors,
          coalesce((r.counts ->> 'guard_tripped')::int, 0) = 1 as guard_tripped
        from org.import_run r join org.source s on s.id = r.source_id
        order by r.source_id, r.created_at desc, r.id
      ) last where state = 'checked' and started_by = ${sourceActors.schedule} order by name`.execute(db);
    return rows;
  },

  async untakenCounts(db: OrgDb): Promise<{ source_id: string; name: string; count: number }[]> {
    const { rows } = await sql<{ source_id: string; name: string; count: number }>`select s.id as source_id,
        s.name, c.count from (select u.source_id, count(*) as count from ${WAITING} group by u.source_id) c
      join org.source s on s.id = c.source_id order by s.name`.execute(db);
    return rows;
  },

  async untaken(
    db: OrgDb,
    sourceId: string,
    after: { name: string; id: string } | undefined,
    limit: number,
  ): Promise<UntakenRow[]> {
    const { rows } = await sql<UntakenRow>`select p.id, p.display_name, p.localpart, p.title,
        p.sort_name, u.untaken
      from ${WAITING} and u.source_id = ${sourceId}::uuid and (${after?.id ?? null}::uuid is null
        or (p.sort_name, p.id) > (${after?.name ?? null}::text, ${after?.id ?? null}::uuid))
      order by p.sort_name, p.id limit ${limit}`.execute(db);
    return rows;
  },
};

/** What a person decides about those whom the guard holds. */
export interface HeldDecision {
  decision: 'let_go' | 'keep';
  /** When the list was read: who came later is not decided about. */
  as_of: string;
}

/**
 * Lets those go whom the guard holds, in the name of who decides, or forgets that the provider asked. Whoever decides
 * has seen the list of that time. Answers how many.
 * @throws DomainError `platform.not_found`, `platform.not_allowed`, `platform.bad_request`, and those of leaving
 */
export async function decideHeld(
  context: OrgContext,
  changes: Changes,
  actor: Actor,
  sourceId: string,
  { decision, as_of }: HeldDecision,
): Promise<number> {
  const { access, acts, clock } = context;
  const asOf = new Date(as_of);
  if (Number.isNaN(asOf.getTime())) throw platformErrors.bad_request({ reason: 'org.as_of' });
  await access.require(actor, 'org.source.edit', { kind: 'company' });
  if (decision === 'let_go') await access.require(actor, 'org.person.offboard', { kind: 'company' });
  return (context.db as OrgDb).transaction().execute(async (trx: OrgTrx) => {
    await changesRepository.lock(trx);
    const source = await trx
      .selectFrom('org.source')
      .select('name')
      .where('id', '=', sourceId)
      .executeTakeFirst();
    if (!source) throw platformErrors.not_found();
    const ids = await heldRepository.take(trx, sourceId, asOf);
    if (decision === 'let_go') {
      await changes.applyChanges(
        trx,
        ids.map((id) => ({ kind: 'person_leave', id, reason: 'SCIM' })),
        { actor: actor.userId, on: clock.now().toISOString().slice(0, 10) },
      );
    }
    await acts.record(trx as never, {
      actor: actor.userId,
      action: decision === 'let_go' ? 'org.source.let_go' : 'org.source.keep',
      subject: `source:${sourceId}`,
      scope: 'company',
      details: { name: source.name, people: ids.length },
    });
    return ids.length;
  });
}
