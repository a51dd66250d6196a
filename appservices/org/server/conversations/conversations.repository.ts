import { sql } from 'kysely';
import type { OrgDb } from '../tables.ts';

export interface ConversationRow {
  readonly id: string;
  readonly kind: 'direct' | 'group';
  readonly room_id: string | null;
  readonly external: boolean;
  readonly history: 'shared' | 'joined';
  readonly claimed_at: Date;
}

/** What makes a request the same as one before: two people, the room that is succeeded, a person's key. */
export interface Sameness {
  readonly pair_key?: string;
  readonly predecessor?: string;
  readonly request_key?: string;
}

const columns = ['id', 'kind', 'room_id', 'external', 'history', 'claimed_at'] as const;

/** SQL of `org.conversation`. */
export function createConversationsRepository(db: OrgDb) {
  return {
    /** What was asked for before under one of the keys; the room's own successor before the two people's chat. */
    async find(same: Sameness, requestedBy: string): Promise<ConversationRow | undefined> {
      const { pair_key, predecessor, request_key } = same;
      return db
        .selectFrom('org.conversation')
        .select(columns)
        .where(
          // What is not asked for is null, which equals nothing.
          sql<boolean>`(pair_key = ${pair_key ?? null} or predecessor = ${predecessor ?? null}
            or (requested_by = ${requestedBy} and request_key = ${request_key ?? null}))`,
        )
        .orderBy('predecessor')
        .limit(1)
        .executeTakeFirst();
    },

    /** Undefined where somebody else has one under the same key. */
    async claim(row: {
      id: string;
      kind: 'direct' | 'group';
      external: boolean;
      history: 'shared' | 'joined';
      requested_by: string;
      same: Sameness;
      now: Date;
    }): Promise<ConversationRow | undefined> {
      const { now, same, ...rest } = row;
      return db
        .insertInto('org.conversation')
        .values({ ...rest, ...same, claimed_at: now, created_at: now })
        .onConflict((conflict) => conflict.doNothing())
        .returning(columns)
        .executeTakeFirst();
    },

    /** Takes over what somebody began and did not end. True where it is ours now. */
    async takeOver(row: ConversationRow, now: Date): Promise<boolean> {
      const result = await db
        .updateTable('org.conversation')
        .set({ claimed_at: now })
        .where('id', '=', row.id)
        .where('room_id', 'is', null)
        .where(sql<boolean>`date_trunc('milliseconds', claimed_at) = ${row.claimed_at}`)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },

    async made(db: OrgDb, id: string, roomId: string): Promise<void> {
      await db.updateTable('org.conversation').set({ room_id: roomId }).where('id', '=', id).execute();
    },

    /** Gives a claim back, or forgets a room that is gone. */
    async drop(id: string, roomId: string | null): Promise<void> {
      await db
        .deleteFrom('org.conversation')
        .where('id', '=', id)
        .where('room_id', 'is not distinct from', roomId)
        .execute();
    },

    /** A direct chat that has become something else: the two get another one. */
    async noLongerDirect(id: string): Promise<void> {
      await db
        .updateTable('org.conversation')
        .set({ pair_key: null, kind: 'group' })
        .where('id', '=', id)
        .execute();
    },
  };
}

export type ConversationsRepository = ReturnType<typeof createConversationsRepository>;
