import {
  layoutMail,
  parseMailAddress,
  type Locale,
  type MailRow,
  type MailText,
  type NotNeeded,
} from '@qiao/platform';
import type { OrgContext } from '../context.ts';
import type { OrgTrx } from '../tables.ts';
import type { LinkState } from './activation.service.ts';
import { outgrown, type Link, type Links } from './links.ts';
import { PASSWORD_LINK_MS } from './password-requests.service.ts';
import { peopleRepository, type LifePerson } from './people.repository.ts';
import { signInWays } from './sign-in-names.ts';

/** Shown beside the date: nobody knows the zone a mail is read in. */
const MAIL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A moment as people read it, with its zone. */
export function localTime(at: Date, locale: Locale, timeZone: string): string {
  return new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : 'zh-CN', {
    year: 'numeric',
    month: locale === 'en' ? 'short' : '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
    timeZoneName: 'shortOffset',
  }).format(at);
}

/** Defines the mails of the life-cycle: each try makes a link of its own, which is in that message alone. */
export function defineLinkMails(
  context: OrgContext,
  parts: {
    links: Links;
    linkState: (person: LifePerson) => LinkState;
    passwordMailFailed: (trx: OrgTrx, mailId: string) => Promise<void>;
  },
): void {
  const { homeserver, mail, site, texts } = context;
  const { links, linkState } = parts;
  const company = site.settings.company_name;
  const own = (trx: unknown): OrgTrx => trx as OrgTrx;

  const languages = (row: MailRow): readonly Locale[] =>
    row.locale === null ? ['zh-Hans', 'en'] : [row.locale];
  /** The person, if the mail is still to go to this address. */
  const recipient = async (trx: OrgTrx, row: MailRow): Promise<LifePerson | NotNeeded> => {
    const person = await peopleRepository.lock(trx, row.person);
    const state = person === undefined ? 'ended' : linkState(person);
    if (person === undefined || state === 'ended') return 'person_ended';
    if (state === 'not_started') return 'not_started';
    // Whoever set the password, or ended the links, meant those of mails under way, too.
    if (person.links_ended_at !== null && row.created_at <= person.links_ended_at) return 'link_over';
    if (row.kind === 'activation' && person.activated_at !== null) return 'link_over';
    const order = { by: row.requested_by, at: row.created_at };
    if (await outgrown(trx, person.id, order, homeserver.serverName)) return 'link_over';
    const address = person.email === null ? undefined : parseMailAddress(person.email);
    return address === row.to_address ? person : 'address_changed';
  };
  const linkFor = async (trx: OrgTrx, row: MailRow, person: LifePerson, lifeMs?: number): Promise<Link> => {
    const [link] = await links.insert(trx, [person.id], {
      way: 'mail',
      by: row.requested_by,
      mail: { id: row.id, to: person.email ?? '' },
      ...(lifeMs === undefined ? {} : { lifeMs }),
    });
    if (link === undefined) throw new Error('no link was made');
    return link;
  };
  const text = (lang: Locale, kind: 'activation' | 'password', person: LifePerson, link: Link): MailText => {
    const ways = [
      texts.t(lang, 'org:lifecycle.mail.ways.user_name', { account: person.localpart }),
      ...signInWays(person).map((way) => texts.t(lang, `org:lifecycle.mail.ways.${way}`)),
    ];
    const say = (key: string): string =>
      texts.t(lang, `org:lifecycle.mail.${kind}.${key}`, {
        company,
        name: person.display_name,
        account: person.localpart,
        ways: new Intl.ListFormat(lang, { type: 'disjunction' }).format(ways),
        user_id: `@${person.localpart}:${homeserver.serverName}`,
        until: localTime(link.expires_at, lang, MAIL_ZONE),
      });
    return {
      lang,
      subject: say('subject'),
      parts: [
        { text: say('greeting') },
        { text: say('body') },
        { link: link.link, label: say('button') },
        { text: say('until') },
        { text: say('not_you') },
      ],
    };
  };
  const undelivered = (trx: unknown, row: MailRow): Promise<void> => links.endOfMail(own(trx), row.id);

  mail.define('activation', {
    async compose(trx, row) {
      const person = await recipient(own(trx), row);
      if (typeof person === 'string') return person;
      const link = await linkFor(own(trx), row, person);
      return layoutMail(
        company,
        languages(row).map((lang) => text(lang, 'activation', person, link)),
      );
    },
    undelivered,
  });
  mail.define('password', {
    async compose(trx, row) {
      const person = await recipient(own(trx), row);
      if (typeof person === 'string') return person;
      const link = await linkFor(own(trx), row, person, PASSWORD_LINK_MS);
      return layoutMail(
        company,
        languages(row).map((lang) => text(lang, 'password', person, link)),
      );
    },
    undelivered,
    failed: (trx, row) => parts.passwordMailFailed(own(trx), row.id),
  });
  mail.define('test', {
    compose: (_trx, row) =>
      Promise.resolve(
        layoutMail(
          company,
          languages(row).map((lang) => ({
            lang,
            subject: texts.t(lang, 'org:lifecycle.mail.test.subject', { company }),
            parts: [{ text: texts.t(lang, 'org:lifecycle.mail.test.body', { company }) }],
          })),
        ),
      ),
  });
}
