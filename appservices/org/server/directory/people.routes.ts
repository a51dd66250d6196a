import { requireActor, type Http } from '@qiao/platform';
import {
  CreatePerson,
  IdParams,
  PatchPerson,
  PeoplePage,
  PeopleQuery,
  Person,
  PersonDetail,
} from '../../contract/api.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { People } from './people.service.ts';

const DEFAULT_LIMIT = 50;

/** `/people` for the console. */
export function peopleRoutes(http: Http, services: { people: People; roles: Roles }): void {
  const { people, roles } = services;
  const tags = ['people'];

  http.get(
    '/people',
    {
      schema: {
        tags,
        summary: 'People in reach, by name',
        querystring: PeopleQuery,
        response: { 200: PeoplePage },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      return people.list(holder, { ...request.query, limit: request.query.limit ?? DEFAULT_LIMIT });
    },
  );

  http.get(
    '/people/:id',
    {
      schema: {
        tags,
        summary: 'A person with history, reports and reporting line',
        params: IdParams,
        response: { 200: PersonDetail },
      },
    },
    async (request) => people.detail(await roles.holder(requireActor(request)), request.params.id),
  );

  http.post(
    '/people',
    { schema: { tags, summary: 'A joiner by hand', body: CreatePerson, response: { 201: Person } } },
    async (request, reply) => {
      const holder = await roles.holder(requireActor(request));
      return reply.code(201).send(await people.create(holder, request.body));
    },
  );

  http.patch(
    '/people/:id',
    {
      schema: {
        tags,
        summary: 'Change facts, or move',
        params: IdParams,
        body: PatchPerson,
        response: { 200: Person },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      return people.change(holder, request.params.id, request.body);
    },
  );
}
