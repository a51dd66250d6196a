import { platformErrors, requireActor, type Http } from '@qiao/platform';
import { sql } from 'kysely';
import { Type } from 'typebox';
import { Me, PutLanguage, type Language } from '../../contract/api.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { OrgDb } from '../tables.ts';
import { peopleRepository } from './people.repository.ts';

/** `GET /me`: for everybody signed in, partners' users too; who is no person of ours holds nothing. */
export function meRoutes(http: Http, services: { db: OrgDb; roles: Roles; companyName: string }): void {
  const { db, roles, companyName } = services;
  const languageOf = async (personId: string): Promise<Language | null> => {
    const { rows } = await sql<{ language: Language | null }>`select coalesce(reads, locale) as language
      from org.person where id = ${personId}`.execute(db);
    return rows[0]?.language ?? null;
  };
  http.put(
    '/me/language',
    {
      schema: {
        tags: ['me'],
        summary: 'The language in which I use the client: bots write to me in it',
        body: PutLanguage,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { person_id: personId } = await roles.holder(requireActor(request));
      if (personId === undefined) throw platformErrors.not_allowed();
      await db
        .updateTable('org.person')
        .set({ reads: request.body.language })
        .where('id', '=', personId)
        .execute();
      return reply.code(204).send(null);
    },
  );
  http.get(
    '/me',
    {
      schema: { tags: ['me'], summary: 'Who am I, and what may I do where', response: { 200: Me } },
    },
    async (request) => {
      const actor = requireActor(request);
      const { held, person_id: personId } = await roles.holder(actor);
      const ref =
        personId === undefined ? undefined : (await peopleRepository.refs(db, [personId])).get(personId);
      return {
        user_id: actor.userId,
        company_name: companyName,
        language: personId === undefined ? null : await languageOf(personId),
        person: ref ? { id: ref.id, display_name: ref.display_name, title: ref.title } : null,
        permissions: Object.fromEntries(
          held.permissions().map((permission) => {
            const { company, departments } = held.grants(permission);
            return [permission, { company, departments: [...departments] }];
          }),
        ),
      };
    },
  );
}
