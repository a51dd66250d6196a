import { afterAll, beforeAll, expect, test } from 'vitest';
import { Type } from 'typebox';
import { defineModule, type Job } from '@qiao/platform';
import type { TestCall } from '@qiao/platform/testing';
import { testStack } from '@qiao/testkit';
import type { HandoverRegistry } from '../../contract/index.ts';
import orgModule from '../../module.ts';
import { buildDepartment, buildGrant, buildPerson } from '../../testing/builders.ts';
import { openTestOrg, type TestOrg } from '../../testing/company.ts';

/** A domain that stands on org and owns something of people. */
const owned = new Map<string, string[]>();
const handedOver: unknown[][] = [];
let failures = 0;
const notes = defineModule({
  id: 'notes',
  needs: ['org'],
  config: Type.Object({}),
  claims: { eventTypes: [], bots: [], permissions: [], domainEvents: [] },
  errors: {},
  texts: { en: {}, zh_Hans: {} },
  migrations: {},
  setup: (context) => {
    (context.use('org.handover') as HandoverRegistry).register({
      kind: 'notes.note',
      collect: (personId) =>
        Promise.resolve(
          (owned.get(personId) ?? []).map((subject) => ({ subject, label: `Note ${subject}` })),
        ),
      handOver: (...args) => {
        if (failures-- > 0) return Promise.reject(new Error('notes are away'));
        handedOver.push(args);
        return Promise.resolve();
      },
    });
    return {};
  },
});

let org: TestOrg;
let admin: TestCall;
let department: string;
const runJob = (name: string, payload: object): Promise<void> => {
  const job = org.host.parts.get('org')?.jobs?.find((one: Job) => one.name === name);
  if (!job) throw new Error(`no job ${name}`);
  return job.run(payload, {
    attempt: 1,
    signal: AbortSignal.timeout(60_000),
    log: { warn: () => undefined, info: () => undefined } as never,
  });
};

beforeAll(async () => {
  const { homeserverUrl, serverName, moduleToken } = testStack();
  org = await openTestOrg({
    domains: [orgModule, notes],
    serverName,
    homeserverUrl,
    secrets: { synapse_module_token: moduleToken },
  });
  department = await buildDepartment(org.db, '研发部');
  const boss = await buildPerson(org.db, '总经理', { departments: [department] });
  await buildGrant(org.db, { person_id: boss.id, role: 'main_admin' });
  admin = await org.host.as(org.userId(boss));
});
afterAll(() => org.close());

test("other domains' things are on the list, and handed over before the account is closed", async () => {
  const leaver = await buildPerson(org.db, '王伟', { departments: [department], account: 'none' });
  const heir = await buildPerson(org.db, '张敏', { departments: [department] });
  owned.set(leaver.id, ['n1', 'n2']);
  const begun = await admin('POST', `/api/org/people/${leaver.id}/offboarding`, {});
  expect(begun.status, begun.text).toBe(201);
  const id = String(begun.body.id);
  const at = `/api/org/offboardings/${id}`;
  await runJob('org.collect-handover', { offboarding_id: id });
  const list = (await admin('GET', at)).body.items as { id: string; kind: string; label: string }[];
  expect(list.map((item) => [item.kind, item.label])).toEqual([
    ['notes.note', 'Note n1'],
    ['notes.note', 'Note n2'],
  ]);
  // One more is made, one goes by itself: closing looks again.
  owned.set(leaver.id, ['n2', 'n3']);
  const early = await admin('POST', `${at}/close`);
  expect(early.body.error.code).toBe('org.handover_incomplete');
  const now = (await admin('GET', at)).body.items as { id: string; label: string }[];
  expect(now.map((item) => item.label)).toEqual(['Note n2', 'Note n3']);
  await admin('PUT', `${at}/items/${now[0]!.id}`, { to_person_id: heir.id });
  await admin('PUT', `${at}/items/${now[1]!.id}`, { to_person_id: heir.id });
  expect((await admin('POST', `${at}/close`)).body.state).toBe('closing');

  // The second one fails: nothing is closed, and the next run goes on.
  failures = 1;
  await expect(runJob('org.close-leaver', { offboarding_id: id })).rejects.toThrow('notes are away');
  expect((await admin('GET', at)).body.state).toBe('closing');
  await runJob('org.close-leaver', { offboarding_id: id });
  await runJob('org.close-leaver', { offboarding_id: id });
  await runJob('org.certify-leaver', { offboarding_id: id });
  expect(handedOver).toEqual([
    ['n2', leaver.id, heir.id],
    ['n3', leaver.id, heir.id],
  ]);
  const closed = (await admin('GET', at)).body;
  expect(closed).toMatchObject({ state: 'closed', certificate: { complete: true } });
  expect(closed.items.every((item: { done: boolean }) => item.done)).toBe(true);
});

test('a reporting line that would be a cycle is said before anything happens', async () => {
  const leaver = await buildPerson(org.db, 'Leaver', { departments: [department], account: 'none' });
  const report = await buildPerson(org.db, 'Report', { departments: [department], manager_id: leaver.id });
  const below = await buildPerson(org.db, 'Below', { departments: [department], manager_id: report.id });
  const begun = await admin('POST', `/api/org/people/${leaver.id}/offboarding`, { handover_to: below.id });
  expect(begun.status, begun.text).toBe(201);
  const at = `/api/org/offboardings/${String(begun.body.id)}`;
  const refused = await admin('POST', `${at}/close`);
  expect(refused.body.error.code).toBe('org.would_make_cycle');
  const after = (await admin('GET', at)).body;
  expect(after).toMatchObject({ state: 'suspended', items: [{ kind: 'report', done: false }] });
  // The report takes over from the leaver: answers to whom the leaver answered to, here nobody.
  await admin('PUT', `${at}/items/${after.items[0].id}`, { to_person_id: report.id });
  expect((await admin('POST', `${at}/close`)).body.state).toBe('closing');
  const row = await org.db
    .selectFrom('org.person')
    .select('manager_id')
    .where('id', '=', report.id)
    .executeTakeFirstOrThrow();
  expect(row.manager_id).toBeNull();
});
