import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sql } from 'kysely';
import {
  login,
  startMailServer,
  uploadKeys,
  waitFor,
  type ReceivedMail,
  type TestMailServer,
  type TestUser,
} from '@qiao/testkit';
import type { MailEntry, PasswordRequest, SheetLinks } from '../../contract/index.ts';
import type { TestAnswer, TestCall } from '@qiao/platform/testing';
import { changesRepository } from '../../server/changes.repository.ts';
import { buildGrant } from '../../testing/builders.ts';
import { startCompany, type Company } from '../provision/company.ts';

const PASSWORD = 'x7Kp-2mQz!aa und eine Tuba';

let company: Company;
let post: TestMailServer;
let boss: { id: string; call: TestCall };
let department: string;
let other: string;

const person = (id: string) =>
  company.db.selectFrom('org.person').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const tokenOf = (answer: TestAnswer): string => {
  expect(answer.status, answer.text).toBe(200);
  const link = new URL(String(answer.body.link));
  expect(link.pathname).toBe('/activate');
  expect(link.search).toBe('');
  return link.hash.slice(1);
};
const linkFor = async (id: string): Promise<string> =>
  tokenOf(await boss.call('POST', `/api/org/people/${id}/activation`));

let address = 0;
/** The public page, each time from another address, so that only the test of the limit meets it. */
const fromPage = (
  path: string,
  body: object,
  from = `10.0.${address++ >> 8}.${address & 255}`,
): Promise<TestAnswer> => company.host.call('POST', `/api/org${path}`, body, { 'x-forwarded-for': from });
const activate = (token: string, password = PASSWORD): Promise<TestAnswer> =>
  fromPage('/activation', { token, password });

async function newPerson(name: string, into = department, more: object = {}): Promise<string> {
  const made = company.person(name, into, more);
  await company.apply([made]);
  return made.id;
}
async function working(
  name: string,
  into = department,
  more: object = {},
): Promise<{ id: string; user: TestUser }> {
  const id = await newPerson(name, into, more);
  expect((await activate(await linkFor(id))).status).toBe(200);
  const user = await login(company.stack.info.homeserverUrl, await company.userId(id), PASSWORD);
  await uploadKeys(user);
  await company.untilReady([id]);
  return { id, user };
}
const offboarding = async (id: string): Promise<TestAnswer['body']> =>
  (await boss.call('GET', `/api/org/offboardings/${id}`)).body;
const refused = async (user: TestUser): Promise<string> => {
  try {
    await user.request('GET', '/_matrix/client/v3/account/whoami');
    return 'allowed';
  } catch (error) {
    return (error as { errcode: string }).errcode;
  }
};
const signIn = async (id: string): Promise<string> => {
  try {
    await login(company.stack.info.homeserverUrl, await company.userId(id), PASSWORD);
    return 'allowed';
  } catch (error) {
    return (error as { errcode?: string }).errcode ?? String(error);
  }
};

beforeAll(async () => {
  post = await startMailServer();
  company = await startCompany({
    mail: {
      host: '127.0.0.1',
      port: post.port,
      security: 'none',
      from: 'no-reply@example.com',
      retry_seconds: 1,
      give_up_hours: 1,
    },
  });
  const [one, two] = [company.department('研发部'), company.department('Sales')];
  await company.apply([one, two]);
  department = one.id;
  other = two.id;
  const admin = company.person('总经理', department);
  await company.apply([admin]);
  await sql`update org.person set status = 'active' where id = ${admin.id}::uuid`.execute(company.db);
  await buildGrant(company.db, { person_id: admin.id, role: 'main_admin' });
  boss = { id: admin.id, call: await company.host.as(await company.userId(admin.id)) };
});
afterAll(async () => {
  await company.close();
  await post.close();
});

