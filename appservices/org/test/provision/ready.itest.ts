import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activatePeople, login, uploadKeys, waitFor } from '@qiao/testkit';
import { RECONCILE_JOB } from '../../server/provision/provisioner.ts';
import { placed, startCompany, type Company } from './company.ts';

/**
 * A person is known, and in the rooms, so long after the first device at the latest, milliseconds: shorter than the
 * question after keys waits by itself (25 s), so that it is the news that ends the wait.
 */
const PROMPTLY_MS = 20_000;

describe('people get a first device with keys', () => {
  let company: Company;
  let research: string;
  let sales: string;
  const people: Record<string, string> = {};

  beforeAll(async () => {
    company = await startCompany({ greet: true });
    const one = company.department('研发部');
    const other = company.department('销售部');
    [research, sales] = [one.id, other.id];
    const added = ['an', 'bo', 'chen', 'dong', 'er', 'fang'].map((name) => {
      const change = company.person(name, one.id);
      people[name] = change.id;
      return change;
    });
    await company.apply([one, other, ...added]);
    await company.settled();
  });
  afterAll(async () => {
    await company.close();
  });

  const person = (name: string) =>
    company.db
      .selectFrom('org.person')
      .select(['keys_at', 'greeted_at'])
      .where('id', '=', people[name]!)
      .executeTakeFirstOrThrow();
  const ready = async (name: string): Promise<boolean> => (await person(name)).keys_at !== null;
  const untilReady = (name: string) =>
    waitFor(() => ready(name), { what: `${name} to be known as ready`, timeout: PROMPTLY_MS });
  const id = (name: string): Promise<string> => company.userId(people[name]!);
  const progress = async (): Promise<string | undefined> =>
    (await company.host.parts.get('org')?.health?.['provisioning']?.())?.detail;
  /** Who is where, the bot left out: company, space, room. */
  const members = async (department: string): Promise<string[][]> => {
    const { space, room } = await company.rooms(department);
    return Promise.all(
      [await company.companySpace(), space, room].map(async (one) => (await company.members(one)).sort()),
    );
  };
  const isIn = async (department: string, name: string): Promise<boolean[]> => {
    const user = await id(name);
    return (await members(department)).map((list) => list.includes(user));
  };
  const untilIn = (department: string, name: string) =>
    waitFor(async () => (await isIn(department, name)).every(Boolean), {
      what: `${name} to be in the rooms`,
      timeout: PROMPTLY_MS,
    });

  it('nobody is in any room before, and there is nothing to do', async () => {
    expect(await members(research)).toEqual([[], [], []]);
    expect(await progress()).toBe('0 to do, 0 problems');
  });

  it('learns of the keys, and joins the person, and not one whose device has none', async () => {
    const bo = await id('bo');
    await company.setPassword(bo);
    const signedIn = await login(company.stack.info.homeserverUrl, bo, company.password);
    const [an] = await activatePeople(company.stack.info, [await id('an')]);
    await untilReady('an');
    await untilIn(research, 'an');
    expect(await ready('bo')).toBe(false);
    expect(await isIn(research, 'bo')).toEqual([false, false, false]);
    await uploadKeys(signedIn);
    await untilReady('bo');
    await untilIn(research, 'bo');
    await an!.request('POST', '/v3/logout', {});
    expect(await ready('an'), 'known once, known for good').toBe(true);
  });

  it('does not make a person wait for a run that is busy', async () => {
    // Another process holds the run's lock: no run of ours gets anywhere.
    const other = new pg.Client({ connectionString: company.database.url });
    await other.connect();
    await other.query("select pg_advisory_lock(hashtextextended('qiao-org-provision', 0))");
    try {
      await activatePeople(company.stack.info, [await id('chen')]);
      await untilIn(research, 'chen');
    } finally {
      await other.end();
    }
  });

  it('learns at its start of those who came while it was away', async () => {
    const dong = await id('dong');
    await company.restartHost(() => activatePeople(company.stack.info, [dong]));
    await untilReady('dong');
    await untilIn(research, 'dong');
  });

  it('finds no drift in rooms whose people are not all there', async () => {
    await sql`select jobs.add_job(${RECONCILE_JOB}, '{}'::json)`.execute(company.db);
    await company.settled();
    expect(await company.db.selectFrom('org.drift').selectAll().execute()).toEqual([]);
    expect(await isIn(research, 'er')).toEqual([false, false, false]);
  });

  describe('in an installation that joined everybody at once', () => {
    it('who has no keys stays, and is joined to nothing new; who has them is known, without a word', async () => {
      // What such an installation holds: Er is in the rooms and has no device; Fang has one, and was never welcomed.
      const { space, room } = await company.rooms(research);
      for (const room_id of [await company.companySpace(), space, room])
        await company.request('/memberships', {
          as: `@_qiao_org_bot:${company.serverName}`,
          items: [{ room_id, user_id: await id('er'), membership: 'join' }],
        });
      await company.restartHost(async () => {
        await activatePeople(company.stack.info, [await id('fang')]);
        await sql`update org.person set status = 'active', activated_at = now() where id = ${people['fang']!}`.execute(
          company.db,
        );
        await sql`update org.person set keys_at = null`.execute(company.db);
        await sql`update org.workspace set settings = settings #- '{provision,keys_known}'`.execute(
          company.db,
        );
      });
      await untilReady('fang');
      await untilIn(research, 'fang');
      await sql`select jobs.add_job(${RECONCILE_JOB}, '{}'::json)`.execute(company.db);
      await company.settled();
      expect(await isIn(research, 'er')).toEqual([true, true, true]);
      expect(await company.db.selectFrom('org.drift').selectAll().execute()).toEqual([]);
      await company.apply([{ kind: 'person_place', id: people['er']!, placements: placed(sales) }]);
      await company.settled();
      expect(await isIn(research, 'er'), 'left the old department').toEqual([true, false, false]);
      expect(await isIn(sales, 'er'), 'and waits for the new one').toEqual([true, false, false]);
      await company.activate([people['er']!]);
      await untilIn(sales, 'er');
      // Er is welcomed; Fang's keys were no news.
      await waitFor(async () => (await person('er')).greeted_at !== null, {
        what: 'the welcome',
        timeout: 60_000,
      });
      expect((await person('fang')).greeted_at).toBeNull();
    });
  });

  it('forgets with the account', async () => {
    await sql`update org.person set status = 'left' where id = ${people['chen']!}::uuid`.execute(company.db);
    await company.host.parts.get('org')?.start?.();
    await waitFor(async () => !(await ready('chen')), { what: 'the account to be closed' });
  });
});
