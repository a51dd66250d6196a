import { MatrixError, MatrixLink, MatrixUnreachableError } from '@qiao/platform/matrix';
import { makeErrors } from '@qiao/platform';
import { orgErrorTable } from '../../contract/index.ts';
import type { OrgContext } from '../context.ts';

const errors = makeErrors('org', orgErrorTable);

/** How long a call made for a waiting person may take, milliseconds; jobs have longer and come again. */
const INTERACTIVE_MS = 8_000;
const JOB_MS = 60_000;
/** The module waits up to 20 s for Synapse to take a person out of the rooms. */
const DEACTIVATE_TIMEOUT_MS = 60_000;

/** What is left of an account at the homeserver (`synapse-config/module`, `/accounts/residue`). */
export interface Residue {
  deactivated: boolean;
  locked: boolean;
  has_password: boolean;
  devices: number;
  access_tokens: number;
  refresh_tokens: number;
  login_tokens: number;
  openid_tokens: number;
  pushers: number;
  parting: boolean;
  joined: string[];
  invited: string[];
  knocked: string[];
  alone: string[];
  sole_admin: string[];
}

/** The part of the Synapse module's API a life-cycle needs. All calls may be repeated. */
export interface Accounts {
  /** Makes the account unless it is there. `madeHere` is false for an account somebody else made. */
  create(account: {
    localpart: string;
    displayname: string;
    emails: string[];
    locale: 'zh_Hans' | 'en' | null;
  }): Promise<{ madeHere: boolean }>;
  /** @throws MatrixError with the server's own password rules (`M_PASSWORD_…`, `M_WEAK_PASSWORD`). */
  setPassword(userId: string, password: string, logOutDevices: boolean): Promise<void>;
  /** Whose account a typed name is: user name, e-mail, phone or employee number. Undefined: nobody's, or of several. */
  resolve(name: string): Promise<string | undefined>;
  lock(userId: string, locked: boolean): Promise<void>;
  logout(userId: string): Promise<void>;
  /** Answers the rooms the person is still in, and whether Synapse is still at it. */
  deactivate(userId: string): Promise<{ parting: boolean; rooms: string[] }>;
  reactivate(userId: string): Promise<void>;
  /** Undefined where there is no such account. */
  residue(userId: string): Promise<Residue | undefined>;
  /** Makes `to` an administrator of a room in which the locked leaver is the only one. */
  handOverRoom(userId: string, roomId: string, to: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens the module's API. `interactive`: short waits, for requests; otherwise for jobs. */
export function openAccounts(org: Pick<OrgContext, 'homeserver' | 'log'>, interactive: boolean): Accounts {
  const link = MatrixLink.open({
    url: org.homeserver.url,
    token: '',
    clock: { now: () => Date.now() },
    random: Math.random,
    retry: { totalMs: interactive ? INTERACTIVE_MS : JOB_MS },
    timeoutMs: DEACTIVATE_TIMEOUT_MS,
    log: org.log,
  });
  const post = (path: string, body: object): Promise<Record<string, unknown>> =>
    link.withToken(org.homeserver.moduleToken()).request({
      method: 'POST',
      path: `/_synapse/client/qiao/v1${path}`,
      route: `module ${path}`,
      body,
      idempotent: true,
    });
  return {
    async create({ localpart, displayname, emails, locale }) {
      const account = { localpart, displayname, emails, ...(locale === null ? {} : { locale }) };
      const answer = await post('/accounts', { accounts: [account] });
      const result = (answer.results as Record<string, unknown>[] | undefined)?.[0] ?? {};
      if (typeof result['errcode'] === 'string') {
        throw new MatrixError('module /accounts', 400, result);
      }
      return { madeHere: result['created'] === true || result['made_here'] === true };
    },
    async setPassword(userId, password, logOutDevices) {
      await post('/accounts/password', { user_id: userId, password, logout_devices: logOutDevices });
    },
    async resolve(name) {
      const { user_id: userId } = await post('/accounts/resolve', { name });
      return typeof userId === 'string' ? userId : undefined;
    },
    async lock(userId, locked) {
      await post('/accounts/suspend', { user_id: userId, suspended: locked });
    },
    async logout(userId) {
      await post('/accounts/logout', { user_id: userId });
    },
    async deactivate(userId) {
      const answer = await post('/accounts/deactivate', { user_id: userId });
      return {
        parting: answer['parting'] === true,
        rooms: (answer['rooms'] as string[] | undefined) ?? [],
      };
    },
    async reactivate(userId) {
      await post('/accounts/reactivate', { user_id: userId });
    },
    async residue(userId) {
      try {
        return (await post('/accounts/residue', { user_id: userId })) as unknown as Residue;
      } catch (error) {
        if (MatrixError.is(error, 'M_NOT_FOUND')) return undefined;
        throw error;
      }
    },
    async handOverRoom(userId, roomId, to) {
      await post('/rooms/handover', { user_id: userId, room_id: roomId, to });
    },
    close: () => link.close(),
  };
}

/** Runs a call for a waiting person: an unreachable or failing homeserver becomes an error with a text. */
export async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof MatrixUnreachableError) throw errors.homeserver_unavailable();
    if (error instanceof MatrixError && (error.status >= 500 || error.status === 429)) {
      throw errors.homeserver_unavailable();
    }
    throw error;
  }
}
