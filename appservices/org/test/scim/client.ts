import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { expect } from 'vitest';
import type { TestAnswer, TestCall } from '@qiao/platform/testing';
import type { TestOrg } from '../../testing/company.ts';
import { PATCH_OP, USER } from '../../server/scim/schemas.ts';

export const BASE = '/api/scim/v2';

/** A SCIM client with a token of its own. */
export type Client = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: object | string,
  headers?: Record<string, string>,
) => Promise<TestAnswer>;

export const withToken =
  (org: TestOrg, token: string): Client =>
  (method, path, body, headers = {}) =>
    org.host.call(method, `${BASE}${path}`, typeof body === 'object' ? JSON.stringify(body) : body, {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
      ...headers,
    });

/** A client for a source of its own. */
export async function openClient(
  org: TestOrg,
  admin: TestCall,
  guard = 1,
): Promise<Client & { source: string; token: string }> {
  const source = randomUUID();
  await sql`insert into org.source (id, kind, name, leaver_guard)
    values (${source}::uuid, 'scim', ${source}, ${guard})`.execute(org.db);
  const made = await admin('POST', '/api/org/scim-tokens', { name: 'Entra ID', source_id: source });
  expect(made.status).toBe(201);
  const token = (made.body as { token: string }).token;
  return Object.assign(withToken(org, token), { source, token });
}

export const unique = (name: string): string => `${name}.${randomUUID().slice(0, 8)}`;
export const userOf = (userName: string, more: object = {}): object => ({
  schemas: [USER],
  userName,
  ...more,
});
export const patchOf = (...Operations: object[]): object => ({ schemas: [PATCH_OP], Operations });

export async function created(client: Client, path: string, body: object): Promise<string> {
  const answer = await client('POST', path, body);
  expect(answer.status, answer.text).toBe(201);
  return (answer.body as { id: string }).id;
}
