import { sql } from 'kysely';
import type { OrgDb, OrgTrx } from './tables.ts';

/** Somebody a provider wants gone, while the guard waits for a person's yes. */
export interface HeldLeaver {
  id: string;
  display_name: string;
  localpart: string;
  title: string | null;
  sort_name: string;
  first_at: Date;
}

/** How many a source's guard holds. */
export interface HeldCount {
  source_id: string;
  name: string;
  count: number;
  first_at: Date;
  last_at: Date;
}

/** Only who is still here is held: whoever has gone meanwhile, by whatever way, needs no yes any more. */
const HERE = sql`p.status in ('joining', 'active')`;

/** SQL of those whom the guard holds (`leaver-guard.ts`). */
export const heldRepository = {
  async hold(trx: OrgTrx, sourceId: string, personId: string, now: Date): Promise<void> {
    await sql`insert into org.held_leaver (source_id, person_id, first_at, last_at)
      values (${sourceId}::uuid, ${personId}::uuid, ${now}, ${now})
      on conflict (source_id, person_id) do update set last_at = excluded.last_at`.execute(trx);
  },

  /** The provider wants them to stay after all, or they have gone. */
  async release(trx: OrgTrx, personId: string): Promise<void> {
    await sql`delete from org.held_leaver where person_id = ${personId}::uuid`.execute(trx);
  },

  async counts(on: OrgDb | OrgTrx): Promise<HeldCount[]> {
    const { rows } = await sql<HeldCount>`select h.source_id, s.name, count(*) as count,
        min(h.first_at) as first_at, max(h.last_at) as last_at
      from org.held_leaver h join org.source s on s.id = h.source_id join org.person p on p.id = h.person_id
      where ${HERE} group by h.source_id, s.name order by s.name`.execute(on);
    return rows;
  },

  async list(
    db: OrgDb,
    sourceId: string,
    after: { name: string; id: string } | undefined,
    limit: number,
  ): Promise<HeldLeaver[]> {
    const { rows } = await sql<HeldLeaver>`select p.id, p.display_name, p.localpart, p.title,
        p.sort_name, h.first_at
      from org.held_leaver h join org.person p on p.id = h.person_id
      where h.source_id = ${sourceId}::uuid and ${HERE} and (${after?.id ?? null}::uuid is null
        or (p.sort_name, p.id) > (${after?.name ?? null}::text, ${after?.id ?? null}::uuid))
      order by p.sort_name, p.id limit ${limit}`.execute(db);
    return rows;
  },

  /** Takes out those who were held at a time: whoever came later was not seen by who decides. Answers who is here. */
  async take(trx: OrgTrx, sourceId: string, until: Date): Promise<string[]> {
    const { rows } = await sql<{ id: string; here: boolean }>`delete from org.held_leaver h
      using org.person p where p.id = h.person_id and h.source_id = ${sourceId}::uuid
        and date_trunc('milliseconds', h.first_at) <= ${until}
      returning p.id, ${HERE} as here`.execute(trx);
    return rows.filter((row) => row.here).map((row) => row.id);
  },
};