test('a leaver is suspended, hands over, is closed with a certificate, and comes back', async () => {
  const { id, user } = await working('王伟', department, { manager_id: boss.id, is_head: true });
  const report = await newPerson('李娜', department, { manager_id: id });
  const colleague = await working('张敏', department);
  await company.settled();
  const { room } = await company.rooms(department);
  expect(await user.rooms()).toContain(room);
  const own = await user.createRoom({
    preset: 'private_chat',
    invite: [colleague.user.userId],
    initial_state: [
      { type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } },
    ],
  });
  await colleague.user.join(own);
  await user.createRoom({ preset: 'private_chat' });
  const portal = await company.host.as(user.userId);
  expect((await portal('GET', '/api/org/me')).status).toBe(200);
  // Of a group that a service user made for the leaver, the leaver is the only administrator of flesh and blood.
  await uploadKeys(colleague.user);
  const asked = await portal('POST', '/api/org/conversations', {
    kind: 'group',
    name: '交接',
    user_ids: [colleague.user.userId],
  });
  expect(asked.body).toMatchObject({ people: [{ state: 'joined' }] });
  const group = String(asked.body.room_id);

  const begun = await boss.call('POST', `/api/org/people/${id}/offboarding`, { reason: '合同到期' });
  expect(begun.status, begun.text).toBe(201);
  expect(begun.body).toMatchObject({ state: 'suspended', reason: '合同到期', certificate: null });
  const at = String(begun.body.id);
  expect((await boss.call('POST', `/api/org/people/${id}/offboarding`, {})).body.error.code).toBe(
    'org.offboarding_open',
  );
  // At once: our sessions, the tokens, the password.
  await waitFor(async () => (await person(id)).account === 'locked', { what: 'the lock' });
  expect(await refused(user)).toBe('M_USER_LOCKED');
  expect(await signIn(id)).toBe('M_USER_LOCKED');
  expect((await portal('GET', '/api/org/me')).status).toBe(401);

  // The room that only the homeserver knows of joins the list; the one nobody else is in does not.
  const list = await waitFor(
    async () => {
      const items = (await offboarding(at)).items as {
        kind: string;
        id: string;
        to: { id: string } | null;
      }[];
      return items.filter((item) => item.kind === 'room').length === 2 && items;
    },
    { what: 'the rooms to hand over' },
  );
  expect(list.map((item) => [item.kind, item.to?.id ?? null]).sort()).toEqual([
    ['department_head', boss.id],
    ['report', boss.id],
    ['room', null],
    ['room', null],
  ]);
  const early = await boss.call('POST', `/api/org/offboardings/${at}/close`);
  expect(early.body.error.code).toBe('org.handover_incomplete');
  const [item, second] = list.filter((one) => one.kind === 'room');
  for (const [of, to, status] of [
    [item, id, 409],
    [item, '00000000-0000-4000-8000-000000000000', 404],
    [item, colleague.id, 200],
    [second, colleague.id, 200],
  ] as const) {
    const put = await boss.call('PUT', `/api/org/offboardings/${at}/items/${of!.id}`, { to_person_id: to });
    expect(put.status, put.text).toBe(status);
  }

  const closing = await boss.call('POST', `/api/org/offboardings/${at}/close`);
  expect(closing.status, closing.text).toBe(200);
  const closed = await waitFor(
    async () => {
      const now = await offboarding(at);
      return now.state === 'closed' && now.certificate !== null && now;
    },
    { what: 'the certificate', timeout: 90_000 },
  );
  expect(closed.certificate.checks.filter((check: { ok: boolean }) => !check.ok)).toEqual([]);
  expect(closed.certificate.complete).toBe(true);
  expect(closed.certificate.checks).toHaveLength(9);
  expect(closed.items.every((one: { done: boolean }) => one.done)).toBe(true);
  expect(await refused(user)).toBe('M_UNKNOWN_TOKEN');
  expect(await signIn(id)).not.toBe('allowed');
  expect(await person(id)).toMatchObject({ status: 'left', account: 'deactivated' });
  expect((await person(report)).manager_id).toBe(boss.id);
  expect(await company.members(room)).not.toContain(user.userId);
  expect(await colleague.user.members(own)).toEqual([colleague.user.userId]);
  expect((await colleague.user.members(group)).sort()).toEqual(
    [`@_qiao_org_rooms:${company.serverName}`, colleague.user.userId].sort(),
  );
  for (const roomId of [own, group]) {
    const levels = await colleague.user.state(roomId, 'm.room.power_levels');
    expect((levels?.['users'] as Record<string, number>)[colleague.user.userId]).toBe(100);
  }
  const history = await boss.call('GET', `/api/org/people/${id}`);
  // Where somebody was last stays on record, with its end.
  expect(history.body.departments).toEqual([
    expect.objectContaining({ until: expect.any(String) as string }),
  ]);

  // Measured, not remembered: what comes back shows at the next look.
  await company
    .asBot('POST', `/rooms/${encodeURIComponent(room)}/invite`, { user_id: user.userId })
    .catch(() => undefined);
  const again = await boss.call('POST', `/api/org/offboardings/${at}/check`);
  expect(again.status).toBe(200);
  const membership = again.body.certificate.checks.find(
    (check: { id: string }) => check.id === 'no_membership',
  );
  const state = await company.state(room, 'm.room.member', user.userId);
  expect(membership.ok).toBe((state as { membership?: string } | undefined)?.membership !== 'invite');

  const undone = await boss.call('POST', `/api/org/offboardings/${at}/undo`);
  expect(undone.status, undone.text).toBe(200);
  expect((await boss.call('POST', `/api/org/offboardings/${at}/undo`)).body.state).toBe('undone');
  expect(await person(id)).toMatchObject({
    status: 'joining',
    account: 'created',
    activated_at: null,
    // The devices went with the account.
    keys_at: null,
  });
  expect((await person(report)).manager_id).toBe(id);
  const heads = await sql<{ person_id: string }>`select person_id from org.membership
    where department_id = ${department}::uuid and is_head and until is null`.execute(company.db);
  expect(heads.rows).toEqual([{ person_id: id }]);
  // The old password is gone with the account.
  expect(await signIn(id)).not.toBe('allowed');
  expect((await activate(await linkFor(id))).status).toBe(200);
  const back = await login(company.stack.info.homeserverUrl, user.userId, PASSWORD);
  await company.settled();
  expect(await back.rooms()).not.toContain(room);
  await uploadKeys(back);
  await company.untilReady([id]);
  await company.settled();
  expect(await back.rooms()).toContain(room);
});

test('undone before it was closed, everything is as it was: the same device goes on', async () => {
  const { id, user } = await working('赵六');
  const begun = await boss.call('POST', `/api/org/people/${id}/offboarding`, {});
  await waitFor(async () => (await refused(user)) === 'M_USER_LOCKED', { what: 'the lock' });
  expect((await boss.call('POST', `/api/org/offboardings/${begun.body.id}/undo`)).body.state).toBe('undone');
  await waitFor(async () => (await refused(user)) === 'allowed', { what: 'the unlocking' });
  expect((await person(id)).status).toBe('active');
  const check = await boss.call('POST', `/api/org/offboardings/${begun.body.id}/check`);
  expect(check.body.error.code).toBe('org.offboarding_not_in_state');
});

test('rights are handed over only by those who hold them, and can end with the person', async () => {
  const { id } = await working('Deputy');
  await buildGrant(company.db, { person_id: id, role: 'department_admin', department_id: other });
  const heir = await working('Heir');
  const begun = await boss.call('POST', `/api/org/people/${id}/offboarding`, { handover_to: heir.id });
  const [item] = begun.body.items;
  // Never by default.
  expect(item).toMatchObject({ kind: 'role_grant', to: null, label: 'Department administrator · Sales' });
  const at = `/api/org/offboardings/${begun.body.id}`;
  expect(
    (await boss.call('PUT', `${at}/items/${item.id}`, { to_person_id: heir.id })).body.items[0].to.id,
  ).toBe(heir.id);
  const ends = await boss.call('PUT', `${at}/items/${item.id}`, { to_person_id: null });
  expect(ends.body).toMatchObject({ items_open: 0, items: [{ ends: true, to: null }] });
  expect((await boss.call('POST', `${at}/close`)).status).toBe(200);
  const closed = await waitFor(
    async () => {
      const now = (await boss.call('GET', at)).body;
      return now.certificate !== null && now;
    },
    { what: 'the certificate', timeout: 90_000 },
  );
  expect(closed.certificate.complete).toBe(true);
  const grants =
    await sql`select 1 from org.role_grant where person_id in (${id}::uuid, ${heir.id}::uuid)`.execute(
      company.db,
    );
  expect(grants.rows).toEqual([]);
  expect((await boss.call('POST', `${at}/undo`)).status).toBe(200);
  const back = await sql`select 1 from org.role_grant where person_id = ${id}::uuid`.execute(company.db);
  expect(back.rows).toHaveLength(1);
});

