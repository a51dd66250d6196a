import { requireActor, type Http } from '@qiao/platform';
import { Me } from '../../contract/api.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { OrgDb } from '../tables.ts';
import { peopleRepository } from './people.repository.ts';

/** `GET /me`: for everybody signed in, partners' users too; who is no person of ours holds nothing. */
export function meRoutes(http: Http, services: { db: OrgDb; roles: Roles; companyName: string }): void {
  const { db, roles, companyName } = services;
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
