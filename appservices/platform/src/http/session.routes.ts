import { Type } from 'typebox';
import { CreateSession, SessionAnswer, WhoAmI } from '../../contract/index.ts';
import { platformErrors } from '../errors.ts';
import { requireActor, SESSION_COOKIE, type Http } from './http.ts';
import type { Sessions } from './session.ts';

/**
 * Asks the homeserver that made a token whose it is (server-server API, `GET /openid/userinfo`).
 * Answers undefined where the server refuses or names a user that is not its own.
 */
export type OpenIdVerifier = (serverName: string, accessToken: string) => Promise<string | undefined>;

/** Sign-in to our HTTP interfaces by a Matrix OpenID token, of this or any other homeserver. */
export function sessionRoutes(
  app: Http,
  options: { sessions: Sessions; verify: OpenIdVerifier; secureCookie: boolean },
): void {
  const { sessions, verify, secureCookie } = options;
  app.post(
    '/api/session',
    {
      config: { public: true, rateLimit: { max: 30, timeWindow: '1 minute' } },
      schema: { tags: ['session'], body: CreateSession, response: { 200: SessionAnswer } },
    },
    async (request, reply) => {
      const { openid, delivery = 'cookie' } = request.body;
      const userId = await verify(openid.matrix_server_name, openid.access_token);
      if (!userId?.endsWith(`:${openid.matrix_server_name}`)) throw platformErrors.openid_rejected();
      const { token, expiresAt } = await sessions.create(userId, request.headers['user-agent']);
      if (delivery === 'cookie') {
        reply.setCookie(SESSION_COOKIE, token, {
          httpOnly: true,
          sameSite: 'strict',
          secure: secureCookie,
          path: '/api',
          expires: expiresAt,
        });
      }
      return {
        user_id: userId,
        expires_at: expiresAt.toISOString(),
        ...(delivery === 'token' ? { token } : {}),
      };
    },
  );
  app.get('/api/session', { schema: { tags: ['session'], response: { 200: WhoAmI } } }, (request) => {
    const actor = requireActor(request);
    return { user_id: actor.userId, local: actor.local };
  });
  app.delete(
    '/api/session',
    { schema: { tags: ['session'], response: { 204: Type.Null() } } },
    async (request, reply) => {
      const header = request.headers.authorization;
      const token = header?.startsWith('Bearer ') ? header.slice(7) : request.cookies[SESSION_COOKIE];
      if (token) await sessions.end(token);
      reply.clearCookie(SESSION_COOKIE, { path: '/api' });
      return reply.code(204).send(null);
    },
  );
}
