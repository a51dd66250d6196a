import { makeErrors, platformErrors, type Actor, type Locale } from '@qiao/platform';
import { MatrixError } from '@qiao/platform/matrix';
import { sql } from 'kysely';
import { MIN_PASSWORD_LENGTH, orgErrorTable } from '../../contract/index.ts';
import type { OrgContext } from '../context.ts';
import { outerTrx, type OrgDb, type OrgTrx } from '../tables.ts';
import { orUnavailable, type Accounts } from './homeserver.ts';
import { judgePassword, personalOf, reasonsOf, type PasswordReason } from './password.ts';
import type { HandOut, Link, Links } from './links.ts';
import { passwordRequestsRepository } from './password-requests.repository.ts';
import { peopleRepository, type LifePerson } from './people.repository.ts';
import type { LifecyclePolicy } from './policy.ts';

const errors = makeErrors('org', orgErrorTable);

/** Whom links are for. */
export interface Choice {
  readonly person_ids?: readonly string[];
  readonly department_id?: string;
}

/** `ended`: is leaving or has left; `not_started`: before the first day. */
export type LinkState = 'possible' | 'ended' | 'not_started';

/** Activation links: made by administrators, used once by the person to choose a password. */
export interface Activation {
  /**
   * One more link; earlier ones of the person work until one of them is used. The token is only in the answer.
   * @throws DomainError `org.person_ended` for leavers, `org.not_started_yet` before the first day.
   */
  createLink(trx: OrgTrx, personId: string, how: HandOut): Promise<Link>;
  /** For a person an actor may manage. @throws DomainError `platform.not_found` */
  linkFor(actor: Actor, personId: string): Promise<{ link: Link; person: LifePerson }>;
  /** Whom a choice means of those the actor may manage: who has no password yet and may have a link; in the order of ids. */
  chosen(actor: Actor, choice: Choice): Promise<string[]>;
  /** Links for these, as far as they may still have one. */
  linksFor(
    actor: Actor,
    personIds: readonly string[],
    way: HandOut['way'],
  ): Promise<{ person: LifePerson; link: Link }[]>;
  /** Ends all links of a person the actor may manage; answers how many. */
  endLinks(actor: Actor, personId: string): Promise<number>;
  /** A person the actor may make links for. @throws DomainError `platform.not_found`, `platform.not_allowed` */
  requirePerson(actor: Actor, personId: string): Promise<LifePerson>;
  /** @throws DomainError `org.person_ended`, `org.not_started_yet` */
  requireLink(person: LifePerson): void;
  /** Whether a link can be made and used now. */
  linkState(person: LifePerson): LinkState;
  mayHaveLink(person: LifePerson): boolean;
  /** @throws DomainError `org.activation_not_valid`, the same for every reason. */
  info(token: string): Promise<{ person: LifePerson; expiresAt: Date }>;
  /**
   * Sets the password and marks the person activated. The link is used up only when the homeserver took it.
   * @throws DomainError `org.activation_not_valid`, `org.password_too_weak`, `org.account_not_ready`,
   * `org.homeserver_unavailable`
   */
  activate(token: string, password: string, locale: Locale): Promise<{ userId: string }>;
  /**
   * The homeserver has a new password of an account that was not set here, such as by the person in a client: ends the
   * person's links, those that mails under way would bring, and console sessions.
   */
  passwordChanged(userId: string): Promise<void>;
  /** Makes the account at the homeserver unless it is there. @throws DomainError `org.account_not_ready` */
  ensureAccount(trx: OrgTrx, person: LifePerson): Promise<void>;
}

