import { openDatabase, systemRandom, type DatabaseHandle } from '@qiao/platform';
import { startTestHost, type TestHost, type TestHostOptions } from '@qiao/platform/testing';
import { createTestDatabase, type TestDatabase } from '@qiao/testkit';
import { builtinRoles } from '../contract/permissions.ts';
import org from '../module.ts';
import { rolesRepository } from '../server/roles/roles.repository.ts';
import type { OrgDb } from '../server/tables.ts';

/** The org domain over a real database of its own, without a homeserver and without jobs. */
export interface TestOrg {
  readonly host: TestHost;
  readonly db: OrgDb;
  readonly database: TestDatabase;
  readonly serverName: string;
  userId(person: { localpart: string }): string;
  close(): Promise<void>;
}

/** Opens it for one test file. Takes some 300 ms after the first. */
export async function openTestOrg(options: Partial<TestHostOptions> = {}): Promise<TestOrg> {
  const serverName = options.serverName ?? 'qiao.test';
  const database = await createTestDatabase();
  let handle: DatabaseHandle | undefined;
  let host: TestHost | undefined;
  const close = async (): Promise<void> => {
    await host?.stop();
    await handle?.close();
    await database.drop();
  };
  try {
    host = await startTestHost({ domains: [org], databaseUrl: database.url, serverName, ...options });
    handle = openDatabase({ url: database.url, applicationName: 'test', max: 3, onError: () => undefined });
    const db = handle.db as OrgDb;
    await rolesRepository.seedBuiltins(
      db,
      Object.entries(builtinRoles).map(([builtin, permissions]) => ({
        id: systemRandom.uuid(),
        builtin,
        permissions,
      })),
    );
    return {
      host,
      db,
      database,
      serverName,
      userId: ({ localpart }) => `@${localpart}:${serverName}`,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
