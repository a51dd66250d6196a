import { waitFor } from '@qiao/testkit';
import { sql } from 'kysely';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'ldapts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImportRun, Source } from '../../contract/api.ts';
import { startImportsApi, type ImportsApi } from './api.ts';
import { startTestOrg, type TestOrg } from './context.ts';

const SLAPD = '/usr/sbin/slapd';
const SCHEMA = '/etc/ldap/schema';
const PASSWORD = 'directory reader';
const ROOT_PASSWORD = 'directory-writer';

let org: TestOrg;
let api: ImportsApi;
let folder: string;
let slapd: ChildProcess | undefined;
let port = 0;
let tlsPort = 0;
let ca = '';

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

const BASE = 'dc=example,dc=com';
const unit = (dn: string, name: string): string =>
  `dn: ${dn},${BASE}\nobjectClass: organizationalUnit\nou: ${name}\n`;
const person = (uid: string, dn: string, more: string): string =>
  `dn: uid=${uid},${dn}\nobjectClass: inetOrgPerson\nuid: ${uid}\n${more}\n`;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

function ldif(): string {
  const many = Array.from({ length: 1200 }, (_, n) =>
    person(`bulk${n}`, `ou=Bulk,${BASE}`, `cn: Bulk ${n}\nsn: ${n}\nmail: bulk${n}@example.com`),
  );
  return [
    `dn: ${BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n`,
    `dn: cn=reader,${BASE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\nuserPassword: ${PASSWORD}\n`,
    `dn: cn=small,${BASE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: small\nuserPassword: ${PASSWORD}\n`,
    unit('ou=Head office', 'Head office'),
    unit('ou=R\\26D,ou=Head office', 'R&D'),
    unit('ou=Bulk', 'Bulk'),
    person(
      'zw',
      `ou=Head office,${BASE}`,
      `cn:: ${base64('张伟')}\nsn:: ${base64('张')}\ngivenName:: ${base64('伟')}\nmail: zw@example.com\ntitle: CEO`,
    ),
    person(
      'ann',
      `ou=R\\26D,ou=Head office,${BASE}`,
      `cn: Ann Lee\nsn: Lee\ngivenName: Ann\nmail: ann@example.com\nmobile: +1 5\nmanager: UID=zw, ou=Head office,dc=example,dc=com\ndepartmentNumber: Labs > Optics`,
    ),
    ...many,
  ].join('\n');
}