test('nobody lets themselves go, nor the last main administrator', async () => {
  const self = await boss.call('POST', `/api/org/people/${boss.id}/offboarding`, {});
  expect(self.body.error.code).toBe('org.not_yourself');
  const { id } = await working('Offboarder');
  const role = await sql<{ id: string }>`insert into org.role (id, name, permissions)
    select gen_random_uuid(), 'all but the name', permissions from org.role where builtin = 'main_admin' returning id`.execute(
    company.db,
  );
  await sql`insert into org.role_grant (id, person_id, role_id, granted_by)
    values (gen_random_uuid(), ${id}::uuid, ${role.rows[0]!.id}::uuid, 'system:test')`.execute(company.db);
  const call = await company.host.as(await company.userId(id));
  const last = await call('POST', `/api/org/people/${boss.id}/offboarding`, {});
  expect(last.body.error.code, last.text).toBe('org.last_main_admin');
  expect((await person(boss.id)).status).toBe('active');
});

test('a link is used once, and every other kind looks the same', async () => {
  const id = await newPerson('一次');
  const first = await linkFor(id);
  const token = await linkFor(id);
  const expired = await linkFor(await newPerson('过期'));
  await sql`update org.activation set expires_at = now() where person_id in (select id from org.person where display_name = '过期')`.execute(
    company.db,
  );
  const leaver = await newPerson('离职');
  const suspended = await linkFor(leaver);
  await boss.call('POST', `/api/org/people/${leaver}/offboarding`, {});

  const info = await fromPage('/activation/info', { token });
  expect(info.status).toBe(200);
  expect(info.headers['cache-control']).toBe('no-store');
  expect(info.body).toMatchObject({
    company_name: '测试公司',
    display_name: '一次',
    user_id: await company.userId(id),
  });
  // What the meter says while one types is what is said when it is sent.
  const judged = async (password: string): Promise<unknown> =>
    (await fromPage('/activation/password', { token, password })).body;
  expect(await judged('short')).toMatchObject({ strength: 1, problems: [{ code: 'short' }] });
  expect(await judged('password123456')).toMatchObject({ strength: 1, problems: [{ code: 'common' }] });
  expect((await activate(token, 'password123456')).body.error.details).toEqual({
    reasons: ((await judged('password123456')) as { problems: unknown }).problems,
  });
  expect(await judged(PASSWORD)).toEqual({ strength: 4, problems: [] });
  const weak = await activate(token, 'short');
  expect(weak.status).toBe(400);
  expect(weak.body.error).toMatchObject({
    code: 'org.password_too_weak',
    details: { reasons: [{ code: 'short' }] },
  });
  expect((await activate(token)).status).toBe(200);
  expect(await person(id)).toMatchObject({ status: 'active', account: 'created' });

  const answers: unknown[] = [];
  for (const wrong of [token, first, expired, suspended, 'a'.repeat(43), "' or 1=1 --"]) {
    for (const path of ['/activation', '/activation/info', '/activation/password']) {
      const answer = await fromPage(path, { token: wrong, password: 'weak' });
      const { request_id: _id, ...error } = answer.body.error;
      answers.push([answer.status, error]);
    }
  }
  expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
  expect(answers[0]).toEqual([404, expect.objectContaining({ code: 'org.activation_not_valid' })]);
  const stored = await sql<{ found: number }>`select count(*) as found from org.activation
    where encode(token_hash, 'base64') like ${`%${token.slice(0, 20)}%`}`.execute(company.db);
  expect(stored.rows[0]?.found).toBe(0);
  for (const secret of [token, expired, suspended, PASSWORD]) {
    expect(company.host.logLines.join('\n')).not.toContain(secret);
  }
});

/** The newest mail to an address. */
const mailTo = (address: string, nth = 1): Promise<ReceivedMail> =>
  waitFor(
    () => {
      const got = post.mails.filter(({ to }) => to.includes(address));
      return Promise.resolve(got.length >= nth && got.at(-1));
    },
    { what: `mail ${String(nth)} to ${address}` },
  );
const tokenIn = (mail: ReceivedMail): string =>
  /\/activate#([A-Za-z0-9_-]{43})/.exec(mail.parsed.text ?? '')?.[1] ?? 'none';
const signInAs = async (name: string): Promise<unknown> => {
  const answer = await fetch(`${company.stack.info.homeserverUrl}/_matrix/client/v3/login`, {
    method: 'POST',
    body: JSON.stringify({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: name },
      password: PASSWORD,
    }),
  });
  const body = (await answer.json()) as { user_id?: string; errcode?: string };
  return body.user_id ?? body.errcode;
};

test('looking at the links of a person ends none, and one that is used ends the others', async () => {
  const id = await newPerson('多个链接');
  const sent = await linkFor(id);
  const look = (): Promise<TestAnswer> => boss.call('GET', `/api/org/people/${id}/activation`);
  expect((await look()).body).toMatchObject({
    activated: false,
    mail: { configured: true },
    links: [{ purpose: 'activation', way: 'dialog' }],
    last_mail: null,
  });
  const again = await linkFor(id);
  const batch = await boss.call('POST', '/api/org/activations/links', { person_ids: [id] });
  const sheet = (batch.body as SheetLinks).items[0];
  expect(sheet).toMatchObject({ person: { display_name: '多个链接' }, departments: ['研发部'] });
  expect((await look()).body.links).toHaveLength(3);
  for (const token of [sent, again, new URL(sheet!.link).hash.slice(1)])
    expect((await fromPage('/activation/info', { token })).status).toBe(200);
  expect((await activate(sent)).status).toBe(200);
  expect((await look()).body).toMatchObject({ activated: true, links: [] });
  expect((await activate(again)).status).toBe(404);
  // Ended by hand.
  const renewed = await linkFor(id);
  expect((await fromPage('/activation/info', { token: renewed })).body.purpose).toBe('password');
  expect((await boss.call('DELETE', `/api/org/people/${id}/activation`)).body).toEqual({ ended: 1 });
  expect((await fromPage('/activation/info', { token: renewed })).status).toBe(404);
});

