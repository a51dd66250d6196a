import { requireActor, type Access, type Http } from '@qiao/platform';
import { Type } from 'typebox';
import {
  DriftPage,
  PageQuery,
  Provisioning,
  ProvisionProblemPage,
  PutProvisioning,
  ResolveProblem,
} from '../../contract/index.ts';
import { requireEditProvisioning, requireReadProvisioning } from './provision.policy.ts';
import type { ProvisionService } from './provision.service.ts';

const tags = ['provisioning'];

export function provisionRoutes(http: Http, access: Access, service: ProvisionService): void {
  http.get(
    '/provisioning',
    {
      schema: {
        tags,
        summary: 'How far the homeserver has what the directory says',
        response: { 200: Provisioning },
      },
    },
    async (request) => {
      await requireReadProvisioning(access, requireActor(request));
      return service.get();
    },
  );
  http.put(
    '/provisioning',
    {
      schema: {
        tags,
        summary: "Stop or go on, choose the rooms' language",
        body: PutProvisioning,
        response: { 200: Provisioning },
      },
    },
    async (request) => {
      const actor = requireActor(request);
      await requireEditProvisioning(access, actor);
      const { enabled, language } = request.body;
      if (enabled !== undefined) await service.setEnabled(actor.userId, enabled);
      if (language !== undefined) await service.setLanguage(actor.userId, language);
      return service.get();
    },
  );
  http.post(
    '/provisioning/reconcile',
    { schema: { tags, summary: 'Compare with the homeserver now', response: { 202: Type.Null() } } },
    async (request, reply) => {
      const actor = requireActor(request);
      await requireEditProvisioning(access, actor);
      await service.reconcile(actor.userId);
      return reply.code(202).send(null);
    },
  );
  http.get(
    '/provisioning/problems',
    {
      schema: {
        tags,
        summary: 'What did not work',
        querystring: PageQuery,
        response: { 200: ProvisionProblemPage },
      },
    },
    async (request) => {
      await requireReadProvisioning(access, requireActor(request));
      return service.problems(request.locale, request.query);
    },
  );
  http.post(
    '/provisioning/problems/resolve',
    {
      schema: {
        tags,
        summary: 'Decide about what did not work',
        body: ResolveProblem,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const actor = requireActor(request);
      await requireEditProvisioning(access, actor);
      await service.resolve(actor.userId, request.body);
      return reply.code(204).send(null);
    },
  );
  http.get(
    '/provisioning/drift',
    {
      schema: {
        tags,
        summary: 'What differed from the directory and was repaired',
        querystring: PageQuery,
        response: { 200: DriftPage },
      },
    },
    async (request) => {
      await requireReadProvisioning(access, requireActor(request));
      return service.drift(request.locale, request.query);
    },
  );
}
