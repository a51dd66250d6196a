import { requireActor, type Http } from '@qiao/platform';
import {
  CreateDepartment,
  Department,
  DepartmentList,
  DepartmentQuery,
  EndDepartment,
  IdParams,
  MergeDepartment,
  PatchDepartment,
} from '../../contract/api.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { Departments } from './departments.service.ts';

/** `/departments` for the console. */
export function departmentsRoutes(http: Http, services: { departments: Departments; roles: Roles }): void {
  const { departments, roles } = services;
  const tags = ['departments'];

  http.get(
    '/departments',
    {
      schema: {
        tags,
        summary: 'The departments in reach, parents before children',
        querystring: DepartmentQuery,
        response: { 200: DepartmentList },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      return { items: await departments.list(holder, { ended: request.query.ended ?? false }) };
    },
  );

  http.post(
    '/departments',
    { schema: { tags, summary: 'A new department', body: CreateDepartment, response: { 201: Department } } },
    async (request, reply) => {
      const holder = await roles.holder(requireActor(request));
      return reply.code(201).send(await departments.create(holder, request.body));
    },
  );

  http.patch(
    '/departments/:id',
    {
      schema: {
        tags,
        summary: 'Rename, move, reorder, hide, include sub-departments, name heads',
        params: IdParams,
        body: PatchDepartment,
        response: { 200: Department },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      return departments.change(holder, request.params.id, request.body);
    },
  );

  http.post(
    '/departments/:id/merge',
    {
      schema: {
        tags,
        summary: 'Put everything of it into another department and end it; answers the other',
        params: IdParams,
        body: MergeDepartment,
        response: { 200: Department },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      return departments.merge(holder, request.params.id, request.body);
    },
  );

  http.post(
    '/departments/:id/end',
    {
      schema: {
        tags,
        summary: 'Dissolve it, or convert its room into an ordinary group',
        params: IdParams,
        body: EndDepartment,
        response: { 200: Department },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      return departments.end(holder, request.params.id, request.body);
    },
  );
}
