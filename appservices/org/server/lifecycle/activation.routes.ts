import { requireActor, type DomainParts, type Http } from '@qiao/platform';
import {
  Activate,
  Activated,
  ActivationBatch,
  ActivationInfo,
  ActivationLink,
  ActivationQuery,
  IdParams,
} from '../../contract/index.ts';
import type { OrgContext } from '../setup.ts';
import type { Activation } from './activation.service.ts';

const PUBLIC = {
  public: true,
  // By address: a token of 256 bits cannot be guessed anyway; this keeps the noise down.
  // An office behind one address activates within minutes of each other.
  rateLimit: { max: 120, timeWindow: '1 minute' },
};
const RETRY_AFTER_SECONDS = 5;

/** A field of a CSV file (RFC 4180) that no spreadsheet takes for a formula. */
export function csvField(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** HTTP of activation: links for administrators, and the two public calls of the page `/activate`. */
export function activationRoutes(
  context: Pick<OrgContext, 'homeserver' | 'site' | 'texts'>,
  activation: Activation,
): NonNullable<DomainParts['routes']> {
  const { homeserver, site, texts } = context;
  return (http: Http) => {
    http.post(
      '/people/:id/activation',
      { schema: { tags: ['org'], params: IdParams, response: { 200: ActivationLink } } },
      async (request) => {
        const { link, expires_at } = await activation.linkFor(requireActor(request), request.params.id);
        return { link, expires_at: expires_at.toISOString() };
      },
    );

    http.post(
      '/people/activations',
      { schema: { tags: ['org'], body: ActivationBatch, produces: ['text/csv'] } },
      async (request, reply) => {
        const rows = await activation.linksFor(requireActor(request), request.body);
        const header = ['name', 'email', 'account', 'link', 'expires'].map((key) =>
          texts.t(request.locale, `org:lifecycle.csv.${key}`),
        );
        const lines = [
          header,
          ...rows.map(({ person, link }) => [
            person.display_name,
            person.email ?? '',
            person.localpart,
            link.link,
            link.expires_at.toISOString(),
          ]),
        ].map((fields) => fields.map(csvField).join(','));
        return (
          reply
            .header('content-type', 'text/csv; charset=utf-8')
            .header('content-disposition', 'attachment; filename="activation-links.csv"')
            .header('cache-control', 'no-store')
            // The mark tells spreadsheets that it is UTF-8.
            .send(`\uFEFF${lines.join('\r\n')}\r\n`)
        );
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
