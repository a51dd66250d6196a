import { createHash } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import type { Actor } from '../access/access.ts';
import type { Clock, Random } from '../clock.ts';

/** Absolute and idle life of a session. */
export const SESSION_LIFE_MS = 12 * 60 * 60 * 1000;
export const SESSION_IDLE_MS = 60 * 60 * 1000;
/** How often `last_seen_at` is written at most. */
const TOUCH_MS = 60_000;

/** Sessions of our HTTP interfaces; the token is stored only as its SHA-256. */
export interface Sessions {
  create(userId: string, userAgent: string | undefined): Promise<{ token: string; expiresAt: Date }>;
  find(token: string): Promise<Actor | undefined>;
  end(token: string): Promise<void>;
  /** Ends all sessions of a user (sign-out everywhere, leaver). */
  endAll(userId: string): Promise<number>;
  /** Removes what has run out; called by a job. */
  sweep(): Promise<number>;
}

const hash = (token: string): Buffer => createHash('sha256').update(token).digest();

export function createSessions(options: {
  db: Kysely<unknown>;
  clock: Clock;
  random: Random;
  serverName: string;
}): Sessions {
  const { db, clock, random, serverName } = options;
  return {
    async create(userId, userAgent) {
      const token = random.token(32);
      const now = clock.now();
      const expiresAt = new Date(now.getTime() + SESSION_LIFE_MS);
      await sql`insert into platform.session (id_hash, user_id, created_at, expires_at, last_seen_at, user_agent)
        values (${hash(token)}, ${userId}, ${now}, ${expiresAt}, ${now}, ${userAgent?.slice(0, 300) ?? null})`.execute(
        db,
      );
      return { token, expiresAt };
    },
    async find(token) {
      const now = clock.now();
      const idle = new Date(now.getTime() - SESSION_IDLE_MS);
      const { rows } = await sql<{ user_id: string; last_seen_at: Date }>`select user_id, last_seen_at
        from platform.session where id_hash = ${hash(token)} and expires_at > ${now} and last_seen_at > ${idle}`.execute(
        db,
      );
      const row = rows[0];
      if (!row) return undefined;
      if (now.getTime() - row.last_seen_at.getTime() > TOUCH_MS) {
        await sql`update platform.session set last_seen_at = ${now} where id_hash = ${hash(token)}`.execute(
          db,
        );
      }
      return { userId: row.user_id, local: row.user_id.endsWith(`:${serverName}`) };
    },
    async end(token) {
      await sql`delete from platform.session where id_hash = ${hash(token)}`.execute(db);
    },
    async endAll(userId) {
      const result = await sql`delete from platform.session where user_id = ${userId}`.execute(db);
      return Number(result.numAffectedRows ?? 0);
    },
    async sweep() {
      const now = clock.now();
      const idle = new Date(now.getTime() - SESSION_IDLE_MS);
      const result =
        await sql`delete from platform.session where expires_at <= ${now} or last_seen_at <= ${idle}`.execute(
          db,
        );
      return Number(result.numAffectedRows ?? 0);
    },
  };
}
