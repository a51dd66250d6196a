import { makeErrors, platformErrors, type Actor, type MailRow, type MailState } from '@qiao/platform';
import type { Transaction } from 'kysely';
import { orgErrorTable } from '../../contract/index.ts';
import type { OrgContext } from '../context.ts';
import { outerTrx, type OrgDb, type OrgTrx } from '../tables.ts';
import type { LifePerson } from './people.repository.ts';
import { peopleRepository } from './people.repository.ts';
import type { LifecyclePolicy } from './policy.ts';

const errors = makeErrors('org', orgErrorTable);

/** A mail as an actor sees it. */
export interface SeenMail {
  readonly row: MailRow;
  /** What it says may be read: it was kept, and the actor could make the person such a link. */
  readonly readable: boolean;
}

/** Mails to people an actor may manage, and the actor's own. */
export interface Mails {
  counts(actor: Actor): Promise<Record<MailState, number>>;
  list(
    actor: Actor,
    filter: {
      state?: MailState | undefined;
      before?: { at: Date; id: string } | undefined;
      limit: number;
    },
  ): Promise<SeenMail[]>;
  /** @throws DomainError `platform.not_found` */
  find(actor: Actor, id: string): Promise<SeenMail>;
  /** @throws DomainError `platform.not_found` for all that is not `readable` */
  read(actor: Actor, id: string): Promise<SeenMail & { subject: string; text: string }>;
  /** @throws DomainError `org.mail_not_failed` */
  retry(actor: Actor, id: string): Promise<SeenMail>;
  /** To oneself. @throws DomainError `org.no_email` */
  test(actor: Actor): Promise<SeenMail>;
  /** A link by mail to one person. @throws DomainError `org.no_email`, `org.mail_waiting`, and those of links */
  sendLink(actor: Actor, personId: string): Promise<SeenMail>;
  /** The latest to a person, of those that bring a link. */
  latest(personId: string): Promise<MailRow | undefined>;
  /** People to whom one with a link is still to go. */
  waiting(trx: OrgTrx, personIds: readonly string[]): Promise<Set<string>>;
}

