import type { DomainContext, Locale } from '@qiao/platform';
import type { OrgPerson, OrgRead, OrgRooms } from '@qiao/org/contract';
import type { NoticesConfig } from './config.ts';
import type { NoticesDb, NoticesTrx } from './tables.ts';

export type NoticesContext = DomainContext<NoticesConfig>;

/** What the domain's services stand on. */
export interface Base {
  readonly context: NoticesContext;
  readonly db: NoticesDb;
  readonly org: OrgRead;
  readonly rooms: OrgRooms;
}

/** Uniform random number, 0 ≤ n < 1, from the host's source; for jitter. */
export const fraction =
  ({ random }: Pick<NoticesContext, 'random'>) =>
  (): number =>
    Buffer.from(random.token(4), 'base64url').readUInt32BE() / 2 ** 32;

/** The queue and the acts take a transaction of any tables. */
export const loose = (on: NoticesDb | NoticesTrx): never => on as never;

/** Language in which a person is written to. */
export async function localeOf(org: OrgRead, person: Pick<OrgPerson, 'locale'> | undefined): Promise<Locale> {
  return person?.locale ?? (await org.locale());
}