export function createActivation(
  context: OrgContext,
  links: Links,
  accounts: Accounts,
  policy: LifecyclePolicy,
): Activation {
  const db = context.db as OrgDb;
  const { clock, homeserver, acts, events, texts, site } = context;
  const userIdOf = (person: LifePerson): string => `@${person.localpart}:${homeserver.serverName}`;
  const today = (): string => clock.now().toISOString().slice(0, 10);
  const started = (person: LifePerson): boolean => person.starts_on === null || person.starts_on <= today();
  const alive = (person: LifePerson): boolean => person.status === 'joining' || person.status === 'active';

  const activation: Activation = {
    linkState: (person) => (!alive(person) ? 'ended' : started(person) ? 'possible' : 'not_started'),
    mayHaveLink: (person) => activation.linkState(person) === 'possible',

    requireLink(person) {
      const state = activation.linkState(person);
      if (state === 'ended') throw errors.person_ended();
      if (state === 'not_started') throw errors.not_started_yet({ date: person.starts_on ?? '' });
    },

    async requirePerson(actor, personId) {
      await policy.requireManage(actor, 'org.person.edit', personId);
      const person = await peopleRepository.find(db, personId);
      if (!person) throw platformErrors.not_found();
      return person;
    },

    async createLink(trx, personId, how) {
      const person = await peopleRepository.lock(trx, personId);
      if (!person) throw platformErrors.not_found();
      activation.requireLink(person);
      const [made] = await links.insert(trx, [personId], how);
      if (!made) throw platformErrors.internal();
      await acts.record(outerTrx(trx), {
        actor: how.by,
        action: 'org.person.activation_link',
        subject: `person:${personId}`,
      });
      return made;
    },

    async linkFor(actor, personId) {
      await policy.requireManage(actor, 'org.person.edit', personId);
      return db.transaction().execute(async (trx) => {
        const link = await activation.createLink(trx, personId, { way: 'dialog', by: actor.userId });
        const person = await peopleRepository.find(trx, personId);
        if (!person) throw platformErrors.not_found();
        // Who asked for a new password is helped.
        await passwordRequestsRepository.settle(trx, [personId], ['open']);
        return { link, person };
      });
    },

    async chosen(actor, choice) {
      const { held, tree } = await policy.open(actor);
      if (!held.somewhere('org.person.edit')) throw platformErrors.not_allowed();
      const { department_id: department } = choice;
      if (department !== undefined && !held.over('org.person.edit', department, tree)) {
        throw platformErrors.not_found();
      }
      let ids: string[];
      if (choice.person_ids) ids = [...new Set(choice.person_ids)];
      else if (department !== undefined) ids = await peopleRepository.inSubtree(db, department);
      else ids = await peopleRepository.withoutPassword(db);
      const allowed = await policy.manageable(actor, 'org.person.edit', ids);
      if (choice.person_ids && allowed.size < ids.length) throw platformErrors.not_found();
      const people = await peopleRepository.many(db, [...allowed]);
      return people
        .filter((person) => activation.mayHaveLink(person) && person.activated_at === null)
        .map((person) => person.id)
        .sort();
    },

    async linksFor(actor, personIds, way) {
      return db.transaction().execute(async (trx) => {
        const people = (await peopleRepository.lockMany(trx, personIds)).filter(
          (person) => activation.mayHaveLink(person) && person.activated_at === null,
        );
        const made = await links.insert(
          trx,
          people.map((person) => person.id),
          { way, by: actor.userId },
        );
        await acts.recordMany(
          outerTrx(trx),
          people.map((person) => ({
            actor: actor.userId,
            action: 'org.person.activation_link',
            subject: `person:${person.id}`,
          })),
        );
        return people.flatMap((person, at) => {
          const link = made[at];
          return link ? [{ person, link }] : [];
        });
      });
    },

    async endLinks(actor, personId) {
      await policy.requireManage(actor, 'org.person.edit', personId);
      return db.transaction().execute(async (trx) => {
        await peopleRepository.lock(trx, personId);
        const ended = await links.end(trx, personId);
        await peopleRepository.endLinksUnderWay(trx, personId, clock.now());
        if (ended > 0)
          await acts.record(outerTrx(trx), {
            actor: actor.userId,
            action: 'org.person.activation_links_ended',
            subject: `person:${personId}`,
            details: { count: ended },
          });
        return ended;
      });
    },

    async info(token) {
      const found = await find(db, token, false);
      return { person: found.person, expiresAt: found.expiresAt };
    },

    async activate(token, password, locale) {
      // Looked at before the lock is taken: weak passwords and wrong links cost no transaction.
      const first = await find(db, token, false);
      refuseWeak(first.person, password, locale);
      return db.transaction().execute(async (trx) => {
        // The person first, as everybody else does who locks both.
        await peopleRepository.lock(trx, first.person.id);
        const { person } = await find(trx, token, true);
        await activation.ensureAccount(trx, person);
        const userId = userIdOf(person);
        try {
          // A new password ends what the old one opened.
          await orUnavailable(accounts.setPassword(userId, password, person.activated_at !== null));
        } catch (error) {
          if (MatrixError.is(error) && error.errcode.includes('PASSWORD')) {
            throw tooWeak(['refused'], locale);
          }
          if (MatrixError.is(error)) throw errors.account_not_ready();
          throw error;
        }
        const now = clock.now();
        await links.use(trx, token, person.id);
        await peopleRepository.endLinksUnderWay(trx, person.id, now);
        await passwordRequestsRepository.settle(trx, [person.id], ['open', 'mailed']);
        if (person.activated_at !== null) await context.sessions.endAll(userId);
        await trx
          .updateTable('org.person')
          .set({
            status: 'active',
            activated_at: sql`coalesce(activated_at, ${now})`,
            // Nothing better is known of a first day than the language of this page.
            reads: sql`coalesce(reads, case when locale is null then ${locale} end)`,
            updated_at: now,
            version: sql`version + 1`,
          })
          .where('id', '=', person.id)
          .execute();
        await acts.record(outerTrx(trx), {
          actor: userId,
          action: person.activated_at === null ? 'org.person.activate' : 'org.person.password',
          subject: `person:${person.id}`,
        });
        if (person.activated_at === null) {
          await events.publish(outerTrx(trx), 'org.person.activated', {
            person_id: person.id,
            user_id: userId,
          });
        }
        await context.queue.enqueue(outerTrx(trx), 'org.provision', {}, { key: 'org.provision' });
        return { userId };
      });
    },

    async passwordChanged(userId) {
      const suffix = `:${homeserver.serverName}`;
      if (!userId.endsWith(suffix)) return;
      const known = await peopleRepository.byLocalpart(db, userId.slice(1, -suffix.length));
      if (known === undefined) return;
      await db.transaction().execute(async (trx) => {
        await peopleRepository.lock(trx, known.id);
        await links.end(trx, known.id);
        await peopleRepository.endLinksUnderWay(trx, known.id, clock.now());
        await passwordRequestsRepository.settle(trx, [known.id], ['open', 'mailed']);
        await context.sessions.endAll(userId);
        await acts.record(outerTrx(trx), {
          actor: 'system:homeserver',
          action: 'org.person.password_changed',
          subject: `person:${known.id}`,
        });
      });
    },

    async ensureAccount(trx, person) {
      if (person.account === 'deactivated' || person.account === 'locked') throw errors.account_not_ready();
      if (person.account === 'created') return;
      const { madeHere } = await orUnavailable(
        accounts.create({
          localpart: person.localpart,
          displayname: person.display_name,
          emails: person.email === null ? [] : [person.email],
          locale: person.locale === null ? null : person.locale === 'zh-Hans' ? 'zh_Hans' : 'en',
        }),
      ).catch((error: unknown) => {
        if (MatrixError.is(error)) throw errors.account_not_ready();
        throw error;
      });
      // An account that was there before is nobody's to take: a person decides (provisioning's problems).
      if (!madeHere) throw errors.account_not_ready();
      await trx
        .updateTable('org.person')
        .set({ account: 'created', applied_name: person.display_name })
        .where('id', '=', person.id)
        .execute();
    },
  };
  return activation;

  async function find(
    on: OrgDb | OrgTrx,
    token: string,
    lock: boolean,
  ): Promise<{ person: LifePerson; expiresAt: Date }> {
    const row = await links.find(on, token, lock);
    const person = row && (await peopleRepository.find(on, row.person_id));
    if (
      !row ||
      !person ||
      row.used_at !== null ||
      row.expires_at <= clock.now() ||
      (row.sent_to !== null && row.sent_to.toLowerCase() !== person.email?.toLowerCase()) ||
      !activation.mayHaveLink(person)
    ) {
      throw errors.activation_not_valid();
    }
    return { person, expiresAt: row.expires_at };
  }

  function refuseWeak(person: LifePerson, password: string, locale: Locale): void {
    const { problems } = judgePassword(password, personalOf(person, site.settings.company_name));
    if (problems.length > 0) throw tooWeak(problems, locale);
  }

  function tooWeak(problems: readonly PasswordReason[], locale: Locale): Error {
    return errors.password_too_weak(
      { min: MIN_PASSWORD_LENGTH },
      { reasons: reasonsOf(problems, texts, locale) },
    );
  }
}
