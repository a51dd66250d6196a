import { makeErrors, requireActor, type DomainParts, type Http } from '@qiao/platform';
import {
  Activate,
  Activated,
  ActivationBatch,
  ActivationEnded,
  ActivationInfo,
  ActivationLink,
  ActivationQuery,
  ActivationState,
  IdParams,
  type LinkPurpose,
  orgErrorTable,
  SheetBatch,
  SheetLinks,
} from '../../contract/index.ts';
import { csvLine } from '../../contract/csv.ts';
import { actorNames } from '../actors.ts';
import { peopleRepository as directoryPeople } from '../directory/people.repository.ts';
import { presentRef } from '../directory/present.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import type { Activation } from './activation.service.ts';
import { localTime } from './link-mails.ts';
import type { Links } from './links.ts';
import type { Mails } from './mails.service.ts';
import type { LifePerson } from './people.repository.ts';
import { presentMail } from './present-mail.ts';
import { signInName, signInWays } from './sign-in-names.ts';

const errors = makeErrors('org', orgErrorTable);
const PUBLIC = {
  public: true,
  // By address: a token of 256 bits cannot be guessed anyway; this keeps the noise down.
  // An office behind one address activates within minutes of each other.
  rateLimit: { max: 120, timeWindow: '1 minute' },
};
const RETRY_AFTER_SECONDS = 5;
/** Links of one answer for sheets. */
const SHEET_PAGE = 500;

/** @throws DomainError `org.time_zone_not_valid` */
function zoneOf(name: string | undefined): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    throw errors.time_zone_not_valid({ zone: name ?? '' });
  }
}

/** HTTP of activation: links for administrators, and the two public calls of the page `/activate`. */
export function activationRoutes(
  context: Pick<OrgContext, 'db' | 'homeserver' | 'mail' | 'site' | 'texts'>,
  parts: { activation: Activation; links: Links; mails: Mails },
): NonNullable<DomainParts['routes']> {
  const db = context.db as OrgDb;
  const { homeserver, mail, site, texts } = context;
  const { activation, links, mails } = parts;
  const purposeOf = (person: LifePerson): LinkPurpose =>
    person.activated_at === null ? 'activation' : 'password';

  return (http: Http) => {
    const params = { tags: ['org'], params: IdParams };
    http.get(
      '/people/:id/activation',
      { schema: { ...params, response: { 200: ActivationState } } },
      async (request) => {
        const { id } = request.params;
        const person = await activation.requirePerson(requireActor(request), id);
        const living = await links.living(db, id);
        const names = await actorNames(
          { db, serverName: homeserver.serverName, texts },
          living.map((link) => link.made_by),
          request.locale,
        );
        const latest = await mails.latest(id);
        const ref = presentRef(person, homeserver.serverName);
        return {
          person: ref,
          activated: person.activated_at !== null,
          email: person.email,
          mail: { configured: mail.configured },
          sign_in: {
            user_name: person.localpart,
            email: person.email,
            phone: signInName(person, 'phone', person.phone),
            employee_number: signInName(person, 'number', person.external_id),
          },
          links: living.map((link) => ({
            id: link.id,
            purpose: purposeOf(person),
            way: link.way,
            made_at: link.created_at.toISOString(),
            by: link.made_by,
            by_name: names(link.made_by).name,
            expires_at: link.expires_at.toISOString(),
          })),
          last_mail: latest
            ? presentMail({ row: latest, readable: latest.state === 'kept' }, new Map([[id, ref]]))
            : null,
        };
      },
    );
    http.post(
      '/people/:id/activation',
      { schema: { ...params, response: { 200: ActivationLink } } },
      async (request) => {
        const { link, person } = await activation.linkFor(requireActor(request), request.params.id);
        return { link: link.link, expires_at: link.expires_at.toISOString(), purpose: purposeOf(person) };
      },
    );
    http.delete(
      '/people/:id/activation',
      { schema: { ...params, response: { 200: ActivationEnded } } },
      async (request) => ({
        ended: await activation.endLinks(requireActor(request), request.params.id),
      }),
    );

    http.post(
      '/people/activations',
      { schema: { tags: ['org'], body: ActivationBatch, produces: ['text/csv'] } },
      async (request, reply) => {
        const { time_zone: zoneName, ...choice } = request.body;
        const zone = zoneOf(zoneName);
        const actor = requireActor(request);
        const rows = await activation.linksFor(actor, await activation.chosen(actor, choice), 'list');
        const places = await directoryPeople.places(
          db,
          rows.map(({ person }) => person.id),
        );
        const header = ['name', 'number', 'department', 'email', 'account', 'link', 'expires'].map((key) =>
          texts.t(request.locale, `org:lifecycle.csv.${key}`),
        );
        const lines = [
          header,
          ...rows.map(({ person, link }) => [
            person.display_name,
            person.external_id ?? '',
            (places.get(person.id) ?? []).map((place) => place.department_name).join('; '),
            person.email ?? '',
            person.localpart,
            link.link,
            localTime(link.expires_at, request.locale, zone),
          ]),
        ].map(csvLine);
        return (
          reply
            .header('content-type', 'text/csv; charset=utf-8')
            .header('content-disposition', 'attachment; filename="activation-links.csv"')
            .header('cache-control', 'no-store')
            // The mark tells spreadsheets that it is UTF-8.
            .send(`\uFEFF${lines.join('')}`)
        );
      },
    );
    http.post(
      '/activations/links',
      { schema: { tags: ['org'], body: SheetBatch, response: { 200: SheetLinks } } },
      async (request) => {
        const { after = '', ...choice } = request.body;
        const actor = requireActor(request);
        const rest = (await activation.chosen(actor, choice)).filter((id) => id > after);
        const rows = await activation.linksFor(actor, rest.slice(0, SHEET_PAGE), 'sheet');
        const places = await directoryPeople.places(
          db,
          rows.map(({ person }) => person.id),
        );
        return {
          items: rows.map(({ person, link }) => ({
            person: presentRef(person, homeserver.serverName),
            email: person.email,
            employee_number: person.external_id,
            listed_by: person.sort_name,
            sign_in: signInWays(person),
            departments: (places.get(person.id) ?? []).map((place) => place.department_name),
            language: person.locale,
            link: link.link,
            expires_at: link.expires_at.toISOString(),
          })),
          left: Math.max(0, rest.length - SHEET_PAGE),
        };
      },
    );

    http.post(
      '/activation/info',
      {
        config: PUBLIC,
        schema: { tags: ['org'], body: ActivationQuery, response: { 200: ActivationInfo } },
      },
      async (request, reply) => {
        void reply.header('cache-control', 'no-store');
        const { person, expiresAt } = await activation.info(request.body.token);
        return {
          company_name: site.settings.company_name,
          display_name: person.display_name,
          user_id: `@${person.localpart}:${homeserver.serverName}`,
          expires_at: expiresAt.toISOString(),
          purpose: purposeOf(person),
          language: person.locale,
        };
      },
    );

    http.post(
      '/activation',
      { config: PUBLIC, schema: { tags: ['org'], body: Activate, response: { 200: Activated } } },
      async (request, reply) => {
        void reply.header('cache-control', 'no-store');
        const { token, password } = request.body;
        try {
          const { userId } = await activation.activate(token, password, request.locale);
          return { user_id: userId, homeserver: site.settings.public_url };
        } catch (error) {
          if ((error as { status?: unknown }).status === 503) {
            void reply.header('retry-after', String(RETRY_AFTER_SECONDS));
          }
          throw error;
        }
      },
    );
  };
}