test('the file of links says who it is and until when, in the zone of the reader', async () => {
  const id = await newPerson('名单', department, { external_id: 'A00417', email: 'list@example.com' });
  const file = await boss.call('POST', '/api/org/people/activations', {
    person_ids: [id],
    time_zone: 'Asia/Shanghai',
  });
  const [header, row = ''] = file.text.split('\r\n');
  expect(header).toBe('\uFEFFName,Employee number,Department,E-mail,User name,Activation link,Valid until');
  expect(row).toMatch(/^名单,A00417,研发部,list@example\.com,/);
  expect(row).toMatch(/,"?\d\d \w{3,4} \d{4},? \d\d:\d\d GMT\+8"?$/);
  const wrong = await boss.call('POST', '/api/org/people/activations', { time_zone: 'Mars/Olympus' });
  expect(wrong.body.error.code).toBe('org.time_zone_not_valid');
});

test('many are activated by mail; who has no address, and whom it does not reach, are told', async () => {
  const group = company.department('邮件部');
  await company.apply([group]);
  const reached = await newPerson('收到', group.id, { email: 'reached@example.com', locale: 'zh-Hans' });
  const gone = await newPerson('退信', group.id, { email: 'bounced@example.com' });
  const without = await newPerson('无邮箱', group.id);
  post.answer('bounced@example.com', 550);
  const begun = await boss.call('POST', '/api/org/activations/mail', { department_id: group.id });
  expect([begun.status, begun.text]).toEqual([202, begun.text]);
  expect(begun.body).toMatchObject({ total: 2, without_email_count: 1, without_email: [{ id: without }] });
  const first = await mailTo('reached@example.com');
  expect(first.parsed.subject).toBe('激活您在测试公司的账号');
  const state = (): Promise<TestAnswer> =>
    boss.call('GET', `/api/org/activations/mail/${String(begun.body.id)}`);
  await waitFor(async () => (await state()).body.waiting === 0, { what: 'all are tried' });
  expect((await state()).body).toMatchObject({
    sent: 1,
    failed: 1,
    activated: 0,
    failed_people: [{ person: { id: gone }, mail: { error: { code: 'refused_address' } } }],
  });
  const list = await boss.call('GET', '/api/org/mail/messages?state=failed');
  const failed = (list.body.items as MailEntry[]).find(({ person: whom }) => whom?.id === gone);
  expect(failed).toMatchObject({ to: 'bounced@example.com', attempts: 1, readable: false });
  // What never came leaves no link; what came is used beside one that is made meanwhile.
  const links = await boss.call('GET', `/api/org/people/${gone}/activation`);
  expect(links.body.links).toEqual([]);
  await linkFor(reached);
  expect((await activate(tokenIn(first))).status).toBe(200);
  expect((await state()).body.activated).toBe(1);
  post.answer('bounced@example.com', undefined);
  expect((await boss.call('POST', `/api/org/mail/messages/${failed?.id ?? ''}/retry`)).status).toBe(202);
  const second = await mailTo('bounced@example.com');
  // The language is not known: both, one below the other.
  expect(second.parsed.subject).toContain('激活您在测试公司的账号 / Activate your account');
  // A link that was mailed ends with the address.
  await company.apply([{ kind: 'person_change', id: gone, set: { email: 'other@example.com' } }]);
  expect((await activate(tokenIn(second))).status).toBe(404);
  const nobody = await boss.call('POST', `/api/org/people/${without}/activation/mail`);
  expect(nobody.body.error.code).toBe('org.no_email');
});

test('who has forgotten the password gets a link by mail for an hour, and other devices are signed out', async () => {
  const { id, user } = await working('忘记', department, { email: 'forgot@example.com', locale: 'en' });
  const portal = await company.host.as(user.userId);
  expect((await portal('GET', '/api/org/me')).status).toBe(200);
  const answers = [];
  for (const name of [
    'forgot@example.com',
    'FORGOT@example.com',
    'nobody@example.com',
    '%',
    'x'.repeat(320),
    'pasted\twith\na line',
    '\u202egro.elpmaxe@togrof',
  ])
    answers.push(await fromPage('/password/forgot', { name }));
  expect(new Set(answers.map(({ status, text }) => `${String(status)} ${text}`))).toEqual(
    new Set(['202 {}']),
  );
  const mail = await mailTo('forgot@example.com');
  expect(mail.parsed.subject).toBe('A new password for 测试公司');
  const token = tokenIn(mail);
  const info = await fromPage('/activation/info', { token });
  expect(info.body).toMatchObject({ purpose: 'password', language: 'en' });
  const left = Date.parse(String(info.body.expires_at)) - Date.now();
  expect(left).toBeGreaterThan(50 * 60_000);
  expect(left).toBeLessThanOrEqual(60 * 60_000);
  const requests = async (): Promise<PasswordRequest | undefined> =>
    ((await boss.call('GET', '/api/org/password-requests')).body.items as PasswordRequest[]).find(
      ({ person: whom }) => whom.id === id,
    );
  await waitFor(async () => (await requests())?.times === 2, { what: 'the second time' });
  expect(await requests()).toMatchObject({ state: 'mailed' });
  // The second time came too soon for a second mail, and nobody else has got one.
  expect(post.mails.filter(({ to }) => to.includes('forgot@example.com'))).toHaveLength(1);
  expect((await activate(token, 'Eine ganz andere Tuba 77')).status).toBe(200);
  expect(await refused(user)).toBe('M_UNKNOWN_TOKEN');
  expect((await portal('GET', '/api/org/me')).status).toBe(401);
  expect(await signIn(id)).toBe('M_FORBIDDEN');
  expect((await activate(token)).status).toBe(404);
  expect(await requests()).toMatchObject({ state: 'done' });
  expect(company.host.logLines.join('\n')).not.toContain('nobody@example.com');
  // What nobody can be called is kept by no job.
  const kept = await sql`select 1 from jobs._private_jobs where payload::text like '%pasted%'`.execute(
    company.db,
  );
  expect(kept.rows).toEqual([]);
});

