import { requireActor, type Http, type Texts } from '@qiao/platform';
import { Type } from 'typebox';
import {
  CreateGrant,
  CreateRole,
  Grant,
  GrantPage,
  GrantQuery,
  IdParams,
  PatchRole,
  PermissionList,
  Role,
  RoleList,
} from '../../contract/api.ts';
import {
  cutPage,
  platformErrors,
  readCursor,
  writeCursor,
  type Locale,
  type PermissionDefinition,
} from '@qiao/platform';
import { presentRef } from '../directory/present.ts';
import type { GrantRow } from './roles.repository.ts';
import type { RoleWithCount, Roles } from './roles.service.ts';
import { actorNames } from '../actors.ts';
import type { OrgDb } from '../tables.ts';
import type { ActorRef } from '../../contract/api.ts';

const DEFAULT_LIMIT = 50;

/** `/roles`, `/permissions`, `/grants`. */
export function rolesRoutes(
  http: Http,
  services: {
    roles: Roles;
    texts: Texts;
    permissions: () => readonly PermissionDefinition[];
    serverName: string;
    db: OrgDb;
  },
): void {
  const { roles, texts, permissions, serverName } = services;
  const roleName = (locale: Locale, role: { name: string; builtin: string | null }): string =>
    role.builtin === null ? role.name : texts.t(locale, `org:roles.${role.builtin}`);
  const presentRole = (locale: Locale, role: RoleWithCount) => ({
    id: role.id,
    name: roleName(locale, role),
    builtin: role.builtin,
    permissions: role.permissions,
    grant_count: role.grant_count,
    version: role.version,
  });
  const presentGrant = (locale: Locale, row: GrantRow, named: (actor: string) => ActorRef) => ({
    id: row.id,
    person: presentRef({ ...row, id: row.person_id }, serverName),
    role: {
      id: row.role_id,
      name: roleName(locale, { name: row.role_name, builtin: row.builtin }),
      builtin: row.builtin,
    },
    department:
      row.department_id === null ? null : { id: row.department_id, name: row.department_name ?? '' },
    granted_by: row.granted_by,
    granted_by_name: named(row.granted_by).name,
    granted_at: row.granted_at.toISOString(),
    ends_at: row.ends_at?.toISOString() ?? null,
  });

  const namedIn = (locale: Locale, rows: readonly GrantRow[]) =>
    actorNames(
      services,
      rows.map((row) => row.granted_by),
      locale,
    );

  http.get(
    '/roles',
    { schema: { tags: ['roles'], summary: 'Roles', response: { 200: RoleList } } },
    async (request) => {
      const items = await roles.listRoles(await roles.holder(requireActor(request)));
      return { items: items.map((role) => presentRole(request.locale, role)) };
    },
  );

  http.post(
    '/roles',
    { schema: { tags: ['roles'], summary: 'A new role', body: CreateRole, response: { 201: Role } } },
    async (request, reply) => {
      const role = await roles.createRole(await roles.holder(requireActor(request)), request.body);
      return reply.code(201).send(presentRole(request.locale, role));
    },
  );

  http.patch(
    '/roles/:id',
    {
      schema: {
        tags: ['roles'],
        summary: 'Change a role; everybody who holds it is affected at once',
        params: IdParams,
        body: PatchRole,
        response: { 200: Role },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      return presentRole(request.locale, await roles.changeRole(holder, request.params.id, request.body));
    },
  );

  http.delete(
    '/roles/:id',
    {
      schema: {
        tags: ['roles'],
        summary: 'Remove a role nobody holds',
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await roles.removeRole(await roles.holder(requireActor(request)), request.params.id);
      return reply.code(204).send(null);
    },
  );

  http.get(
    '/permissions',
    {
      schema: {
        tags: ['roles'],
        summary: 'The table a role is put together from',
        response: { 200: PermissionList },
      },
    },
    async (request) => {
      const { held } = await roles.holder(requireActor(request));
      if (!held.somewhere('org.role.read')) throw platformErrors.not_allowed();
      return { items: permissions().map(({ name, scopes }) => ({ name, scopes: [...scopes] })) };
    },
  );

  http.get(
    '/grants',
    {
      schema: {
        tags: ['roles'],
        summary: 'Who holds which role where',
        querystring: GrantQuery,
        response: { 200: GrantPage },
      },
    },
    async (request) => {
      const holder = await roles.holder(requireActor(request));
      const { limit = DEFAULT_LIMIT, after, ...filter } = request.query;
      const cursor = readCursor(after);
      if (cursor && Number.isNaN(Date.parse(cursor.value)))
        throw platformErrors.bad_request({ reason: 'after' });
      const rows = await roles.listGrants(holder, {
        ...filter,
        limit: limit + 1,
        ...(cursor ? { after: { at: cursor.value, id: cursor.id } } : {}),
      });
      const { page, next } = cutPage(rows, limit, (row) => writeCursor(row.granted_at.toISOString(), row.id));
      const named = await namedIn(request.locale, page);
      return { items: page.map((row) => presentGrant(request.locale, row, named)), next };
    },
  );

  http.post(
    '/grants',
    {
      schema: {
        tags: ['roles'],
        summary: 'Give a role; never more than the giver holds',
        body: CreateGrant,
        response: { 201: Grant },
      },
    },
    async (request, reply) => {
      const holder = await roles.holder(requireActor(request));
      const { person_id, role_id, department_id, ends_at } = request.body;
      const end = ends_at ? new Date(ends_at) : null;
      if (end && Number.isNaN(end.getTime()))
        throw platformErrors.bad_request({ reason: 'org.ends_at' }, { field: 'ends_at' });
      const row = await roles.createGrant(holder, { person_id, role_id, department_id, ends_at: end });
      const named = await namedIn(request.locale, [row]);
      return reply.code(201).send(presentGrant(request.locale, row, named));
    },
  );

  http.delete(
    '/grants/:id',
    {
      schema: {
        tags: ['roles'],
        summary: 'Take a role away',
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await roles.removeGrant(await roles.holder(requireActor(request)), request.params.id);
      return reply.code(204).send(null);
    },
  );
}
