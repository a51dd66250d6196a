import { sql } from 'kysely';
import type { OrgDb, OrgTrx } from '../tables.ts';

/** Somebody who can read from now on. */
export interface ReadyPerson {
  readonly id: string;
  readonly localpart: string;
  /** Here now: joining or active. */
  readonly here: boolean;
}

/** What is known of people's keys. An account that was there before is nobody's until it is taken over. */
export const keysRepository = {
  /** Notes that these people have keys; answers those of whom it was not known. */
  async note(trx: OrgDb | OrgTrx, localparts: readonly string[], at: Date): Promise<ReadyPerson[]> {
    if (localparts.length === 0) return [];
    const { rows } = await sql<ReadyPerson>`update org.person p set keys_at = ${at}
      where p.localpart = any(${[...localparts]}::text[]) and p.keys_at is null and p.account in ('created', 'locked')
      returning p.id, p.localpart, p.status in ('joining', 'active') as here`.execute(trx);
    return rows;
  },
};