export function createMails(
  context: OrgContext,
  parts: { policy: LifecyclePolicy; requireLink: (person: LifePerson) => void },
): Mails {
  const db = context.db as OrgDb;
  const on = db as unknown as Transaction<never>;
  const { acts, homeserver, mail } = context;
  const { policy, requireLink } = parts;

  const ownPerson = async (actor: Actor): Promise<LifePerson | undefined> => {
    const suffix = `:${homeserver.serverName}`;
    if (!actor.userId.endsWith(suffix)) return undefined;
    return peopleRepository.byLocalpart(db, actor.userId.slice(1, -suffix.length));
  };
  const requireAdmin = async (actor: Actor): Promise<void> => {
    const { held } = await policy.open(actor);
    if (!held.somewhere('org.person.edit')) throw platformErrors.not_allowed();
  };
  /** Of these people, whom the actor may manage, and whose mails the actor sees: theirs, and the actor's own. */
  const judge = async (
    actor: Actor,
    persons: readonly string[],
  ): Promise<{ manageable: ReadonlySet<string>; visible: ReadonlySet<string> }> => {
    const manageable = await policy.manageable(actor, 'org.person.edit', persons);
    const own = await ownPerson(actor);
    return { manageable, visible: own ? new Set([...manageable, own.id]) : manageable };
  };
  /** A link to one's own account is no secret to oneself, but a kept one may be anybody's who can open the mail. */
  const seen = (actor: Actor, rows: readonly MailRow[], manageable: ReadonlySet<string>): SeenMail[] =>
    rows.map((row) => ({
      row,
      readable:
        row.state === 'kept' &&
        (manageable.has(row.person) || (row.kind === 'test' && row.requested_by === actor.userId)),
    }));
  const one = async (actor: Actor, id: string): Promise<SeenMail> => {
    await requireAdmin(actor);
    const row = await mail.find(on, id);
    if (!row) throw platformErrors.not_found();
    const { manageable, visible } = await judge(actor, [row.person]);
    if (!visible.has(row.person)) throw platformErrors.not_found();
    const [found] = seen(actor, [row], manageable);
    if (!found) throw platformErrors.not_found();
    return found;
  };

  return {
    async counts(actor) {
      await requireAdmin(actor);
      const all = await mail.counts(on, {});
      const { visible } = await judge(actor, [...new Set(all.map(({ person }) => person))]);
      const counts: Record<MailState, number> = { waiting: 0, sent: 0, kept: 0, failed: 0 };
      for (const { person, state, count } of all) if (visible.has(person)) counts[state] += count;
      return counts;
    },

    async list(actor, filter) {
      await requireAdmin(actor);
      const all = await mail.counts(on, {});
      const persons = [...new Set(all.map(({ person }) => person))];
      const { manageable, visible } = await judge(actor, persons);
      const rows = await mail.list(on, { ...filter, persons: [...visible] });
      return seen(actor, rows, manageable);
    },

    find: one,

    async read(actor, id) {
      const found = await one(actor, id);
      const said = found.readable ? await mail.read(id) : undefined;
      if (!said) throw platformErrors.not_found();
      // It holds a link that sets a password: who looked is written down, as for one that is made.
      await acts.record(on, {
        actor: actor.userId,
        action: 'org.mail.read',
        subject: `person:${found.row.person}`,
        details: { mail_id: id },
      });
      return { ...found, ...said };
    },

    async retry(actor, id) {
      const { row } = await one(actor, id);
      // Trying again makes another link.
      if (row.kind !== 'test') await policy.requireManage(actor, 'org.person.edit', row.person);
      await db.transaction().execute(async (trx) => {
        if (!(await mail.retry(outerTrx(trx), id))) throw errors.mail_not_failed();
        await acts.record(outerTrx(trx), {
          actor: actor.userId,
          action: 'org.mail.retry',
          subject: `person:${row.person}`,
          details: { mail_id: id },
        });
      });
      return one(actor, id);
    },

    async test(actor) {
      const { held, tree } = await policy.open(actor);
      if (!held.over('org.installation.read', null, tree)) throw platformErrors.not_allowed();
      const person = await ownPerson(actor);
      if (person?.email === null || person === undefined) throw errors.no_email();
      const [id] = await mail.order(on, [
        {
          kind: 'test',
          to: person.email,
          person: person.id,
          locale: person.locale,
          requestedBy: actor.userId,
        },
      ]);
      if (id === undefined) throw platformErrors.internal();
      return one(actor, id);
    },

    async sendLink(actor, personId) {
      await policy.requireManage(actor, 'org.person.edit', personId);
      const id = await db.transaction().execute(async (trx) => {
        const person = await peopleRepository.lock(trx, personId);
        if (!person) throw platformErrors.not_found();
        requireLink(person);
        if (person.email === null) throw errors.no_email();
        const latest = await mail.list(outerTrx(trx), { persons: [personId], state: 'waiting', limit: 1 });
        if (latest.length > 0) throw errors.mail_waiting();
        const [ordered] = await mail.order(outerTrx(trx), [
          {
            kind: person.activated_at === null ? 'activation' : 'password',
            to: person.email,
            person: personId,
            locale: person.locale,
            requestedBy: actor.userId,
          },
        ]);
        await acts.record(outerTrx(trx), {
          actor: actor.userId,
          action: 'org.person.activation_mail',
          subject: `person:${personId}`,
        });
        return ordered;
      });
      if (id === undefined) throw platformErrors.internal();
      return one(actor, id);
    },

    async latest(personId) {
      const rows = await mail.list(on, { persons: [personId], limit: 5 });
      return rows.find((row) => row.kind !== 'test');
    },

    async waiting(trx, personIds) {
      const rows = await mail.list(outerTrx(trx), {
        persons: personIds,
        state: 'waiting',
        limit: personIds.length * 2 + 1,
      });
      return new Set(rows.map((row) => row.person));
    },
  };
}