test('who changes their own password ends links that are under way, console sessions, and what mails would bring', async () => {
  const email = `own${String(address)}@example.test`;
  const { id, user } = await working('自己改的', department, { email });
  const userId = await company.userId(id);
  // Somebody has got hold of these: from a printer, from an unlocked computer, and from the mailbox to come.
  const stolen = await linkFor(id);
  const console_ = await company.host.as(userId);
  expect((await console_('GET', '/api/session')).status).toBe(200);
  post.answer(email, 451);
  const sent = await boss.call('POST', `/api/org/people/${id}/activation/mail`);
  expect(sent.status, sent.text).toBe(202);
  await waitFor(
    async () =>
      (await boss.call('GET', '/api/org/mail/messages?state=waiting')).body.items.some(
        (one: MailEntry) => one.id === sent.body.id && one.error !== null,
      ),
    { what: 'the first try' },
  );

  // Nobody but the homeserver says so.
  for (const [headers, status] of [
    [{}, 401],
    [{ authorization: 'Bearer wrong' }, 403],
  ] as const) {
    const claim = { user_ids: [userId] };
    const answer = await company.host.call('POST', '/_matrix-as/org/_qiao/v1/passwords', claim, headers);
    expect(answer.status).toBe(status);
  }

  // One for whom it fails here holds up nobody else, and is the one to be told again.
  const [stuck, beside] = [await newPerson('卡住'), await newPerson('旁边')];
  const ids = [await company.userId(stuck), await company.userId(beside)];
  const [kept, ended] = [await linkFor(stuck), await linkFor(beside)];
  const tell = (): Promise<TestAnswer> =>
    company.host.call(
      'POST',
      '/_matrix-as/org/_qiao/v1/passwords',
      { user_ids: ids },
      { authorization: `Bearer ${company.secret('hs_token_org')}` },
    );
  await sql`alter table org.person add constraint stuck
    check (links_ended_at is null or id <> ${sql.lit(stuck)})`.execute(company.db);
  const some = await tell();
  expect([some.status, some.body]).toEqual([200, { left: [ids[0]] }]);
  const works = async (token: string): Promise<number> =>
    (await fromPage('/activation/info', { token })).status;
  expect([await works(kept), await works(ended)]).toEqual([200, 404]);
  await sql`alter table org.person drop constraint stuck`.execute(company.db);
  expect((await tell()).body).toEqual({ left: [] });
  expect(await works(kept)).toBe(404);

  const next = 'Zimt, Anis und ein Fagott';
  const ask = (auth: object | undefined): Promise<Response> =>
    fetch(`${company.stack.info.homeserverUrl}/_matrix/client/v3/account/password`, {
      method: 'POST',
      headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ new_password: next, logout_devices: false, ...(auth ? { auth } : {}) }),
    });
  const { session } = (await (await ask(undefined)).json()) as { session: string };
  const changed = await ask({
    type: 'm.login.password',
    session,
    identifier: { type: 'm.id.user', user: userId },
    password: PASSWORD,
  });
  expect(changed.status).toBe(200);

  await waitFor(async () => (await console_('GET', '/api/session')).status === 401, { what: 'the sign-out' });
  expect((await activate(stolen)).body.error.code).toBe('org.activation_not_valid');
  post.answer(email, undefined);
  const over = await waitFor(
    async () => {
      const { items } = (await boss.call('GET', '/api/org/mail/messages?state=failed')).body;
      return (items as MailEntry[]).find((one) => one.id === sent.body.id);
    },
    { what: 'the mail to be over' },
  );
  expect(over.error).toMatchObject({ code: 'link_over' });
  expect(post.mails.filter((mail) => mail.to.includes(email))).toEqual([]);
  // The change itself, and what is asked for afterwards, are as ever.
  await login(company.stack.info.homeserverUrl, userId, next);
  expect((await fromPage('/activation/info', { token: await linkFor(id) })).status).toBe(200);
  const acts = await boss.call('GET', `/api/org/acts?subject=person:${id}`);
  expect(JSON.stringify(acts.body)).toContain('org.person.password_changed');
});

test('who has had the mails of a day is told of to an administrator', async () => {
  const { id } = await working('很多次', department, { email: 'often@example.com', locale: 'en' });
  const ask = async (): Promise<void> => {
    expect((await fromPage('/password/forgot', { name: 'often@example.com' })).status).toBe(202);
  };
  const request = async (): Promise<PasswordRequest | undefined> =>
    ((await boss.call('GET', '/api/org/password-requests')).body.items as PasswordRequest[]).find(
      ({ person: whom }) => whom.id === id,
    );
  for (let time = 1; time <= 6; time++) {
    await ask();
    await waitFor(async () => (await request())?.times === time, { what: `time ${String(time)}` });
    if (time === 6) break;
    await waitFor(() => post.mails.filter(({ to }) => to.includes('often@example.com')).length === time, {
      what: `mail ${String(time)}`,
    });
    // Ten minutes later.
    await sql`update org.password_request set mailed_at = mailed_at - interval '11 minutes'
      where person_id = ${id}::uuid`.execute(company.db);
  }
  await waitFor(async () => (await request())?.state === 'open', { what: 'an administrator has to help' });
  expect(post.mails.filter(({ to }) => to.includes('often@example.com'))).toHaveLength(5);
});

