import { platformErrors } from '@qiao/platform';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { homeserverDoor } from '../homeserver-door.ts';
import type { OrgContext } from '../context.ts';
import type { Activation } from './activation.service.ts';

const Told = Type.Object(
  { user_ids: Type.Array(Type.String({ maxLength: 255 }), { minItems: 1, maxItems: 200 }) },
  { additionalProperties: false },
);

/** `POST /passwords`: whose password was set without us; answers those that are to be told again. */
export function newPasswords(
  context: OrgContext,
  activation: Pick<Activation, 'passwordChanged'>,
): ReturnType<typeof homeserverDoor> {
  return homeserverDoor(context, (app) => {
    app.post('/passwords', { schema: { hide: true } }, async (request) => {
      if (!Value.Check(Told, request.body)) throw platformErrors.bad_request({ reason: 'org.people' });
      const left: string[] = [];
      for (const userId of request.body.user_ids) {
        try {
          await activation.passwordChanged(userId);
        } catch (error) {
          context.log.error({ err: error, user_id: userId }, 'a new password is not taken note of yet');
          left.push(userId);
        }
      }
      return { left };
    });
  });
}
