import { platformErrors, requireActor, type Actor, type DomainParts, type Http } from '@qiao/platform';
import { sql, type Transaction } from 'kysely';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import type { ScimToken } from '../../contract/index.ts';
import { CreatedScimToken, CreateScimToken, IdParams, ScimTokenList } from '../../contract/index.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import { hashToken, SCIM_PREFIX, TOKEN_PREFIX } from './scim.routes.ts';
import { scimRepository, type TokenRow } from './scim.repository.ts';

const SOURCE_NAME = 'SCIM';

const present = (row: TokenRow): Static<typeof ScimToken> => ({
  id: row.id,
  name: row.name,
  source: { id: row.source_id, name: row.source_name },
  created_by: row.created_by,
  created_at: row.created_at.toISOString(),
  last_used_at: row.last_used_at?.toISOString() ?? null,
  expires_at: row.expires_at?.toISOString() ?? null,
});

/** Tokens of SCIM clients; needs `org.source.edit` over the company. */
export function tokenRoutes(context: OrgContext): NonNullable<DomainParts['routes']> {
  const db = context.db as OrgDb;
  const { access, acts, clock, random, site } = context;
  const base = `${site.settings.public_url.replace(/\/+$/, '')}${SCIM_PREFIX}`;

  const allowed = async (actor: Actor): Promise<Actor> => {
    if (!(await access.can(actor, 'org.source.edit', { kind: 'company' })))
      throw platformErrors.not_allowed();
    return actor;
  };
  /**
   * The source of a token: the named one, else the only one of SCIM, made where there is none. Of several none is
   * guessed: a token opens the people of one source.
   */
  async function sourceFor(trx: OrgTrx, wanted: string | undefined): Promise<{ id: string; name: string }> {
    const sources = await trx
      .selectFrom('org.source')
      .select(['id', 'name'])
      .where('kind', '=', 'scim')
      .orderBy('name')
      .execute();
    if (wanted !== undefined) {
      const named = sources.find((source) => source.id === wanted);
      if (!named) throw platformErrors.not_found();
      return named;
    }
    const [first, second] = sources;
    if (second) throw platformErrors.bad_request({ reason: 'org.source_id' }, { field: 'source_id' });
    if (first) return first;
    const id = random.uuid();
    const { rows } = await sql<{ free: boolean }>`select not exists (select 1 from org.source
      where name = ${SOURCE_NAME}) as free`.execute(trx);
    const name = rows[0]?.free === true ? SOURCE_NAME : `${SOURCE_NAME} ${id.slice(0, 8)}`;
    await trx
      .insertInto('org.source')
      .values({
        id,
        kind: 'scim',
        name,
        mapping: null,
        schedule: null,
        last_run_at: null,
        next_run_at: null,
      })
      .execute();
    return { id, name };
  }

  return (http: Http) => {
    http.get(
      '/scim-tokens',
      { schema: { tags: ['org'], response: { 200: ScimTokenList } } },
      async (request) => {
        await allowed(requireActor(request));
        return { items: (await scimRepository.tokens(db)).map(present), base_url: base };
      },
    );
    http.post(
      '/scim-tokens',
      { schema: { tags: ['org'], body: CreateScimToken, response: { 201: CreatedScimToken } } },
      async (request, reply) => {
        const actor = await allowed(requireActor(request));
        const { name, expires_at = null, source_id } = request.body;
        const now = clock.now();
        const ends = expires_at === null ? null : new Date(expires_at);
        if (ends !== null && (Number.isNaN(ends.getTime()) || ends <= now)) {
          throw platformErrors.bad_request({ reason: 'org.expires_at' }, { field: 'expires_at' });
        }
        const secret = random.token(32);
        const row = {
          id: random.uuid(),
          name,
          created_by: actor.userId,
          created_at: now,
          last_used_at: null,
          expires_at: ends,
        };
        const source = await db.transaction().execute(async (trx) => {
          const opened = await sourceFor(trx, source_id);
          await trx
            .insertInto('org.scim_token')
            .values({ ...row, token_hash: hashToken(secret), source_id: opened.id })
            .execute();
          await acts.record(trx as unknown as Transaction<never>, {
            actor: actor.userId,
            action: 'org.scim_token.add',
            subject: `scim_token:${row.id}`,
            scope: 'company',
            details: { name, source_id: opened.id },
          });
          return opened;
        });
        return reply
          .code(201)
          .header('cache-control', 'no-store')
          .send({
            ...present({ ...row, source_id: source.id, source_name: source.name }),
            token: `${TOKEN_PREFIX}${secret}`,
          });
      },
    );
    http.delete(
      '/scim-tokens/:id',
      { schema: { tags: ['org'], params: IdParams, response: { 204: Type.Null() } } },
      async (request, reply) => {
        const actor = await allowed(requireActor(request));
        const { id } = request.params;
        await db.transaction().execute(async (trx) => {
          const gone = await trx
            .deleteFrom('org.scim_token')
            .where('id', '=', id)
            .returning('name')
            .executeTakeFirst();
          if (gone === undefined) throw platformErrors.not_found();
          await acts.record(trx as unknown as Transaction<never>, {
            actor: actor.userId,
            action: 'org.scim_token.remove',
            subject: `scim_token:${id}`,
            scope: 'company',
            details: { name: gone.name },
          });
        });
        return reply.code(204).send(null);
      },
    );
  };
}
