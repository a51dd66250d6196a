import { Validator } from '@seriousme/openapi-schema-validator';
import { ORG_PREFIX } from '@qiao/org/contract/names';
import { buildGrant, buildPerson, openTestOrg, type TestOrg } from '@qiao/org/testing';
import type { TestAnswer, TestHost } from '@qiao/platform/testing';
import { Compile } from 'typebox/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { domains } from './domains.ts';

/*
 * What `/api/openapi.json` says, against the routes that there are: of every domain of the product, as one process.
 */

interface Media {
  readonly schema: Readonly<Record<string, unknown>>;
}
interface Operation {
  readonly operationId: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly requestBody?: { readonly description?: string; readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, Media>> }>
  >;
}
interface Description extends Record<string, unknown> {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
}

/** Largest import of this installation, bytes. */
const MAX_IMPORT = 2 * 1024 * 1024;

let company: TestOrg;
let host: TestHost;
let description: Description;

beforeAll(async () => {
  company = await openTestOrg({
    domains,
    settings: { domains: { org: { max_import_bytes: MAX_IMPORT } } },
  });
  ({ host } = company);
  description = (await host.call('GET', '/api/openapi.json')).body as Description;
});
afterAll(() => company.close());

/** Methods that say something; of SCIM's paths some answer only that there is nothing. */
const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
const SCIM_NOTHING = /^\/api\/scim\/v2\/(Me|Bulk)$/;
const SCIM_READ_ONLY = /^\/api\/scim\/v2\/(ServiceProviderConfig|ResourceTypes|Schemas)(\/\{id\})?$/;

