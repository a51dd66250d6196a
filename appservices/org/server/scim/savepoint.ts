import { sql } from 'kysely';
import type { OrgTrx } from '../tables.ts';

/** Does something inside a transaction so that what was done before it stays when it fails; the error is thrown on. */
export async function savepoint<T>(trx: OrgTrx, work: () => Promise<T>): Promise<T> {
  await sql`savepoint part`.execute(trx);
  try {
    const result = await work();
    await sql`release savepoint part`.execute(trx);
    return result;
  } catch (error) {
    await sql`rollback to savepoint part`.execute(trx);
    await sql`release savepoint part`.execute(trx);
    throw error;
  }
}
