import { requireActor, type Http } from '@qiao/platform';
import {
  DirectoryPage,
  DirectoryProfile,
  DirectoryQuery,
  DirectoryTree,
  FoundPeople,
  IdParams,
  LookupPeople,
  PutVisibilityRules,
  VisibilityRules,
} from '../../contract/api.ts';
import { presentRef, userIdOf } from '../directory/present.ts';
import { localpartOf, type Roles } from '../roles/roles.service.ts';
import type { DirectoryEntry, Visibility } from './visibility.service.ts';

const DEFAULT_LIMIT = 50;

/** `/directory/*` for everybody of ours, `/visibility` for those who make its rules. */
export function visibilityRoutes(
  http: Http,
  services: { roles: Roles; visibility: Visibility; serverName: string },
): void {
  const { roles, visibility, serverName } = services;
  const present = (row: DirectoryEntry) => ({
    id: row.id,
    user_id: userIdOf(row.localpart, serverName),
    display_name: row.display_name,
    title: row.title,
    department_names: row.places.map((place) => place.department_name),
    can_contact: row.can_contact,
    activated: row.activated,
  });

  /** An id of another server is nobody of ours, whatever its local part. */
  const ours = (userIds: readonly string[]): string[] =>
    userIds
      .filter((userId) => userIdOf(localpartOf(userId), serverName) === userId)
      .map((userId) => localpartOf(userId));

  http.get(
    '/directory/people',
    {
      schema: {
        tags: ['directory'],
        summary: 'Find people, under the visibility rules',
        querystring: DirectoryQuery,
        response: { 200: DirectoryPage },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      const { user_id: userId, ...query } = request.query;
      const { items, next } = await visibility.search(holder, {
        ...query,
        ...(userId === undefined ? {} : { localparts: ours([userId]) }),
        limit: query.limit ?? DEFAULT_LIMIT,
      });
      return { items: items.map(present), next };
    },
  );

  http.post(
    '/directory/people/lookup',
    {
      schema: {
        tags: ['directory'],
        summary: 'Who accounts are, under the visibility rules',
        body: LookupPeople,
        response: { 200: FoundPeople },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      const localparts = ours(request.body.user_ids);
      const { items } = await visibility.search(holder, { localparts, limit: localparts.length });
      return { items: items.map(present) };
    },
  );

  http.get(
    '/directory/people/:id',
    {
      schema: {
        tags: ['directory'],
        summary: "A person's profile with the reporting line",
        params: IdParams,
        response: { 200: DirectoryProfile },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      const row = await visibility.profile(holder, request.params.id);
      return {
        ...present(row),
        email: row.email,
        phone: row.phone,
        departments: row.places.map((place) => ({ id: place.department_id, name: place.department_name })),
        reporting_line: row.line.map((one) => presentRef(one, serverName)),
        reports: row.reports.map((one) => presentRef(one, serverName)),
      };
    },
  );

  http.get(
    '/directory/departments',
    {
      schema: {
        tags: ['directory'],
        summary: 'The tree of departments, without those hidden from the reader',
        response: { 200: DirectoryTree },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      const items = await visibility.departments(holder);
      return {
        items: items.map(({ node, count }) => ({
          id: node.id,
          name: node.name,
          parent_id: node.parent_id,
          member_count: count,
        })),
      };
    },
  );

  http.get(
    '/visibility',
    { schema: { tags: ['visibility'], summary: 'The rules', response: { 200: VisibilityRules } } },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      return { items: await visibility.listRules(holder) };
    },
  );

  http.put(
    '/visibility',
    {
      schema: {
        tags: ['visibility'],
        summary: 'Replace the rules; their order is their priority',
        body: PutVisibilityRules,
        response: { 200: VisibilityRules },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      return { items: await visibility.putRules(holder, request.body.items) };
    },
  );
}