test('people sign in by what the directory knows them by; it follows changes and leavers', async () => {
  const { id, user } = await working('多名', department, {
    email: 'many.names@example.com',
    phone: '+86 138 0013 8017',
    external_id: 'A00-17',
  });
  const names = (): Promise<TestAnswer> => boss.call('GET', `/api/org/people/${id}/activation`);
  await waitFor(async () => (await names()).body.sign_in.employee_number?.state === 'usable', {
    what: 'the names are known',
  });
  for (const name of ['many.names@example.com', '13800138017', '+8613800138017', 'a00-17'])
    expect([name, await signInAs(name)]).toEqual([name, user.userId]);
  // A department administrator elsewhere writes the phone at somebody of theirs: its owner keeps it, and theirs is told.
  const { id: head } = await working('别部门的管理员', other);
  await buildGrant(company.db, { person_id: head, role: 'department_admin', department_id: other });
  const attacker = await company.host.as(await company.userId(head));
  const twin = await newPerson('同号', other);
  const before = await attacker('GET', `/api/org/people/${twin}`);
  const written = await attacker('PATCH', `/api/org/people/${twin}`, {
    version: before.body.version,
    phone: '138-0013-8017',
  });
  expect(written.status, written.text).toBe(200);
  const twins = (): Promise<TestAnswer> => boss.call('GET', `/api/org/people/${twin}/activation`);
  await waitFor(async () => (await twins()).body.sign_in.phone?.state === 'shared', { what: 'it is told' });
  expect((await names()).body.sign_in.phone.state).toBe('usable');
  expect(await signInAs('13800138017')).toBe(user.userId);
  await company.apply([{ kind: 'person_change', id: twin, set: { phone: '138 0013 8018' } }]);
  await waitFor(async () => (await twins()).body.sign_in.phone.state === 'usable', {
    what: 'it is one’s own',
  });
  // A successor takes number and phone over as soon as the leaving has begun.
  expect((await boss.call('POST', `/api/org/people/${id}/offboarding`, {})).status).toBe(201);
  await company.apply([{ kind: 'person_change', id: twin, set: { phone: '13800138017' } }]);
  expect((await activate(await linkFor(twin))).status).toBe(200);
  const successor = await company.userId(twin);
  await waitFor(async () => (await signInAs('138 0013 8017')) === successor, { what: 'the successor' });
});

test('two who use one link at the same time: one of them does', async () => {
  const token = await linkFor(await newPerson('同时'));
  const answers = await Promise.all(['a', 'b', 'c'].map((mark) => activate(token, `${PASSWORD} ${mark}`)));
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, 404, 404]);
});

test('a mail that is no longer needed says why', async () => {
  const held = async (
    name: string,
    more: object = {},
  ): Promise<{ id: string; mail: string; email: string }> => {
    const email = `held${String(address++)}@example.test`;
    const id = await newPerson(name, department, { email, ...more });
    post.answer(email, 451);
    const sent = await boss.call('POST', `/api/org/people/${id}/activation/mail`);
    expect(sent.status, sent.text).toBe(202);
    return { id, mail: String(sent.body.id), email };
  };
  const used = await held('已激活');
  const ended = await held('链接全部失效');
  const moved = await held('换邮箱');
  const gone = await held('要离职');
  const later = await held('改期');
  expect((await activate(await linkFor(used.id))).status).toBe(200);
  expect((await boss.call('DELETE', `/api/org/people/${ended.id}/activation`)).status).toBe(200);
  await sql`update org.person set email = 'other' || email where id = ${moved.id}::uuid`.execute(company.db);
  expect((await boss.call('POST', `/api/org/people/${gone.id}/offboarding`, {})).status).toBe(201);
  await sql`update org.person set starts_on = current_date + 9 where id = ${later.id}::uuid`.execute(
    company.db,
  );
  const codes = await waitFor(
    async () => {
      const { items } = (await boss.call('GET', '/api/org/mail/messages?state=failed&limit=200')).body;
      const found = [used, ended, moved, gone, later].map(
        (one) => (items as MailEntry[]).find(({ id }) => id === one.mail)?.error?.code,
      );
      return found.every((code) => code !== undefined) && found;
    },
    { what: 'all of them to be over', timeout: 60_000 },
  );
  expect(codes).toEqual(['link_over', 'link_over', 'address_changed', 'person_ended', 'not_started']);
  // One that is asked for afterwards goes.
  post.answer(ended.email, undefined);
  expect((await boss.call('POST', `/api/org/people/${ended.id}/activation/mail`)).status).toBe(202);
  const came = (): number => post.mails.filter(({ to }) => to.includes(ended.email)).length;
  await waitFor(() => Promise.resolve(came() === 1), { what: 'the mail' });
  // So does the old one that somebody sends again.
  expect((await boss.call('POST', `/api/org/mail/messages/${ended.mail}/retry`)).status).toBe(202);
  await waitFor(() => Promise.resolve(came() === 2), { what: 'the old mail' });
});

test('guessing is slowed down', async () => {
  const answers: number[] = [];
  // All within one minute, however long they take.
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    for (let n = 0; n < 130; n++) {
      answers.push((await fromPage('/activation/info', { token: 'a'.repeat(43) }, '192.0.2.7')).status);
    }
  } finally {
    vi.useRealTimers();
  }
  expect(answers.slice(0, 120).every((status) => status === 404)).toBe(true);
  expect(answers.slice(120).every((status) => status === 429)).toBe(true);
});

