import { platformErrors, requireActor, type DomainParts, type Http } from '@qiao/platform';
import { JudgeLinkPassword, JudgePassword, PasswordVerdict } from '../../contract/index.ts';
import type { Roles } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb } from '../tables.ts';
import type { Activation } from './activation.service.ts';
import { judgePassword, personalOf, reasonsOf } from './password.ts';
import { peopleRepository, type LifePerson } from './people.repository.ts';

/**
 * Asked at each pause while somebody types, in an office by many behind one address at once. Without a link that
 * works nothing is judged: a stranger makes the server do no more than look for it.
 */
const LIMIT = { max: 1200, timeWindow: '1 minute' };

/** HTTP of the rule for passwords: what the meter of a page shows is what will be said when the password is sent. */
export function passwordRoutes(
  context: Pick<OrgContext, 'db' | 'site' | 'texts'>,
  services: { activation: Activation; roles: Roles },
): NonNullable<DomainParts['routes']> {
  const { site, texts } = context;
  const db = context.db as OrgDb;
  const judge = (
    password: string,
    person: Pick<LifePerson, 'display_name' | 'localpart' | 'email'>,
    locale: Parameters<typeof reasonsOf>[2],
  ) => {
    const { strength, problems } = judgePassword(password, personalOf(person, site.settings.company_name));
    return { strength, problems: reasonsOf(problems, texts, locale) };
  };
  return (http: Http) => {
    http.post(
      '/activation/password',
      {
        config: { public: true, rateLimit: LIMIT },
        schema: {
          tags: ['org'],
          summary: 'How good a password is, before it is chosen by a link',
          body: JudgeLinkPassword,
          response: { 200: PasswordVerdict },
        },
      },
      async (request, reply) => {
        void reply.header('cache-control', 'no-store');
        const { token, password } = request.body;
        const { person } = await services.activation.info(token);
        return judge(password, person, request.locale);
      },
    );

    http.post(
      '/me/password',
      {
        config: { rateLimit: LIMIT },
        schema: {
          tags: ['me'],
          summary: 'How good a password of one’s own would be; nothing is changed',
          body: JudgePassword,
          response: { 200: PasswordVerdict },
        },
      },
      async (request, reply) => {
        void reply.header('cache-control', 'no-store');
        const actor = requireActor(request);
        const { person_id: id } = await services.roles.holder(actor);
        const person = id === undefined ? undefined : await peopleRepository.find(db, id);
        // Partners change theirs at their own homeserver.
        if (!person) throw platformErrors.not_found();
        return judge(request.body.password, person, request.locale);
      },
    );
  };
}
