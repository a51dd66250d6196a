import { join } from 'node:path';
import {
  activate,
  activateAndSignIn,
  activatePeople,
  callApi,
  firstAdmin,
  inStep,
  NioClient,
  PASSWORD,
  runHost,
  startTestStack,
  tokenOf,
  waitFor,
  type RunningTestStack,
} from '@qiao/testkit';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/*
 * The journey the product is for: a fresh installation takes in a company's directory, a person activates the
 * account by the link, and reads, in a client that shares no code with ours, what the department's bot says.
 */

let own: RunningTestStack;
let nio: NioClient | undefined;

beforeAll(async () => {
  own = await startTestStack({ parts: ['postgres', 'synapse', 'host', 'audit', 'gateway'] });
});
afterAll(async () => {
  await nio?.close();
  await own.stop();
});

const api = <T>(method: string, path: string, body?: unknown, token?: string): Promise<T> =>
  callApi(own.info, method, path, body, token);

interface DepartmentAnswer {
  name: string;
  member_count: number;
  room_id: string | null;
}

interface PersonAnswer {
  id: string;
  user_id: string;
  display_name: string;
  activated_at: string | null;
  departments: { department_id: string; department_name: string }[];
}

/** How many are joined, by room: what the homeserver itself holds, not what we think of it. */
async function joinedIn(departments: readonly DepartmentAnswer[]): Promise<Map<string, number>> {
  const synapse = new pg.Client({
    connectionString: own.info.superuserUrl.replace(/\/postgres$/, '/synapse'),
  });
  await synapse.connect();
  const { rows } = await synapse.query<{ room_id: string; joined: number }>(
    `select room_id, count(*)::int as joined from local_current_membership
     where membership = 'join' and room_id = any($1::text[]) group by room_id`,
    [departments.map((department) => department.room_id)],
  );
  await synapse.end();
  return new Map(rows.map((row) => [row.room_id, row.joined]));
}

describe('a fresh installation', () => {
  let admin: { userId: string; session: string };
  let departments: DepartmentAnswer[];
  let gail: PersonAnswer;
  let person: PersonAnswer;
  /** The department's room; its space has the same name. */
  let greeted: string;

  const settled = (): Promise<void> =>
    inStep((method, path) => api(method, path, undefined, admin.session), { timeout: 240_000 });

  it('takes in Adventure Works, and makes every room; nobody is joined who cannot read', async () => {
    expect(await runHost(own.info, 'org', 'demo')).toMatch(/290/);
    admin = await activateAndSignIn(own.info, (await firstAdmin(own.info)).link);
    await settled();
    ({ items: departments } = await api<{ items: DepartmentAnswer[] }>(
      'GET',
      '/api/org/departments',
      undefined,
      admin.session,
    ));
    const filled = departments.filter((department) => department.member_count > 0);
    expect(filled.length).toBeGreaterThanOrEqual(16);
    expect(filled.find((department) => department.name === 'Engineering')?.member_count).toBe(6);
    // The bot alone.
    const joined = await joinedIn(filled);
    for (const department of filled)
      expect([department.name, joined.get(department.room_id ?? '')]).toEqual([department.name, 1]);
    const { waiting } = await api<{ waiting: number }>(
      'GET',
      '/api/org/provisioning',
      undefined,
      admin.session,
    );
    // And the administrator, who has signed in to the console alone.
    expect(waiting).toBe(290 + 1);
  }, 400_000);

  it('joins everybody with the first device', async () => {
    const people: PersonAnswer[] = [];
    for (let after: string | null = ''; after !== null;) {
      const page: { items: PersonAnswer[]; next: string | null } = await api(
        'GET',
        `/api/org/people?limit=200${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`,
        undefined,
        admin.session,
      );
      people.push(...page.items);
      after = page.next;
    }
    const found = people.find((one) => one.display_name === 'Gail A Erickson');
    if (found === undefined) throw new Error('Gail is not there');
    gail = found;
    await activatePeople(
      own.info,
      people.map((one) => one.user_id).filter((id) => id !== gail.user_id && id !== admin.userId),
    );
    await waitFor(
      async () => {
        const { waiting } = await api<{ waiting: number }>(
          'GET',
          '/api/org/provisioning',
          undefined,
          admin.session,
        );
        return waiting <= 2;
      },
      { what: 'everybody but Gail and the administrator to come', timeout: 120_000 },
    );
    await settled();
    const joined = await joinedIn(departments);
    for (const department of departments) {
      // Its people, and the bot; in Engineering all but Gail.
      const missing = department.name === 'Engineering' ? 1 : 0;
      expect([department.name, joined.get(department.room_id ?? '')]).toEqual([
        department.name,
        department.member_count + 1 - missing,
      ]);
    }
  }, 400_000);

  it('lets a person of the company activate the account, once', async () => {
    const found = await api<{ items: PersonAnswer[] }>(
      'GET',
      '/api/org/people?q=gail%20erickson',
      undefined,
      admin.session,
    );
    expect(found.items.map((one) => one.user_id)).toEqual([gail.user_id]);
    person = found.items[0]!;
    expect(person.activated_at).toBeNull();
    const { link } = await api<{ link: string }>(
      'POST',
      `/api/org/people/${person.id}/activation`,
      {},
      admin.session,
    );
    await expect(
      api('POST', '/api/org/activation', { token: tokenOf(link), password: 'short' }),
    ).rejects.toThrow(/400/);
    expect(await activate(own.info, link)).toBe(person.user_id);
    await expect(
      api('POST', '/api/org/activation', { token: tokenOf(link), password: PASSWORD }),
    ).rejects.toThrow(/404.*org\.activation_not_valid/);
  });

  it("shows the department bot's encrypted greeting in an independent client", async () => {
    nio = new NioClient(join(own.info.varDir, 'nio-gail'));
    await nio.login({ homeserver: own.info.gatewayUrl, user_id: person.user_id, password: PASSWORD });
    await nio.startSync();
    const greeting = await nio.waitEvent({
      type: 'm.room.message',
      sender: `@_qiao_org_bot:${own.info.serverName}`,
      timeout_ms: 90_000,
    });
    greeted = greeting.room_id;
    expect(greeting).toMatchObject({ encrypted: true, decrypted: true });
    expect(String(greeting.content['body'])).toContain('Gail');
    const { rooms } = await nio.state();
    expect(rooms[greeting.room_id]).toMatchObject({ name: 'Engineering', encrypted: true });
    expect(rooms[greeting.room_id]?.members).toHaveLength(7);
  });

  it('answers a question in the same encrypted room', async () => {
    const asked = await nio!.sendText(greeted, '!帮助');
    const answer = await nio!.waitEvent({
      room_id: greeted,
      sender: `@_qiao_org_bot:${own.info.serverName}`,
      after_event_id: asked,
      type: 'm.room.message',
      timeout_ms: 60_000,
    });
    expect(answer).toMatchObject({ encrypted: true, decrypted: true });
    await expect.poll(() => nio!.undecrypted()).toEqual([]);
  });
});
