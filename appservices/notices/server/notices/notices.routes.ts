import { requireActor, type Http } from '@qiao/platform';
import { Type } from 'typebox';
import {
  Audience,
  AudienceCount,
  Audiences,
  CreateNotice,
  IdParams,
  ManagedNotice,
  ManagedNoticesPage,
  ManagedQuery,
  Notice,
  NoticesPage,
  NoticesQuery,
  PatchNotice,
  Progress,
  RecipientsPage,
  RecipientsQuery,
  RemindedCount,
  SendNotice,
} from '../../contract/index.ts';
import type { Notices } from './notices.service.ts';

const tags = ['notices'];
const NOTHING = Type.Null();

/** `/notices` for those they are for, `/managed` and `/audiences` for those who send. */
export function noticesRoutes(http: Http, notices: Notices): void {
  http.get(
    '/notices',
    {
      schema: {
        tags,
        summary: 'Notices to me, newest first',
        querystring: NoticesQuery,
        response: { 200: NoticesPage },
      },
    },
    (request) => notices.list(requireActor(request), request.query),
  );
  http.get(
    '/notices/:id',
    { schema: { tags, summary: 'A notice to me', params: IdParams, response: { 200: Notice } } },
    (request) => notices.one(requireActor(request), request.params.id),
  );
  http.post(
    '/notices/:id/seen',
    { schema: { tags, summary: 'I have opened it', params: IdParams, response: { 204: NOTHING } } },
    async (request, reply) => {
      await notices.seen(requireActor(request), request.params.id);
      return reply.code(204).send(null);
    },
  );
  http.post(
    '/notices/:id/confirm',
    { schema: { tags, summary: 'I confirm it', params: IdParams, response: { 204: NOTHING } } },
    async (request, reply) => {
      await notices.confirm(requireActor(request), request.params.id);
      return reply.code(204).send(null);
    },
  );

  http.get(
    '/audiences',
    { schema: { tags, summary: 'Whom I may send to', response: { 200: Audiences } } },
    (request) => notices.audiences(requireActor(request), request.locale),
  );
  http.post(
    '/audiences/count',
    {
      schema: {
        tags,
        summary: 'How many people that would be',
        body: Audience,
        response: { 200: AudienceCount },
      },
    },
    (request) => notices.count(requireActor(request), request.body),
  );
  http.get(
    '/managed',
    {
      schema: {
        tags,
        summary: 'Notices I manage, newest first',
        querystring: ManagedQuery,
        response: { 200: ManagedNoticesPage },
      },
    },
    (request) => notices.managed(requireActor(request), request.query, request.locale),
  );
  http.post(
    '/managed',
    { schema: { tags, summary: 'A draft', body: CreateNotice, response: { 201: ManagedNotice } } },
    async (request, reply) =>
      reply.code(201).send(await notices.create(requireActor(request), request.body, request.locale)),
  );
  http.get(
    '/managed/:id',
    { schema: { tags, summary: 'A notice I manage', params: IdParams, response: { 200: ManagedNotice } } },
    (request) => notices.managedOne(requireActor(request), request.params.id, request.locale),
  );
  http.patch(
    '/managed/:id',
    {
      schema: {
        tags,
        summary: 'Change what is not sent yet',
        params: IdParams,
        body: PatchNotice,
        response: { 200: ManagedNotice },
      },
    },
    (request) => notices.patch(requireActor(request), request.params.id, request.body, request.locale),
  );
  http.delete(
    '/managed/:id',
    {
      schema: { tags, summary: 'Discard what is not sent yet', params: IdParams, response: { 204: NOTHING } },
    },
    async (request, reply) => {
      await notices.remove(requireActor(request), request.params.id);
      return reply.code(204).send(null);
    },
  );
  http.post(
    '/managed/:id/send',
    {
      schema: {
        tags,
        summary: 'Send now, or at a time',
        params: IdParams,
        body: SendNotice,
        response: { 200: ManagedNotice },
      },
    },
    (request) => notices.send(requireActor(request), request.params.id, request.body, request.locale),
  );
  http.post(
    '/managed/:id/unschedule',
    { schema: { tags, summary: 'Back to a draft', params: IdParams, response: { 200: ManagedNotice } } },
    (request) => notices.unschedule(requireActor(request), request.params.id, request.locale),
  );
  http.post(
    '/managed/:id/recall',
    { schema: { tags, summary: 'Take it back', params: IdParams, response: { 200: ManagedNotice } } },
    (request) => notices.recall(requireActor(request), request.params.id, request.locale),
  );
  http.get(
    '/managed/:id/progress',
    {
      schema: {
        tags,
        summary: 'How many saw and confirmed it',
        params: IdParams,
        response: { 200: Progress },
      },
    },
    (request) => notices.progress(requireActor(request), request.params.id),
  );
  http.get(
    '/managed/:id/recipients',
    {
      schema: {
        tags,
        summary: 'Who has confirmed, or has not',
        params: IdParams,
        querystring: RecipientsQuery,
        response: { 200: RecipientsPage },
      },
    },
    (request) => notices.recipients(requireActor(request), request.params.id, request.query),
  );
  http.post(
    '/managed/:id/remind',
    {
      schema: {
        tags,
        summary: 'Remind those who have not confirmed',
        params: IdParams,
        response: { 200: RemindedCount },
      },
    },
    async (request) => ({ reminded: await notices.remind(requireActor(request), request.params.id) }),
  );
}
