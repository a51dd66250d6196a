import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activatePeople, login, uploadKeys, waitFor } from '@qiao/testkit';
import { startCompany, type Company } from './company.ts';

describe('people get a first device with keys', () => {
  let company: Company;
  const people: Record<string, string> = {};

  beforeAll(async () => {
    company = await startCompany();
    const department = company.department('研发部');
    const added = ['an', 'bo', 'chen', 'dong'].map((name) => {
      const change = company.person(name, department.id);
      people[name] = change.id;
      return change;
    });
    await company.apply([department, ...added]);
    await company.settled();
  });
  afterAll(async () => {
    await company.close();
  });

  const ready = async (name: string): Promise<boolean> => {
    const row = await company.db
      .selectFrom('org.person')
      .select('keys_at')
      .where('id', '=', people[name]!)
      .executeTakeFirstOrThrow();
    return row.keys_at !== null;
  };
  const untilReady = async (name: string): Promise<void> => {
    await waitFor(() => ready(name), { what: `${name} to be known as ready` });
  };

  it('learns of the keys, and not of a device without', async () => {
    const [an] = await activatePeople(company.stack.info, [await company.userId(people['an']!)]);
    await untilReady('an');
    const bo = await company.userId(people['bo']!);
    await company.setPassword(bo);
    const signedIn = await login(company.stack.info.homeserverUrl, bo, company.password);
    // Somebody later is known: the one before was looked at.
    await activatePeople(company.stack.info, [await company.userId(people['chen']!)]);
    await untilReady('chen');
    expect(await ready('bo')).toBe(false);
    await uploadKeys(signedIn);
    await untilReady('bo');
    await an!.request('POST', '/v3/logout', {});
    expect(await ready('an'), 'known once, known for good').toBe(true);
  });

  it('learns at its start of those who came while it was away', async () => {
    const dong = await company.userId(people['dong']!);
    await company.restartHost(() => activatePeople(company.stack.info, [dong]));
    await untilReady('dong');
  });

  it('forgets with the account', async () => {
    await sql`update org.person set status = 'left' where id = ${people['chen']!}::uuid`.execute(company.db);
    await company.host.parts.get('org')?.start?.();
    await waitFor(async () => !(await ready('chen')), { what: 'the account to be closed' });
  });
});
