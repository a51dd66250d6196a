import { platformErrors, requireActor, type DomainParts, type Http } from '@qiao/platform';
import type { Static } from 'typebox';
import {
  Accepted,
  ActivationMailing,
  ActivationMailingList,
  ForgotPassword,
  IdParams,
  MailActivations,
  MailEntry,
  MailMessage,
  MailPage,
  MailQuery,
  MailState,
  PageQuery,
  PasswordRequestPage,
  type PersonRef,
} from '../../contract/index.ts';
import { peopleRepository as directoryPeople } from '../directory/people.repository.ts';
import { presentRef } from '../directory/present.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import type { Mailings, MailingView } from './mailings.service.ts';
import type { Mails, SeenMail } from './mails.service.ts';
import type { PasswordRequests } from './password-requests.service.ts';
import { presentMail } from './present-mail.ts';

const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const DEFAULT_PAGE = 50;
/** By address; each asks a job to look once. An office shares one. */
const FORGOT = { public: true, rateLimit: { max: 20, timeWindow: '1 minute' } };
/** Mails that one person can have sent in a minute by hand. */
const BY_HAND = { rateLimit: { max: 20, timeWindow: '1 minute' } };

const encode = (...parts: string[]): string => Buffer.from(parts.join(' ')).toString('base64url');
/** @throws DomainError `platform.bad_request` */
function decode(text: string): { flag: string; at: Date; id: string } {
  const [flag = '', at = '', id = ''] = Buffer.from(text, 'base64url').toString('utf8').split(' ');
  if (!ID.test(id) || Number.isNaN(Date.parse(at))) throw platformErrors.bad_request({ reason: 'after' });
  return { flag, at: new Date(at), id };
}

