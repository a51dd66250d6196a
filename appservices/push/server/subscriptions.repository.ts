import type { PushDb } from './tables.ts';

/** Subscriptions in PostgreSQL. */
export const subscriptions = {
  of: (db: PushDb, userId: string) =>
    db
      .selectFrom('push.subscription')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .execute(),

  find: (db: PushDb, id: string) =>
    db.selectFrom('push.subscription').selectAll().where('id', '=', id).executeTakeFirst(),

  known: async (db: PushDb, ids: readonly string[]): Promise<Set<string>> =>
    ids.length === 0
      ? new Set()
      : new Set(
          (
            await db
              .selectFrom('push.subscription')
              .select('id')
              .where('id', 'in', [...ids])
              .execute()
          ).map((row) => row.id),
        ),

  /**
   * Keeps a browser's subscription. The same browser of the same person keeps its id; of another person it gets a
   * new one, so that nothing of the first is pushed to the second. The oldest over the limit give way.
   */
  async keep(
    db: PushDb,
    row: { id: string; user_id: string; endpoint: string; p256dh: string; auth: string; label: string },
    now: Date,
    most: number,
  ): Promise<string> {
    return db.transaction().execute(async (trx) => {
      await trx
        .deleteFrom('push.subscription')
        .where('endpoint', '=', row.endpoint)
        .where('user_id', '!=', row.user_id)
        .execute();
      const { id } = await trx
        .insertInto('push.subscription')
        .values({ ...row, created_at: now, seen_at: now })
        .onConflict((conflict) =>
          conflict
            .column('endpoint')
            .doUpdateSet({ p256dh: row.p256dh, auth: row.auth, label: row.label, seen_at: now }),
        )
        .returning('id')
        .executeTakeFirstOrThrow();
      const all = await trx
        .selectFrom('push.subscription')
        .select('id')
        .where('user_id', '=', row.user_id)
        .orderBy('seen_at', 'desc')
        .execute();
      const over = all.slice(most).map((each) => each.id);
      if (over.length > 0) await trx.deleteFrom('push.subscription').where('id', 'in', over).execute();
      return id;
    });
  },

  /** Removes a person's own; false where there is none. */
  async remove(db: PushDb, id: string, userId: string): Promise<boolean> {
    const { numDeletedRows } = await db
      .deleteFrom('push.subscription')
      .where('id', '=', id)
      .where('user_id', '=', userId)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  },

  async gone(db: PushDb, id: string): Promise<void> {
    await db.deleteFrom('push.subscription').where('id', '=', id).execute();
  },

  async delivered(db: PushDb, id: string, at: Date): Promise<void> {
    await db.updateTable('push.subscription').set({ delivered_at: at }).where('id', '=', id).execute();
  },

  async sweep(db: PushDb, before: Date): Promise<void> {
    await db.deleteFrom('push.subscription').where('seen_at', '<', before).execute();
  },
};
