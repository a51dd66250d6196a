import { makeErrors } from '@qiao/platform';
import { MatrixError, MatrixLink } from '@qiao/platform/matrix';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { noticesErrorTable } from '../contract/index.ts';
import { fraction, type NoticesContext } from './context.ts';

const errors = makeErrors('notices', noticesErrorTable);
/** A person waits for the answer. */
const INTERACTIVE_MS = 5000;
const PATIENT_MS = 15_000;

const Answer = Type.Object({
  redacted: Type.Boolean(),
  joined: Type.Array(Type.String()),
  reacted: Type.Array(Type.String()),
});
/** What the homeserver says of a message of the asker's. */
export type Testimony = Static<typeof Answer>;

/** The Synapse module's API as far as this domain needs it (`synapse-config/module/README.md`). */
export interface Witness {
  /**
   * Whether `by` sent the message and is in its room, and who of `userIds` is there or has reacted.
   * @throws DomainError `notices.not_your_message`, `notices.homeserver_unavailable`
   */
  ofMessage(
    message: { room_id: string; event_id: string; by: string },
    userIds: readonly string[],
    options?: { patient?: boolean },
  ): Promise<Testimony>;
  /** Joins people to a room of the bot's, without action of theirs. @throws Error with the homeserver's code */
  join(as: string, roomId: string, userId: string): Promise<void>;
  /** Names the bot, once. */
  name(userId: string, name: string): Promise<void>;
  close(): Promise<void>;
}

export function createWitness(
  context: Pick<NoticesContext, 'homeserver' | 'log' | 'clock' | 'random'>,
): Witness {
  const link = MatrixLink.open({
    url: context.homeserver.url,
    token: '',
    clock: { now: () => context.clock.now().getTime() },
    random: fraction(context),
    log: context.log,
  });
  const post = (path: string, body: object, totalMs: number): Promise<Record<string, unknown>> =>
    link.withToken(context.homeserver.moduleToken()).request({
      method: 'POST',
      path: `/_synapse/client/qiao/v1${path}`,
      route: `module ${path}`,
      body,
      idempotent: true,
      totalMs,
    });
  const only = async (path: string, body: object): Promise<void> => {
    const answer = await post(path, body, PATIENT_MS);
    const [result] = Array.isArray(answer['results']) ? (answer['results'] as { errcode?: string }[]) : [];
    if (result?.errcode !== undefined && result.errcode !== 'M_EXCLUSIVE')
      throw new MatrixError(`module ${path}`, 403, { ...result });
  };
  return {
    async ofMessage({ room_id, event_id, by }, userIds, options = {}) {
      let answer: unknown;
      try {
        answer = await post(
          '/rooms/witness',
          { room_id, event_id, by, user_ids: userIds },
          options.patient === true ? PATIENT_MS : INTERACTIVE_MS,
        );
      } catch (error) {
        if (error instanceof MatrixError && (error.status === 404 || error.status === 400))
          throw errors.not_your_message();
        throw errors.homeserver_unavailable();
      }
      if (!Value.Check(Answer, answer)) throw errors.homeserver_unavailable();
      return answer;
    },
    join: (as, roomId, userId) =>
      only('/memberships', { as, room_id: roomId, items: [{ user_id: userId, membership: 'join' }] }),
    name: (userId, name) => only('/accounts/profile', { items: [{ user_id: userId, displayname: name }] }),
    close: () => link.close(),
  };
}