test('who gets a right that the maker of a link could not give has no such link any more', async () => {
  const { id } = await working('Admin before the grant', other);
  await buildGrant(company.db, { person_id: id, role: 'department_admin', department_id: other });
  const call = await company.host.as(await company.userId(id));
  const rising = await newPerson('Rising', other);
  const theirs = tokenOf(await call('POST', `/api/org/people/${rising}/activation`));
  const ours = await linkFor(rising);
  // Mails that the server puts off: what is under way brings a new link with each try.
  const puts = async (by: TestCall, name: string): Promise<{ id: string; mail: string; email: string }> => {
    const email = `rising${String(address++)}@example.test`;
    const person = await newPerson(name, other, { email });
    post.answer(email, 451);
    const sent = await by('POST', `/api/org/people/${person}/activation/mail`);
    expect(sent.status, sent.text).toBe(202);
    return { id: person, mail: String(sent.body.id), email };
  };
  const mailedByThem = await puts(call, 'Rising by mail');
  const mailedByUs = await puts(boss.call, 'Rising by our mail');
  const { body: roles } = await boss.call('GET', '/api/org/roles');
  const role = (roles.items as { id: string; builtin: string | null }[]).find(
    (one) => one.builtin === 'main_admin',
  );
  const granted = await boss.call('POST', '/api/org/grants', {
    person_id: rising,
    role_id: role?.id,
    department_id: null,
    ends_at: null,
  });
  expect(granted.status, granted.text).toBe(201);
  expect((await fromPage('/activation/info', { token: theirs })).status).toBe(404);
  expect((await fromPage('/activation/info', { token: ours })).status).toBe(200);
  for (const { id: person_id, email } of [mailedByThem, mailedByUs]) {
    const grant = { person_id, role_id: role?.id, department_id: null, ends_at: null };
    expect((await boss.call('POST', '/api/org/grants', grant)).status).toBe(201);
    post.answer(email, undefined);
  }
  await mailTo(mailedByUs.email);
  const over = await waitFor(
    async () => {
      const { items } = (await boss.call('GET', '/api/org/mail/messages?state=failed&limit=200')).body;
      return (items as MailEntry[]).find((one) => one.id === mailedByThem.mail);
    },
    { what: 'their mail to be over' },
  );
  expect(over.error).toMatchObject({ code: 'link_over' });
  expect(post.mails.filter(({ to }) => to.includes(mailedByThem.email))).toEqual([]);
});

test('a department admin gets no link, and lets nobody go, out of reach', async () => {
  const { id } = await working('Admin of Sales', other);
  await buildGrant(company.db, { person_id: id, role: 'department_admin', department_id: other });
  const call = await company.host.as(await company.userId(id));
  const mine = await newPerson('Mine', other);
  const theirs = await newPerson('Theirs', department);
  // In the department, but with rights over the company.
  const powerful = await newPerson('Powerful', other);
  await buildGrant(company.db, { person_id: powerful, role: 'main_admin' });
  expect((await call('POST', `/api/org/people/${mine}/activation`)).status).toBe(200);
  for (const [target, status] of [
    [theirs, 404],
    [boss.id, 404],
    [powerful, 403],
  ] as const) {
    expect((await call('POST', `/api/org/people/${target}/activation`)).status).toBe(status);
    expect((await call('POST', `/api/org/people/${target}/offboarding`, {})).status).toBe(status);
  }
  expect((await call('POST', '/api/org/people/activations', { person_ids: [mine, theirs] })).status).toBe(
    404,
  );
  const batch = await call('POST', '/api/org/people/activations', {});
  expect(batch.status).toBe(200);
  expect(batch.headers['content-type']).toContain('text/csv');
  expect(batch.text).toContain('Mine');
  expect(batch.text).not.toContain('Theirs');
  expect(batch.text).not.toContain('Powerful');

  const begun = await boss.call('POST', `/api/org/people/${theirs}/offboarding`, {});
  const at = `/api/org/offboardings/${begun.body.id}`;
  for (const [method, path, body] of [
    ['GET', at, undefined],
    ['POST', `${at}/close`, undefined],
    ['POST', `${at}/undo`, undefined],
    ['POST', `${at}/check`, undefined],
    ['PUT', `${at}/items/${id}`, { to_person_id: id }],
  ] as const) {
    expect((await call(method, path, body)).status).toBe(404);
    expect((await company.host.call(method, path, body)).status).toBe(401);
  }
  const list = await call('GET', '/api/org/offboardings');
  expect(list.body.items).toEqual([]);
  const nobody = await company.host.as(await company.userId(mine));
  expect((await nobody('GET', '/api/org/offboardings')).status).toBe(403);
  const all = await boss.call('GET', '/api/org/offboardings?limit=1');
  expect(all.body.items).toHaveLength(1);
  expect(
    (await boss.call('GET', `/api/org/offboardings?limit=1&after=${all.body.next}`)).body.items[0].id,
  ).not.toBe(all.body.items[0].id);
});

test('no link before the first day, and the last day lets go by itself', async () => {
  const future = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
  const past = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  const later = await newPerson('Later', department, { starts_on: future });
  expect((await boss.call('POST', `/api/org/people/${later}/activation`)).body.error.code).toBe(
    'org.not_started_yet',
  );
  const gone = await working('Temporary', department, { ends_on: past });
  await sql`select jobs.add_job('org.daily-life-cycle', '{}')`.execute(company.db);
  await waitFor(async () => (await refused(gone.user)) === 'M_USER_LOCKED', { what: 'the lock' });
  const { rows } = await sql<{
    started_by: string;
  }>`select started_by from org.offboarding where person_id = ${gone.id}::uuid`.execute(company.db);
  expect(rows).toEqual([{ started_by: 'system:org.daily-life-cycle' }]);
  await company.settled();
  expect((await person(later)).account).toBe('none');
  await sql`update org.person set starts_on = (now() at time zone 'utc')::date where id = ${later}::uuid`.execute(
    company.db,
  );
  await sql`select jobs.add_job('org.daily-life-cycle', '{}')`.execute(company.db);
  await waitFor(async () => (await person(later)).account === 'created', {
    what: 'the account',
    timeout: 90_000,
  });
});

/** Sends a request while the directory is locked, withdraws a right as soon as it waits there, and lets it go on. */
async function withdrawnBetween(grant: string, request: () => Promise<TestAnswer>): Promise<TestAnswer> {
  return company.db
    .transaction()
    .execute(async (trx) => {
      await changesRepository.lock(trx);
      const answer = request();
      await waitFor(
        async () => {
          const { rows } = await sql<{ count: number }>`select count(*)::int as count from pg_locks l
          join pg_database d on d.oid = l.database
          where l.locktype = 'advisory' and not l.granted and d.datname = current_database()`.execute(trx);
          return (rows[0]?.count ?? 0) > 0;
        },
        { what: 'the request to wait for the directory', timeout: 30_000 },
      );
      await trx.deleteFrom('org.role_grant').where('id', '=', grant).execute();
      // The answer comes after the commit.
      return [answer] as const;
    })
    .then(([answer]) => answer);
}

