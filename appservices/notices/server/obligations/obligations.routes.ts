import { requireActor, type Http } from '@qiao/platform';
import {
  AnsweredEvent,
  AskedMessages,
  ClosedCount,
  CloseObligation,
  CreatedObligations,
  CreateObligations,
  IdParams,
  InRoomQuery,
  Obligation,
  ObligationList,
  ObligationsPage,
  ObligationsQuery,
  OfEventQuery,
  Pending,
} from '../../contract/index.ts';
import type { Obligations } from './obligations.service.ts';

const tags = ['obligations'];
/** Each asks the homeserver and may write to many people. */
const CREATE_LIMIT = { max: 60, timeWindow: '1 minute' };

/** `/obligations` and `/pending`: what is owed, to and by the caller. */
export function obligationsRoutes(http: Http, obligations: Obligations): void {
  http.post(
    '/obligations',
    {
      config: { rateLimit: CREATE_LIMIT },
      schema: {
        tags,
        summary: 'Ask people for an answer, a confirmation or a look, by an own message',
        body: CreateObligations,
        response: { 200: CreatedObligations },
      },
    },
    (request) => obligations.create(requireActor(request), request.body),
  );
  http.get(
    '/obligations',
    {
      schema: {
        tags,
        summary: 'What I owe, or wait for; newest first',
        querystring: ObligationsQuery,
        response: { 200: ObligationsPage },
      },
    },
    (request) => obligations.list(requireActor(request), request.query),
  );
  http.get(
    '/obligations/of',
    {
      schema: {
        tags,
        summary: 'Those of one message, as far as they are mine',
        querystring: OfEventQuery,
        response: { 200: ObligationList },
      },
    },
    async (request) => ({ items: await obligations.ofEvent(requireActor(request), request.query) }),
  );
  http.get(
    '/obligations/in-room',
    {
      schema: {
        tags,
        summary: 'What became of the messages of a conversation by which I ask or am asked',
        querystring: InRoomQuery,
        response: { 200: AskedMessages },
      },
    },
    (request) => obligations.inRoom(requireActor(request), request.query.room_id),
  );
  http.post(
    '/obligations/:id/close',
    {
      schema: {
        tags,
        summary: 'Answered, handled, confirmed or withdrawn',
        params: IdParams,
        body: CloseObligation,
        response: { 200: Obligation },
      },
    },
    (request) => obligations.close(requireActor(request), request.params.id, request.body.how),
  );
  http.post(
    '/obligations/answered',
    {
      schema: {
        tags,
        summary: 'A reply, reaction or receipt a client saw',
        body: AnsweredEvent,
        response: { 200: ClosedCount },
      },
    },
    async (request) => ({ closed: await obligations.answered(requireActor(request), request.body) }),
  );
  http.get(
    '/pending',
    { schema: { tags, summary: 'What a client shows at once', response: { 200: Pending } } },
    (request) => obligations.pending(requireActor(request)),
  );
}
