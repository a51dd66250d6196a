import { createHash } from 'node:crypto';
import { sql, type RawBuilder } from 'kysely';
import type { LinkWay } from '../../contract/index.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** 32 bytes in base64url (RFC 4648, section 5). */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export interface Link {
  link: string;
  expires_at: Date;
}
/** How a link is handed out. */
export interface HandOut {
  readonly way: LinkWay;
  readonly by: string;
  /** The mail that brings it, and where to: the link ends when that is no more the person's address. */
  readonly mail?: { readonly id: string; readonly to: string };
  /** Default: `activation_days`. */
  readonly lifeMs?: number;
}
/** A link that works, as far as it is known: the token itself is stored nowhere. */
export interface LivingLink {
  id: string;
  way: LinkWay;
  made_by: string;
  created_at: Date;
  expires_at: Date;
}

export const hashOfToken = (token: string): Buffer =>
  createHash('sha256')
    .update(TOKEN.test(token) ? token : '')
    .digest();

/** The rows behind links: tokens are 32 random bytes and only in the link, whose fragment no server's log sees. */
export interface Links {
  /** One each, beside those there are; what has run out goes. */
  insert(trx: OrgTrx, personIds: readonly string[], how: HandOut): Promise<Link[]>;
  living(on: OrgDb | OrgTrx, personId: string): Promise<LivingLink[]>;
  find(
    on: OrgDb | OrgTrx,
    token: string,
    lock: boolean,
  ): Promise<
    { person_id: string; expires_at: Date; used_at: Date | null; sent_to: string | null } | undefined
  >;
  /** Uses one up; all others of the person end with it. */
  use(trx: OrgTrx, token: string, personId: string): Promise<void>;
  /** Answers how many. */
  end(trx: OrgTrx, personId: string): Promise<number>;
  /** Those of a mail that nobody has got. */
  endOfMail(trx: OrgTrx, mailId: string): Promise<void>;
}

/** Whether `by` is neither a main administrator nor the system, and so could not grant everything. */
const lessThanAll = (by: RawBuilder<unknown>, serverName: string): RawBuilder<boolean> =>
  sql<boolean>`(${by} like '@%' and not exists (
    select 1 from org.role_grant g join org.role r on r.id = g.role_id join org.person p on p.id = g.person_id
    where r.builtin = 'main_admin' and g.department_id is null and (g.ends_at is null or g.ends_at > now())
      and ${by} = '@' || p.localpart || ':' || ${serverName}::text))`;

/**
 * Ends a person's links that somebody may know who could not grant what the person gets now: those that were neither
 * made by `actor`, nor by a main administrator, nor by the system. Mails under way: {@link outgrown}.
 */
export async function endLinksOfOthers(
  trx: OrgTrx,
  personId: string,
  actor: string,
  serverName: string,
): Promise<void> {
  await sql`delete from org.activation where person_id = ${personId}::uuid and used_at is null
    and made_by <> ${actor} and ${lessThanAll(sql`made_by`, serverName)}`.execute(trx);
}

/**
 * Whether a link that was ordered at a time would have been ended by {@link endLinksOfOthers} since: the person got a
 * right from somebody else. In a transaction that has locked the person: a grant waits for it, or it for the grant.
 */
export async function outgrown(
  trx: OrgTrx,
  personId: string,
  order: { readonly by: string; readonly at: Date },
  serverName: string,
): Promise<boolean> {
  const { rows } = await sql<{ outgrown: boolean }>`select exists (
      select 1 from org.role_grant where person_id = ${personId}::uuid and granted_at >= ${order.at}
        and granted_by <> ${order.by} and (ends_at is null or ends_at > now()))
    and ${lessThanAll(sql`${order.by}::text`, serverName)} as outgrown`.execute(trx);
  return rows[0]?.outgrown === true;
}

export function createLinks(context: Pick<OrgContext, 'clock' | 'config' | 'random' | 'site'>): Links {
  const { clock, config, random, site } = context;
  return {
    async insert(trx, personIds, how) {
      if (personIds.length === 0) return [];
      const now = clock.now();
      const expiresAt = new Date(now.getTime() + (how.lifeMs ?? config.activation_days * DAY_MS));
      const tokens = personIds.map(() => random.token(32));
      const ids = [...personIds];
      await sql`delete from org.activation where person_id = any(${ids}::uuid[])
        and (expires_at <= ${now} or used_at is not null)`.execute(trx);
      await sql`insert into org.activation (token_hash, person_id, created_at, expires_at, way, made_by, mail_id, sent_to)
        select decode(x.hash, 'hex'), x.person_id, ${now}, ${expiresAt}, ${how.way}, ${how.by},
          ${how.mail?.id ?? null}::uuid, ${how.mail?.to ?? null}
        from unnest(${tokens.map((token) => hashOfToken(token).toString('hex'))}::text[], ${ids}::uuid[])
          as x(hash, person_id)`.execute(trx);
      const base = site.settings.public_url.replace(/\/+$/, '');
      return tokens.map((token) => ({ link: `${base}/activate#${token}`, expires_at: expiresAt }));
    },
    async living(on, personId) {
      const { rows } = await sql<LivingLink>`select a.id, a.way, a.made_by, a.created_at, a.expires_at
        from org.activation a join org.person p on p.id = a.person_id
        where a.person_id = ${personId}::uuid and a.used_at is null and a.expires_at > ${clock.now()}
          and (a.sent_to is null or lower(a.sent_to) = lower(p.email))
        order by a.created_at desc, a.id`.execute(on);
      return rows;
    },
    async find(on, token, lock) {
      // By the hash: what a timing could tell is about SHA-256 of a guess, not about a token.
      let query = on
        .selectFrom('org.activation')
        .select(['person_id', 'expires_at', 'used_at', 'sent_to'])
        .where('token_hash', '=', hashOfToken(token));
      if (lock) query = query.forUpdate();
      return query.executeTakeFirst();
    },
    async use(trx, token, personId) {
      await trx
        .updateTable('org.activation')
        .set({ used_at: clock.now() })
        .where('token_hash', '=', hashOfToken(token))
        .execute();
      await trx
        .deleteFrom('org.activation')
        .where('person_id', '=', personId)
        .where('used_at', 'is', null)
        .execute();
    },
    async end(trx, personId) {
      const ended = await trx
        .deleteFrom('org.activation')
        .where('person_id', '=', personId)
        .where('used_at', 'is', null)
        .where('expires_at', '>', clock.now())
        .executeTakeFirst();
      return Number(ended.numDeletedRows);
    },
    async endOfMail(trx, mailId) {
      await trx
        .deleteFrom('org.activation')
        .where('mail_id', '=', mailId)
        .where('used_at', 'is', null)
        .execute();
    },
  };
}
