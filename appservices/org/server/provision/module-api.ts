import { MatrixLink } from '@qiao/platform/matrix';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { OrgContext } from '../context.ts';

/** Most items of one request of the module. */
export const MODULE_BATCH = 200;
/** One request may change 200 memberships of a large room. */
const TIMEOUT_MS = 300_000;
/** A call is tried again for so long by itself; after that the provisioner waits for the homeserver. */
const RETRY_MS = 15_000;

/** An item's answer; `errcode` where it failed. */
export interface ItemResult {
  readonly user_id?: string;
  readonly room_id?: string;
  readonly errcode?: string;
  readonly error?: string;
}
export interface IdentifiersResult extends ItemResult {
  /** Kinds of names (`phone`, `number`) that are somebody else's, too. */
  readonly shared?: readonly string[];
  /** How many phones are none. */
  readonly unusable?: number;
}
export interface AccountResult extends ItemResult {
  readonly created?: boolean;
  readonly made_here?: boolean;
  readonly bot?: boolean;
  readonly deactivated?: boolean;
  readonly locked?: boolean;
  readonly displayname?: string;
  readonly emails?: readonly string[];
}
export interface AccountFacts extends ItemResult {
  readonly exists?: boolean;
  readonly activated?: boolean;
  readonly made_here?: boolean;
  readonly deactivated?: boolean;
  readonly locked?: boolean;
  readonly displayname?: string | null;
}
/** Local accounts with keys; `limited`: more can be had at once. */
const ActivatedPage = Type.Object({
  user_ids: Type.Array(Type.String()),
  next: Type.String(),
  limited: Type.Boolean(),
});
export type ActivatedPage = Static<typeof ActivatedPage>;
export interface MembershipResult extends ItemResult {
  readonly membership?: 'join' | 'leave';
  readonly changed?: boolean;
}
export interface NewAccount {
  readonly localpart: string;
  readonly displayname: string;
  readonly emails: readonly string[];
  readonly locale?: string;
}
export interface MembershipChange {
  readonly room_id: string;
  readonly user_id: string;
  readonly membership: 'join' | 'leave';
  readonly reason?: string;
}
export interface RoomMembers {
  readonly creator: string;
  join: string[];
  invite: string[];
}

/**
 * The Synapse module's API (`synapse-config/module/README.md`). Every call may be repeated. Throws `MatrixError` and
 * `MatrixUnreachableError` for a whole request; what went wrong with one item is in its answer.
 */
