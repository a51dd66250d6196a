import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * Who may call a protocol's routes, asked before anything of the request is read: throws, or answers by itself. There is
 * no default, so that no protocol is open because nobody thought of it.
 */
export type ProtocolLogin = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** A protocol with paths or a login of its own, outside of what sessions open (SCIM, the homeserver's questions). */
export interface Protocol {
  readonly prefix: string;
  readonly login: ProtocolLogin;
  readonly routes: (app: FastifyInstance) => void | Promise<void>;
}

const same = (a: string, b: string): boolean => {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
};

/** The homeserver, by a registration's `hs_token` (Application Service API, "Authorization"): 401 without, 403 wrong. */
export const homeserverLogin =
  (hsToken: string): ProtocolLogin =>
  async (request, reply) => {
    const header = request.headers.authorization ?? '';
    const token = header.startsWith('Bearer ') ? header.slice(7) : '';
    if (!token) return reply.code(401).send({ errcode: 'M_UNAUTHORIZED', error: 'Token missing' });
    if (!same(token, hsToken))
      return reply.code(403).send({ errcode: 'M_FORBIDDEN', error: 'Token not valid' });
    return undefined;
  };