/** Every route that the process answers, as fastify prints its table: `METHOD /path/{id}`. */
function registered(): string[] {
  const found: string[] = [];
  const above: string[] = [];
  for (const line of host.http.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, tree = '', path = '', methods = ''] = /^([│ ]*[├└]── )(\S*) \(([A-Z, ]+)\)$/.exec(line) ?? [];
    if (tree === '') continue;
    const depth = tree.length / 4;
    above.length = depth - 1;
    above.push(path);
    const url = above.join('').replaceAll(/:([A-Za-z_]+)/g, '{$1}');
    for (const method of methods.split(', ')) if (METHODS.has(method)) found.push(`${method} ${url}`);
  }
  return found;
}
const isPublic = (route: string): boolean => {
  const [method = '', url = ''] = route.split(' ');
  return (
    url.startsWith('/api/') && !SCIM_NOTHING.test(url) && (method === 'GET' || !SCIM_READ_ONLY.test(url))
  );
};
const operations = (): [string, Operation][] =>
  Object.entries(description.paths).flatMap(([url, path]) =>
    Object.entries(path).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${url}`,
      operation,
    ]),
  );
const operationOf = (method: string, url: string): Operation => {
  const found = description.paths[url]?.[method.toLowerCase()];
  if (!found) throw new Error(`${method} ${url} is not described`);
  return found;
};

describe('the description', () => {
  test('is one of OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(description))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  test('has every public route, and no internal one', () => {
    const all = registered();
    expect(all.length).toBeGreaterThan(100);
    // What only the homeserver and the operator call is there, and is not said.
    expect(all).toEqual(expect.arrayContaining(['GET /metrics', 'POST /_matrix-as/org/_qiao/v1/contact']));
    expect(
      operations()
        .map(([route]) => route)
        .sort(),
    ).toEqual(all.filter(isPublic).sort());
    expect(JSON.stringify(description)).not.toMatch(new RegExp(`_matrix-as|_qiao/v1|/metrics|${ORG_PREFIX}`));
  });

  test('names every call once', () => {
    const ids = operations().map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('says of every route who may call it, and what its errors look like', () => {
    for (const [route, { security, responses }] of operations()) {
      for (const each of security)
        for (const name of Object.keys(each))
          expect([route, Object.keys(description.components.securitySchemes)]).toEqual([
            route,
            expect.arrayContaining([name]),
          ]);
      const errors = Object.entries(responses).filter(([status]) => !status.startsWith('2'));
      expect([route, errors.map(([status]) => status)]).toEqual([
        route,
        expect.arrayContaining(['400', '404', '429', '500', '503', 'default']),
      ]);
      for (const [, { content }] of errors) {
        const [media] = Object.values(content ?? {});
        expect([route, media?.schema]).toEqual([
          route,
          route.includes('/api/scim/')
            ? expect.objectContaining({ required: ['schemas', 'status'] })
            : { $ref: '#/components/schemas/Error' },
        ]);
      }
    }
  });

  test('says that no session is needed exactly where none is', async () => {
    for (const [route, { security, responses }] of operations()) {
      const [method = '', url = ''] = route.split(' ');
      const target = url.replaceAll(/\{\w+\}/g, '00000000-0000-4000-8000-000000000000');
      const answer = await host.call(method as 'GET', target, method === 'GET' ? undefined : {});
      // A public route may refuse what it is given, but never for want of a session.
      const refused = answer.status === 401 && !answer.text.includes('platform.openid_rejected');
      expect([route, refused]).toEqual([route, security.length > 0]);
      expect([route, '401' in responses]).toEqual([route, security.length > 0]);
    }
  });

  test('says what an upload is, and how large it may be', () => {
    const { requestBody, responses } = operationOf('POST', '/api/org/imports');
    expect(Object.keys(requestBody?.content ?? {})).toEqual(['multipart/form-data']);
    expect(requestBody?.content['multipart/form-data']?.schema).toMatchObject({
      required: ['file'],
      properties: { file: { contentMediaType: 'application/octet-stream' }, encoding: { type: 'string' } },
    });
    expect(requestBody?.description).toContain('at most 2 MB');
    expect(responses['413']?.description).toContain('2 MB');
    expect(operationOf('POST', '/api/org/people').responses['413']?.description).toContain('1 MB');
    expect(operationOf('POST', '/api/scim/v2/Users').responses['413']?.description).toContain('8 MB');
  });
});

describe('what is answered', () => {
  /** The answer has the form that is described for its status. */
  function isAsDescribed(method: string, url: string, answer: TestAnswer): void {
    const { responses } = operationOf(method, url);
    const content = (responses[String(answer.status)] ?? responses['default'])?.content ?? {};
    const type = String(answer.headers['content-type']).split(';', 1)[0] ?? '';
    const schema = content[type]?.schema ?? {};
    expect([answer.status, Object.keys(content)]).toEqual([answer.status, [type]]);
    const name = /^#\/components\/schemas\/(\w+)$/.exec(String(schema['$ref']))?.[1];
    const whole = name === undefined ? schema : (description.components.schemas[name] ?? {});
    expect(Object.keys(whole).length).toBeGreaterThan(0);
    expect([answer.text, Compile(whole).Check(answer.body)]).toEqual([answer.text, true]);
  }

  test('401, 403, 404, 409, 413 and 400 have the form that is said', async () => {
    const stranger = await host.as('@stranger:qiao.test');
    const main = await buildPerson(company.db, 'Ken');
    await buildGrant(company.db, { person_id: main.id, role: 'main_admin' });
    const admin = await host.as(company.userId(main));
    const role = { name: 'Mine', permissions: ['org.directory.read'] };
    expect((await admin('POST', '/api/org/roles', role)).status).toBe(201);
    const form = `--x\r\ncontent-disposition: form-data; name="file"; filename="p.csv"\r\n\r\n${'x'.repeat(MAX_IMPORT + 1)}\r\n--x--\r\n`;
    const calls: [number, string, string, () => Promise<TestAnswer>][] = [
      [401, 'GET', '/api/org/me', () => host.call('GET', '/api/org/me')],
      [403, 'POST', '/api/org/roles', () => stranger('POST', '/api/org/roles', role)],
      [409, 'POST', '/api/org/roles', () => admin('POST', '/api/org/roles', role)],
      [
        413,
        'POST',
        '/api/org/imports',
        () => admin('POST', '/api/org/imports', form, { 'content-type': 'multipart/form-data; boundary=x' }),
      ],
      [404, 'GET', '/api/platform/health', () => stranger('GET', '/api/platform/health')],
      [
        413,
        'POST',
        '/api/org/people',
        () => stranger('POST', '/api/org/people', { display_name: 'x'.repeat(1024 * 1024) }),
      ],
      [400, 'POST', '/api/org/people', () => stranger('POST', '/api/org/people', { display_name: 7 })],
      [401, 'GET', '/api/scim/v2/Users', () => host.call('GET', '/api/scim/v2/Users')],
    ];
    for (const [status, method, url, call] of calls) {
      const answer = await call();
      expect([method, url, answer.status, answer.text]).toEqual([method, url, status, answer.text]);
      isAsDescribed(method, url, answer);
    }
  });

  test('so does a success', async () => {
    const somebody = await host.as('@somebody:qiao.test');
    const answer = await somebody('GET', '/api/session');
    expect(answer.status).toBe(200);
    isAsDescribed('GET', '/api/session', answer);
    isAsDescribed('GET', '/api/org/me', await somebody('GET', '/api/org/me'));
  });
});