export function createModuleApi(
  org: Pick<OrgContext, 'homeserver' | 'log' | 'clock'>,
  options: { concurrency: number; random: () => number },
) {
  const link = MatrixLink.open({
    url: org.homeserver.url,
    token: '',
    clock: { now: () => org.clock.now().getTime() },
    random: options.random,
    log: org.log,
    concurrency: options.concurrency,
    timeoutMs: TIMEOUT_MS,
    retry: { totalMs: RETRY_MS },
  });
  const post = async (
    path: string,
    body: object,
    signal: AbortSignal | undefined,
    totalMs?: number,
  ): Promise<Record<string, unknown>> =>
    link.withToken(org.homeserver.moduleToken()).request({
      method: 'POST',
      path: `/_synapse/client/qiao/v1${path}`,
      route: `module ${path}`,
      body,
      idempotent: true,
      signal,
      ...(totalMs === undefined ? {} : { totalMs }),
    });
  const results = async <T>(path: string, body: object, signal?: AbortSignal): Promise<T[]> => {
    const answer = await post(path, body, signal);
    if (!Array.isArray(answer.results)) throw new Error(`module ${path}: answer without results`);
    return answer.results as T[];
  };
  return {
    /** True when the homeserver answers and takes our token; one try, a few seconds. */
    async ping(): Promise<void> {
      await link.withToken(org.homeserver.moduleToken()).request({
        method: 'GET',
        path: '/_synapse/client/qiao/v1/ping',
        route: 'module /ping',
        totalMs: 0,
        timeoutMs: 5000,
      });
    },
    createAccounts: (accounts: readonly NewAccount[], signal?: AbortSignal) =>
      results<AccountResult>('/accounts', { accounts }, signal),
    queryAccounts: (userIds: readonly string[], signal?: AbortSignal) =>
      results<AccountFacts>('/accounts/query', { user_ids: userIds }, signal),
    /**
     * Who has a device with keys: everybody, then those who may have got one since (`next` of the answer before).
     * Waits up to `timeout` milliseconds for somebody. One try.
     */
    async activated(
      since: string | undefined,
      timeout: number,
      signal?: AbortSignal,
    ): Promise<ActivatedPage> {
      const answer = await link.withToken(org.homeserver.moduleToken()).request({
        method: 'POST',
        path: '/_synapse/client/qiao/v1/accounts/activated',
        route: 'module /accounts/activated',
        body: { timeout, ...(since === undefined ? {} : { since }) },
        idempotent: true,
        signal,
        totalMs: 0,
        longPoll: true,
        timeoutMs: timeout + 15_000,
      });
      if (!Value.Check(ActivatedPage, answer)) throw new Error('module /accounts/activated: not an answer');
      return answer;
    },
    setNames: (items: readonly { user_id: string; displayname: string }[], signal?: AbortSignal) =>
      results<ItemResult>('/accounts/profile', { items }, signal),
    setEmails: (items: readonly { user_id: string; emails: readonly string[] }[], signal?: AbortSignal) =>
      results<ItemResult>('/accounts/emails', { items }, signal),
    /** Phones and employee numbers to sign in with. `others`: whose names were touched without being asked about. */
    async setIdentifiers(
      items: readonly { user_id: string; phones: readonly string[]; numbers: readonly string[] }[],
      signal?: AbortSignal,
    ): Promise<{ results: readonly IdentifiersResult[]; others: readonly IdentifiersResult[] }> {
      const answer = await post('/accounts/identifiers', { items }, signal);
      const list = (value: unknown): IdentifiersResult[] => {
        if (!Array.isArray(value)) throw new Error('module /accounts/identifiers: not an answer');
        return value as IdentifiersResult[];
      };
      return { results: list(answer['results']), others: list(answer['others']) };
    },
    lock: (userId: string, locked: boolean, signal?: AbortSignal) =>
      post('/accounts/suspend', { user_id: userId, suspended: locked }, signal),
    async deactivate(userId: string, signal?: AbortSignal): Promise<{ parting: boolean }> {
      const answer = await post('/accounts/deactivate', { user_id: userId }, signal);
      return { parting: answer['parting'] === true };
    },
    async reactivate(userId: string, signal?: AbortSignal): Promise<{ locked: boolean }> {
      const answer = await post('/accounts/reactivate', { user_id: userId }, signal);
      return { locked: answer['locked'] === true };
    },
    /** `as`: the bot whose power is used. The items of a room belong together: they are joined in one go. */
    changeMemberships: (as: string, items: readonly MembershipChange[], signal?: AbortSignal) =>
      results<MembershipResult>('/memberships', { as, items }, signal),
    /** Joined and invited local users by room; rooms that are gone are in `missing`. */
    async roomMembers(
      roomIds: readonly string[],
      signal?: AbortSignal,
    ): Promise<{ rooms: Map<string, RoomMembers>; missing: string[] }> {
      const rooms = new Map<string, RoomMembers>();
      const missing = new Set<string>();
      let from: unknown;
      do {
        const answer = await post(
          '/rooms/members',
          { room_ids: roomIds, limit: 20_000, ...(from === undefined ? {} : { from }) },
          signal,
        );
        for (const [id, members] of Object.entries(answer['rooms'] as Record<string, RoomMembers>)) {
          const known = rooms.get(id);
          if (known === undefined) rooms.set(id, members);
          else {
            known.join.push(...members.join);
            known.invite.push(...members.invite);
          }
        }
        for (const [id, error] of Object.entries(answer['errors'] as Record<string, ItemResult>)) {
          if (error.errcode === 'M_NOT_FOUND') missing.add(id);
        }
        from = answer['next'];
      } while (from !== undefined);
      return { rooms, missing: [...missing] };
    },
    close: () => link.close(),
  };
}

export type ModuleApi = ReturnType<typeof createModuleApi>;