beforeAll(async () => {
  org = await startTestOrg();
  api = await startImportsApi(org);
  folder = mkdtempSync(join(tmpdir(), 'qiao-slapd-'));
  mkdirSync(join(folder, 'db'));
  mkdirSync(join(folder, 'corp'));
  const run = (command: string, ...args: string[]): void =>
    void execFileSync(command, args, { stdio: 'pipe' });
  const at = (name: string): string => join(folder, name);
  run(
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=Test CA',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  );
  run(
    'openssl',
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    '/CN=localhost',
    '-keyout',
    at('key.pem'),
    '-out',
    at('csr.pem'),
  );
  writeFileSync(at('ext'), 'subjectAltName=DNS:localhost');
  run(
    'openssl',
    'x509',
    '-req',
    '-in',
    at('csr.pem'),
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    at('ext'),
    '-out',
    at('cert.pem'),
  );
  ca = readFileSync(at('ca.pem'), 'utf8');
  writeFileSync(
    at('slapd.conf'),
    `include ${SCHEMA}/core.schema
include ${SCHEMA}/cosine.schema
include ${SCHEMA}/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${at('pid')}
TLSCertificateFile ${at('cert.pem')}
TLSCertificateKeyFile ${at('key.pem')}
TLSCACertificateFile ${at('ca.pem')}
# A page at a time gets everything; without pages there is an end.
sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=reader,${BASE}" read by dn.exact="cn=small,${BASE}" read by * none
database mdb
suffix "${BASE}"
rootdn "cn=admin,${BASE}"
limits dn.exact="cn=small,${BASE}" size.soft=10 size.hard=10 size.prtotal=10
directory ${at('db')}
database mdb
suffix "dc=corp,dc=test"
rootdn "cn=admin,dc=corp,dc=test"
rootpw ${ROOT_PASSWORD}
access to * by dn.exact="cn=reader,${BASE}" read by * none
directory ${at('corp')}
`,
  );
  writeFileSync(at('data.ldif'), ldif());
  run('/usr/sbin/slapadd', '-q', '-f', at('slapd.conf'), '-b', BASE, '-l', at('data.ldif'));
  run(
    '/usr/sbin/slapadd',
    '-q',
    '-f',
    at('slapd.conf'),
    '-b',
    'dc=corp,dc=test',
    '-l',
    fileURLToPath(new URL('files/base.ldif', import.meta.url)),
  );
  [port, tlsPort] = [await freePort(), await freePort()];
  slapd = spawn(
    SLAPD,
    ['-f', at('slapd.conf'), '-h', `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${tlsPort}`, '-d', '0'],
    {
      stdio: 'ignore',
    },
  );
  await waitFor(() => existsSync(at('pid')), { what: 'slapd' });
});
afterAll(async () => {
  slapd?.kill('SIGTERM');
  await org.close();
  rmSync(folder, { recursive: true, force: true });
});

const settings = (more: object = {}): object => ({
  url: `ldap://127.0.0.1:${port}`,
  bind_dn: `cn=reader,${BASE}`,
  bind_password: PASSWORD,
  base_dn: BASE,
  ...more,
});
let n = 0;
const create = async (more: object = {}, source: object = {}): Promise<Source> => {
  const answer = await api.call<Source>('POST', '/sources', {
    kind: 'ldap',
    name: `LDAP ${n++}`,
    settings: settings(more),
    ...source,
  });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};
const test = async (more: object): Promise<{ ok: boolean; people: number; message: string }> => {
  const source = await create(more);
  return (
    await api.call<{ ok: boolean; people: number; message: string }>(
      'POST',
      `/sources/${source.id}/test`,
      undefined,
      {
        ...api.admin,
        'accept-language': 'en',
      },
    )
  ).body;
};

describe('an LDAP server', () => {
  it('gives people, the tree of units as departments, and reporting lines', async () => {
    const source = await create({}, { leaver_guard: 0.05 });
    const run = await api.call<ImportRun>('POST', `/sources/${source.id}/run`);
    const checked = await api.settled(run.body.id);
    expect(checked.error).toBeNull();
    expect(checked.counts).toMatchObject({ rows: 1202, person_add: 1202, department_add: 3, errors: 0 });
    await api.apply(checked.id);
    const { rows } =
      await sql`select p.display_name, p.localpart, p.email, p.phone, p.title, m.localpart as manager,
        d.name as department, parent.name as parent
      from org.person p left join org.person m on m.id = p.manager_id
      join org.membership c on c.person_id = p.id join org.department d on d.id = c.department_id
      left join org.department parent on parent.id = d.parent_id
      where p.localpart in ('zw', 'ann') order by p.localpart`.execute(org.db);
    expect(rows).toEqual([
      {
        display_name: 'Ann Lee',
        localpart: 'ann',
        email: 'ann@example.com',
        phone: '+1 5',
        title: null,
        manager: 'zw',
        department: 'R&D',
        parent: 'Head office',
      },
      {
        display_name: '张伟',
        localpart: 'zw',
        email: 'zw@example.com',
        phone: null,
        title: 'CEO',
        manager: null,
        department: 'Head office',
        parent: null,
      },
    ]);
    const again = await api.call<ImportRun>('POST', `/sources/${source.id}/run`);
    expect((await api.settled(again.body.id)).counts).toMatchObject({ unchanged: 1202 });
    await sql`truncate org.person, org.department cascade`.execute(org.db);
  });

  it('can be read by a filter, with departments from an attribute', async () => {
    const source = await create(
      { people_filter: '(&(objectClass=inetOrgPerson)(!(uid=bulk*)))' },
      {
        mapping: {
          columns: { department: 'departmentNumber', external_id: 'uid' },
          department_separator: '>',
        },
      },
    );
    const run = await api.call<ImportRun>('POST', `/sources/${source.id}/run`);
    const checked = await api.settled(run.body.id);
    expect(checked.counts).toMatchObject({ rows: 2, person_add: 2, department_add: 2 });
    const changes = await api.changes(checked.id);
    expect(changes.find((change) => change.label === 'Ann Lee')?.after).toMatchObject({
      external_id: 'ann',
      department: 'Labs / Optics',
    });
  });

  it('is reached by StartTLS and ldaps with its own authority only', async () => {
    const people_filter = '(uid=zw)';
    const tls = { url: `ldaps://localhost:${tlsPort}`, people_filter };
    expect(await test({ ...tls, ca_certificate: ca })).toMatchObject({ ok: true, people: 1 });
    expect(
      await test({ url: `ldap://localhost:${port}`, start_tls: true, ca_certificate: ca, people_filter }),
    ).toMatchObject({ ok: true, people: 1 });
    const unknown = await test(tls);
    expect(unknown.ok).toBe(false);
    expect(unknown.message).toContain('certificate is not trusted');
  });

  it.each([
    ['nobody answers', { url: 'ldap://127.0.0.1:1' }, 'nobody answers'],
    ['a wrong password', { bind_password: 'wrong' }, 'account or password is wrong'],
    ['an account that is not shown all', { bind_dn: `cn=small,${BASE}` }, 'size limit'],
    ['a base that is not there', { base_dn: 'ou=Nowhere,dc=example,dc=com' }, 'base does not exist'],
    ['a filter that is none', { people_filter: '(uid=' }, 'filter is not valid'],
    ['a password that would go in the clear', { url: 'ldap://ldap.example.com' }, 'unencrypted'],
  ])('says what is wrong: %s', async (_what, more, message) => {
    const answer = await test(more);
    expect(answer.ok).toBe(false);
    expect(answer.message).toContain(message);
    expect(answer.message).not.toContain(PASSWORD);
  });
});

describe('a directory whose names are written in many ways', () => {
  const corp = { base_dn: 'ou=Bugs LDAP,dc=corp,dc=test' };
  const check = async (id: string): Promise<ImportRun> => {
    const run = await api.call<ImportRun>('POST', `/sources/${id}/run`);
    return api.settled(run.body.id);
  };
  const managers = async (): Promise<Record<string, string | null>> => {
    const { rows } = await sql<{
      localpart: string;
      manager: string | null;
    }>`select p.localpart, m.localpart as manager
      from org.person p left join org.person m on m.id = p.manager_id
      where p.localpart not like 'bulk%' and p.email like '%corp.test' order by p.localpart`.execute(org.db);
    return Object.fromEntries(rows.map((row) => [row.localpart, row.manager]));
  };
  const EXPECTED = {
    'ann.a': 'zhang.w',
    'jane.doe': null,
    'lou.loe': 'pat.poe',
    'max.moe': 'jane.doe',
    'pat.poe': 'jane.doe',
    'rick.roe': 'jane.doe',
    'zhang.w': 'jane.doe',
  };

  it('finds managers however their names are written, and keeps them when a branch is renamed', async () => {
    const { id } = await create(corp);
    const first = await check(id);
    expect(first.counts).toMatchObject({ rows: 7, person_add: 7, errors: 0, warnings: 0 });
    await api.apply(first.id);
    expect(await managers()).toEqual(EXPECTED);
    expect((await check(id)).counts).toMatchObject({ unchanged: 7, errors: 0, warnings: 0 });

    const client = new Client({ url: `ldap://127.0.0.1:${port}` });
    await client.bind('cn=admin,dc=corp,dc=test', ROOT_PASSWORD);
    await client.modifyDN('ou=Sales\\, EMEA,ou=Bugs LDAP,dc=corp,dc=test', 'ou=Sales\\, Europe');
    await client.unbind();
    const renamed = await check(id);
    // Four still name her by the branch's old name: told one by one, and who leads them stays.
    const told = await api.problems(renamed.id);
    expect(told.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => 'manager_unknown'));
    expect(told.map(({ message }) => message).join()).toContain('EMEA');
    expect(renamed.counts).toMatchObject({ department_change: 1, unchanged: 7, errors: 0 });
    expect(renamed.counts['person_leave']).toBeUndefined();
    await api.apply(renamed.id);
    expect(await managers()).toEqual(EXPECTED);
  });
});
