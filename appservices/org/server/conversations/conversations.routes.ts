import { platformErrors, requireActor, type Http } from '@qiao/platform';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { Conversation, RenewConversation, StartConversation } from '../../contract/conversations.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { Conversations } from './conversations.service.ts';

/** Rooms are made on behalf of people who press buttons. */
const LIMIT = { rateLimit: { max: 60, timeWindow: '1 minute' } };
const Headers = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ minLength: 8, maxLength: 100 })),
});

/** `/conversations` for everybody of ours. */
export function conversationsRoutes(
  http: Http,
  services: { conversations: Conversations; roles: Roles },
): void {
  const { conversations, roles } = services;
  const tags = ['conversations'];

  http.post(
    '/conversations',
    {
      config: LIMIT,
      schema: {
        tags,
        summary: 'Open the direct chat with a person, or make a group',
        headers: Headers,
        body: StartConversation,
        response: { 200: Conversation },
      },
    },
    async (request) =>
      conversations.start(
        await roles.holder(requireActor(request)),
        request.body,
        request.headers['idempotency-key'],
      ),
  );

  http.post(
    '/conversations/renew',
    {
      config: LIMIT,
      schema: {
        tags,
        summary: 'Give a room whose creator is a person a successor that can be handed on',
        body: RenewConversation,
        response: { 200: Conversation },
      },
    },
    async (request) => conversations.renew(await roles.holder(requireActor(request)), request.body.room_id),
  );
}

const Ask = Type.Object(
  {
    pairs: Type.Array(
      Type.Object({ from: Type.String({ maxLength: 255 }), to: Type.String({ maxLength: 255 }) }),
      { minItems: 1, maxItems: 200 },
    ),
  },
  { additionalProperties: false },
);

/** `POST /contact`: whether one person may contact another, for each pair. */
export function contactQuestions(app: FastifyInstance, conversations: Conversations): void {
  app.post('/contact', { schema: { hide: true } }, async (request) => {
    if (!Value.Check(Ask, request.body)) throw platformErrors.bad_request({ reason: 'org.people' });
    return { allowed: await conversations.allowed(request.body.pairs) };
  });
}