test('a right withdrawn while a request waits for the directory counts no more', async () => {
  const admin = await working('Vanishing');
  const as = await company.host.as(await company.userId(admin.id));
  const grant = (): Promise<string> =>
    buildGrant(company.db, { person_id: admin.id, role: 'department_admin', department_id: department });
  const { id } = await working('Contested');
  let right = await grant();

  const begin = await withdrawnBetween(right, () => as('POST', `/api/org/people/${id}/offboarding`, {}));
  expect(begin.status).toBe(404);
  expect((await person(id)).status).toBe('active');

  const begun = await boss.call('POST', `/api/org/people/${id}/offboarding`, {});
  const at = `/api/org/offboardings/${begun.body.id}`;
  await waitFor(async () => (await person(id)).account === 'locked', { what: 'the lock' });
  right = await grant();
  const refusedUndo = await withdrawnBetween(right, () => as('POST', `${at}/undo`));
  expect(refusedUndo.status).toBe(404);
  right = await grant();
  const refusedClose = await withdrawnBetween(right, () => as('POST', `${at}/close`));
  expect(refusedClose.status).toBe(404);
  expect((await offboarding(String(begun.body.id))).state).toBe('suspended');

  expect((await boss.call('POST', `${at}/close`)).status).toBe(200);
  await waitFor(async () => (await boss.call('GET', at)).body.state === 'closed', {
    what: 'closed',
    timeout: 90_000,
  });
  right = await grant();
  expect((await withdrawnBetween(right, () => as('POST', `${at}/undo`))).status).toBe(404);
  // The account that was woken for it sleeps again.
  const check = await boss.call('POST', `${at}/check`);
  expect(check.body.certificate.complete).toBe(true);
  expect((await person(id)).status).toBe('left');
});

test('what undoing needed is erased when its time is over', async () => {
  const { id } = await working('Forgotten');
  const begun = await boss.call('POST', `/api/org/people/${id}/offboarding`, {});
  const at = `/api/org/offboardings/${begun.body.id}`;
  await boss.call('POST', `${at}/close`);
  await waitFor(async () => (await boss.call('GET', at)).body.state === 'closed', {
    what: 'closed',
    timeout: 90_000,
  });
  await sql`update org.offboarding set undo_until = now() - interval '1 day' where person_id = ${id}::uuid`.execute(
    company.db,
  );
  expect((await boss.call('POST', `${at}/undo`)).body.error.code).toBe('org.undo_expired');
  await sql`select jobs.add_job('org.daily-life-cycle', '{}')`.execute(company.db);
  await waitFor(
    async () => {
      const { rows } = await sql<{ empty: boolean }>`select snapshot = '{}' as empty from org.offboarding
        where person_id = ${id}::uuid`.execute(company.db);
      return rows[0]?.empty === true;
    },
    { what: 'the erasure' },
  );
});

test('with the homeserver away nothing is lost: the link stays good, and the lock follows', async () => {
  const id = await newPerson('耐心');
  const token = await linkFor(id);
  const { id: leaver, user } = await working('Away');
  company.proxy.fault = () => ({ status: 503, body: { errcode: 'M_UNKNOWN', error: 'away' } });
  try {
    const answer = await activate(token);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.body.error.code).toBe('org.homeserver_unavailable');
    expect((await person(id)).activated_at).toBeNull();
    const begun = await boss.call('POST', `/api/org/people/${leaver}/offboarding`, {});
    expect(begun.status).toBe(201);
    const close = await boss.call('POST', `/api/org/offboardings/${begun.body.id}/close`);
    expect(close.status).toBe(503);
    expect((await offboarding(String(begun.body.id))).state).toBe('suspended');
  } finally {
    company.proxy.fault = undefined;
  }
  expect((await activate(token)).status).toBe(200);
  await waitFor(async () => (await refused(user)) === 'M_USER_LOCKED', { what: 'the lock', timeout: 90_000 });
});

test('an identity provider lets somebody go, a person closes, the provider brings them back', async () => {
  const made = await boss.call('POST', '/api/org/scim-tokens', { name: 'Entra ID' });
  const scim = (method: 'POST' | 'PATCH' | 'GET', path: string, body?: object): Promise<TestAnswer> =>
    company.host.call(method, `/api/scim/v2${path}`, body, { authorization: `Bearer ${made.body.token}` });
  const active = (value: boolean): Promise<TestAnswer> =>
    scim('PATCH', `/Users/${id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'Replace', path: 'active', value }],
    });
  const answer = await scim('POST', '/Users', {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: 'scim.journey@example.com',
    name: { familyName: '孙', givenName: '悦' },
    emails: [{ value: 'scim.journey@example.com', type: 'work', primary: true }],
  });
  const id = String(answer.body.id);
  expect((await activate(await linkFor(id))).status).toBe(200);
  const user = await login(company.stack.info.homeserverUrl, await company.userId(id), PASSWORD);
  expect((await active(false)).body.active).toBe(false);
  await waitFor(async () => (await refused(user)) === 'M_USER_LOCKED', { what: 'the lock' });
  const list = await boss.call('GET', '/api/org/offboardings?state=suspended');
  const { id: at } = (list.body.items as { id: string; person: { id: string } }[]).find(
    (one) => one.person.id === id,
  )!;
  expect((await boss.call('POST', `/api/org/offboardings/${at}/close`)).status).toBe(200);
  const closed = await waitFor(
    async () => {
      const now = await offboarding(at);
      return now.certificate !== null && now;
    },
    { what: 'the certificate', timeout: 90_000 },
  );
  expect(closed.certificate.complete).toBe(true);
  expect((await scim('GET', `/Users/${id}`)).body.active).toBe(false);
  const back = await active(true);
  expect(back.status, back.text).toBe(200);
  expect(back.body.active).toBe(true);
  expect((await activate(await linkFor(id))).status).toBe(200);
  expect(await signIn(id)).toBe('allowed');
});