/** HTTP of mails, of activation by mail for many, and of forgotten passwords. */
export function mailsRoutes(
  context: Pick<OrgContext, 'db' | 'homeserver' | 'mail'>,
  parts: { mails: Mails; mailings: Mailings; requests: PasswordRequests },
): NonNullable<DomainParts['routes']> {
  const db = context.db as OrgDb;
  const { homeserver, mail } = context;
  const { mails, mailings, requests } = parts;
  const tags = ['org'];

  const refs = async (ids: readonly string[]): Promise<Map<string, PersonRef>> => {
    const rows = await directoryPeople.refs(db, new Set(ids));
    return new Map([...rows].map(([id, row]) => [id, presentRef(row, homeserver.serverName)]));
  };
  const entries = async (seen: readonly SeenMail[]): Promise<MailEntry[]> => {
    const persons = await refs(seen.map(({ row }) => row.person));
    return seen.map((one) => presentMail(one, persons));
  };
  const entry = async (seen: SeenMail): Promise<MailEntry> =>
    presentMail(seen, await refs([seen.row.person]));
  const mailing = async (view: MailingView): Promise<Static<typeof ActivationMailing>> => {
    const persons = await refs([...view.withoutEmail, ...view.failed.map((row) => row.person)]);
    const { waiting, sent, kept, failed } = view.counts;
    return {
      id: view.row.id,
      started_by: view.row.started_by,
      started_at: view.row.started_at.toISOString(),
      total: waiting + sent + kept + failed,
      waiting,
      sent,
      kept,
      failed,
      activated: view.activated,
      without_email: view.withoutEmail.flatMap((id) => persons.get(id) ?? []),
      without_email_count: view.row.without_email.length,
      failed_people: view.failed.flatMap((row) => {
        const person = persons.get(row.person);
        return person ? [{ person, mail: presentMail({ row, readable: false }, persons) }] : [];
      }),
    };
  };

  return (http: Http) => {
    http.get('/mail', { schema: { tags, response: { 200: MailState } } }, async (request) => ({
      counts: await mails.counts(requireActor(request)),
      configured: mail.configured,
      from: mail.from,
    }));
    http.get(
      '/mail/messages',
      { schema: { tags, querystring: MailQuery, response: { 200: MailPage } } },
      async (request) => {
        const { after, limit = DEFAULT_PAGE, state } = request.query;
        const found = await mails.list(requireActor(request), {
          state,
          before: after === undefined ? undefined : decode(after),
          limit: limit + 1,
        });
        const page = found.slice(0, limit);
        const last = page.at(-1)?.row;
        return {
          items: await entries(page),
          next: found.length > limit && last ? encode('m', last.created_at.toISOString(), last.id) : null,
        };
      },
    );
    http.get(
      '/mail/messages/:id',
      { schema: { tags, params: IdParams, response: { 200: MailMessage } } },
      async (request) => {
        const read = await mails.read(requireActor(request), request.params.id);
        return { ...(await entry(read)), subject: read.subject, text: read.text };
      },
    );
    http.post(
      '/mail/messages/:id/retry',
      { config: BY_HAND, schema: { tags, params: IdParams, response: { 202: MailEntry } } },
      async (request, reply) =>
        reply.code(202).send(await entry(await mails.retry(requireActor(request), request.params.id))),
    );
    http.post(
      '/mail/test',
      { config: BY_HAND, schema: { tags, response: { 202: MailEntry } } },
      async (request, reply) => reply.code(202).send(await entry(await mails.test(requireActor(request)))),
    );
    http.post(
      '/people/:id/activation/mail',
      { config: BY_HAND, schema: { tags, params: IdParams, response: { 202: MailEntry } } },
      async (request, reply) =>
        reply.code(202).send(await entry(await mails.sendLink(requireActor(request), request.params.id))),
    );

    http.post(
      '/activations/mail',
      { config: BY_HAND, schema: { tags, body: MailActivations, response: { 202: ActivationMailing } } },
      async (request, reply) =>
        reply.code(202).send(await mailing(await mailings.start(requireActor(request), request.body))),
    );
    http.get(
      '/activations/mail',
      { schema: { tags, response: { 200: ActivationMailingList } } },
      async (request) => ({
        items: await Promise.all((await mailings.list(requireActor(request))).map(mailing)),
      }),
    );
    http.get(
      '/activations/mail/:id',
      { schema: { tags, params: IdParams, response: { 200: ActivationMailing } } },
      async (request) => mailing(await mailings.get(requireActor(request), request.params.id)),
    );

    http.post(
      '/password/forgot',
      { config: FORGOT, schema: { tags, body: ForgotPassword, response: { 202: Accepted } } },
      async (request, reply) => {
        await requests.ask(request.body.name, request.locale);
        return reply.code(202).send({});
      },
    );
    http.get(
      '/password-requests',
      { schema: { tags, querystring: PageQuery, response: { 200: PasswordRequestPage } } },
      async (request) => {
        const { after, limit = DEFAULT_PAGE } = request.query;
        const cursor = after === undefined ? undefined : decode(after);
        const found = await requests.list(requireActor(request), {
          after: cursor && { open: cursor.flag === 'open', at: cursor.at, id: cursor.id },
          limit: limit + 1,
        });
        const page = found.slice(0, limit);
        const persons = await refs(page.map((row) => row.person_id));
        const last = page.at(-1);
        return {
          items: page.flatMap((row) => {
            const person = persons.get(row.person_id);
            if (person === undefined) return [];
            return [
              {
                id: row.id,
                person,
                first_at: row.first_at.toISOString(),
                last_at: row.last_at.toISOString(),
                times: row.times,
                state: row.state,
              },
            ];
          }),
          next:
            found.length > limit && last
              ? encode(last.state === 'open' ? 'open' : 'over', last.last_at.toISOString(), last.id)
              : null,
        };
      },
    );
    http.post(
      '/password-requests/:id/close',
      { schema: { tags, params: IdParams } },
      async (request, reply) => {
        await requests.close(requireActor(request), request.params.id);
        return reply.code(204).send();
      },
    );
  };
}
