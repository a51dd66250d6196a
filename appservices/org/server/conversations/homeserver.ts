import { parseUserId } from '@qiao/matrix-types';
import { DEFAULT_LOCALE } from '@qiao/platform';
import { MatrixError, MatrixLink } from '@qiao/platform/matrix';
import { ROOMS_LOCALPART } from '../../contract/names.ts';
import { userIdOf } from '../directory/present.ts';
import type { OrgContext } from '../context.ts';

/** A person waits for it: how long one call is tried, milliseconds. */
const RETRY_MS = 8_000;
const TIMEOUT_MS = 30_000;
/** People of one call: the module takes 200, and invites those without a device one after the other. */
const ADDED_AT_ONCE = 50;

/** How one person came into a room (`/memberships/add` of the Synapse module). */
export interface Added {
  readonly user_id: string;
  readonly state?: 'joined' | 'invited';
  readonly errcode?: string;
}

/** What the module tells of a room that a person made, to that person alone. */
export interface RenewalFacts {
  readonly name: string | null;
  readonly topic: string | null;
  readonly avatar_url: string | null;
  readonly history: 'shared' | 'joined';
  readonly direct: boolean;
  /** Joined and invited, of any server, service users left out. */
  readonly members: readonly string[];
  /** Those of them who are invited and have not come. */
  readonly invited: readonly string[];
  readonly levels: Readonly<Record<string, number>>;
}

/** What conversations need of the homeserver. Throws `MatrixError` and `MatrixUnreachableError`. */
export function openConversationHomeserver(
  org: Pick<OrgContext, 'homeserver' | 'log' | 'clock' | 'random' | 'texts'>,
) {
  const serviceUser = userIdOf(ROOMS_LOCALPART, org.homeserver.serverName);
  const link = MatrixLink.open({
    url: org.homeserver.url,
    token: org.homeserver.asToken,
    clock: { now: () => org.clock.now().getTime() },
    random: () => Buffer.from(org.random.token(4), 'base64url').readUInt32BE() / 2 ** 32,
    log: org.log,
    retry: { totalMs: RETRY_MS },
    timeoutMs: TIMEOUT_MS,
  });
  const rooms = link.as(parseUserId(serviceUser));
  let registered: Promise<unknown> | undefined;
  const module = (path: string, body: object): Promise<Record<string, unknown>> =>
    link.withToken(org.homeserver.moduleToken()).request({
      method: 'POST',
      path: `/_synapse/client/qiao/v1${path}`,
      route: `module ${path}`,
      body,
      idempotent: true,
    });
  /** Makes the service user, with a name for clients that show it all the same; once named, it stays so. */
  const register = async (): Promise<void> => {
    await link.registerAppserviceUser(ROOMS_LOCALPART);
    const displayname = org.texts.t(DEFAULT_LOCALE, 'org:conversations.service_name');
    await module('/accounts/profile', { items: [{ user_id: serviceUser, displayname }] });
  };
  return {
    serviceUser,

    async createRoom(request: Record<string, unknown>): Promise<string> {
      registered ??= register().catch((error: unknown) => {
        registered = undefined;
        throw error;
      });
      await registered;
      return rooms.createRoom(request);
    },

    /**
     * Joins the requester and those who have activated their accounts, and invites the others. `only`: nobody else may be in the room,
     * which a direct chat is no more when a third one is. Undefined where the room is gone.
     */
    async add(
      roomId: string,
      userIds: readonly string[],
      options: { requester: string; direct: boolean; only?: readonly string[] },
    ): Promise<{ results: Added[]; others: boolean } | undefined> {
      const all = [options.requester, ...userIds];
      const results: Added[] = [];
      try {
        for (let at = 0; at < all.length; at += ADDED_AT_ONCE) {
          const answer = await module('/memberships/add', {
            as: serviceUser,
            room_id: roomId,
            user_ids: all.slice(at, at + ADDED_AT_ONCE),
            for: options.requester,
            direct: options.direct,
            ...(options.only === undefined ? {} : { only: options.only }),
          });
          if (answer['others'] === true) return { results: [], others: true };
          results.push(...(answer['results'] as Added[]));
        }
        return { results, others: false };
      } catch (error) {
        if (MatrixError.is(error, 'M_NOT_FOUND')) return undefined;
        throw error;
      }
    },

    /** Undefined where the person is not the creator, or it is no room. */
    async renewal(roomId: string, by: string): Promise<RenewalFacts | undefined> {
      try {
        return (await module('/rooms/renewal', { room_id: roomId, by })) as unknown as RenewalFacts;
      } catch (error) {
        if (MatrixError.is(error, 'M_NOT_FOUND')) return undefined;
        throw error;
      }
    },

    /** Lets the server take up the invitations that waited for a person's activation. */
    async acceptWaiting(userId: string): Promise<void> {
      await module('/memberships/accept', { user_id: userId });
    },

    close: () => link.close(),
  };
}
export type ConversationHomeserver = ReturnType<typeof openConversationHomeserver>;
