import { createHash } from 'node:crypto';
import { makeErrors, platformErrors, type Actor, type Locale } from '@qiao/platform';
import { MatrixError } from '@qiao/platform/matrix';
import { sql, type Transaction } from 'kysely';
import { MIN_PASSWORD_LENGTH, orgErrorTable } from '../../contract/index.ts';
import type { OrgContext } from '../setup.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import { orUnavailable, type Accounts } from './homeserver.ts';
import { judgePassword, personalOf, reasonsOf, type PasswordReason } from './password.ts';
import { peopleRepository, type LifePerson } from './people.repository.ts';
import type { LifecyclePolicy } from './policy.ts';

const errors = makeErrors('org', orgErrorTable);

const DAY_MS = 24 * 60 * 60 * 1000;
/** 32 bytes in base64url (RFC 4648, section 5). */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export interface Link {
  link: string;
  expires_at: Date;
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
const inner = (trx: OrgTrx): Transaction<never> => trx as unknown as Transaction<never>;

/** Activation links: made by administrators, used once by the person to choose a password. */
export interface Activation {
  /**
   * A new link; earlier ones of the person end. The token is only in the answer: 32 random bytes, stored as
   * SHA-256. It stands in the fragment of the link, so that no server or proxy log ever holds it.
   * @throws DomainError `org.person_ended` for leavers, `org.not_started_yet` before the first day.
   */
  createLink(trx: OrgTrx, personId: string, by: string): Promise<Link>;
  /** For a person an actor may manage. @throws DomainError `platform.not_found` */
  linkFor(actor: Actor, personId: string): Promise<Link>;
  /** Links for everybody of the choice who has no password yet and may have a link. */
  linksFor(
    actor: Actor,
    choice: { person_ids?: readonly string[]; department_id?: string },
  ): Promise<{ person: LifePerson; link: Link }[]>;
  /** @throws DomainError `org.activation_not_valid`, the same for every reason. */
  info(token: string): Promise<{ person: LifePerson; expiresAt: Date }>;
  /**
   * Sets the password and marks the person activated. The link is used up only when the homeserver took it.
   * @throws DomainError `org.activation_not_valid`, `org.password_too_weak`, `org.account_not_ready`,
   * `org.homeserver_unavailable`
   */
  activate(token: string, password: string, locale: Locale): Promise<{ userId: string }>;
  /** Makes the account at the homeserver unless it is there. @throws DomainError `org.account_not_ready` */
  ensureAccount(trx: OrgTrx, person: LifePerson): Promise<void>;
}

export function createActivation(
  context: OrgContext,
  accounts: Accounts,
  policy: LifecyclePolicy,
): Activation {
  const db = context.db as OrgDb;
  const { clock, random, homeserver, acts, events, texts, site } = context;
  const userIdOf = (person: LifePerson): string => `@${person.localpart}:${homeserver.serverName}`;
  const today = (): string => clock.now().toISOString().slice(0, 10);
  const started = (person: LifePerson): boolean => person.starts_on === null || person.starts_on <= today();
  const alive = (person: LifePerson): boolean => person.status === 'joining' || person.status === 'active';

  const activation: Activation = {
    async createLink(trx, personId, by) {
      const person = await peopleRepository.lock(trx, personId);
      if (!person) throw platformErrors.not_found();
      if (!alive(person)) throw errors.person_ended();
      if (!started(person)) throw errors.not_started_yet({ date: person.starts_on ?? '' });
      const [made] = await insertLinks(trx, [person]);
      if (!made) throw platformErrors.internal();
      await acts.record(inner(trx), {
        actor: by,
        action: 'org.person.activation_link',
        subject: `person:${personId}`,
      });
      return made;
    },

    async linkFor(actor, personId) {
      await policy.requireManage(actor, 'org.person.edit', personId);
      return db.transaction().execute((trx) => activation.createLink(trx, personId, actor.userId));
    },

    async linksFor(actor, choice) {
      const { held, tree } = await policy.open(actor);
      if (!held.somewhere('org.person.edit')) throw platformErrors.not_allowed();
      const { department_id: department } = choice;
      if (department !== undefined && !held.over('org.person.edit', department, tree)) {
        throw platformErrors.not_found();
      }
      let ids: string[];
      if (choice.person_ids) ids = [...new Set(choice.person_ids)];
      else if (choice.department_id) ids = await peopleRepository.inSubtree(db, choice.department_id);
      else {
        const rows = await db
          .selectFrom('org.person')
          .select('id')
          .where('activated_at', 'is', null)
          .execute();
        ids = rows.map((row) => row.id);
      }
      const allowed = await policy.manageable(actor, 'org.person.edit', ids);
      if (choice.person_ids && allowed.size < ids.length) throw platformErrors.not_found();
      return db.transaction().execute(async (trx) => {
        const people = (await peopleRepository.lockMany(trx, [...allowed])).filter(
          (person) => alive(person) && started(person) && person.activated_at === null,
        );
        const links = await insertLinks(trx, people);
        await acts.recordMany(
          inner(trx),
          people.map((person) => ({
            actor: actor.userId,
            action: 'org.person.activation_link',
            subject: `person:${person.id}`,
          })),
        );
        return people.flatMap((person, at) => {
          const link = links[at];
          return link ? [{ person, link }] : [];
        });
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
          await orUnavailable(accounts.setPassword(userId, password));
        } catch (error) {
          if (MatrixError.is(error) && error.errcode.includes('PASSWORD')) {
            throw tooWeak(['refused'], locale);
          }
          if (MatrixError.is(error)) throw errors.account_not_ready();
          throw error;
        }
        const now = clock.now();
        await trx
          .updateTable('org.activation')
          .set({ used_at: now })
          .where('token_hash', '=', hashOf(token))
          .execute();
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
        await acts.record(inner(trx), {
          actor: userId,
          action: person.activated_at === null ? 'org.person.activate' : 'org.person.password',
          subject: `person:${person.id}`,
        });
        if (person.activated_at === null) {
          await events.publish(inner(trx), 'org.person.activated', { person_id: person.id, user_id: userId });
        }
        await context.queue.enqueue(inner(trx), 'org.provision', {}, { key: 'org.provision' });
        return { userId };
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

  async function insertLinks(trx: OrgTrx, people: readonly LifePerson[]): Promise<Link[]> {
    if (people.length === 0) return [];
    const now = clock.now();
    const expiresAt = new Date(now.getTime() + context.config.activation_days * DAY_MS);
    const tokens = people.map(() => random.token(32));
    const ids = people.map((person) => person.id);
    await sql`delete from org.activation where person_id = any(${ids}::uuid[])`.execute(trx);
    await sql`insert into org.activation (token_hash, person_id, created_at, expires_at)
      select decode(x.hash, 'hex'), x.person_id, ${now}, ${expiresAt}
      from unnest(${tokens.map((token) => hashOf(token).toString('hex'))}::text[], ${ids}::uuid[]) as x(hash, person_id)`.execute(
      trx,
    );
    const base = site.settings.public_url.replace(/\/+$/, '');
    return tokens.map((token) => ({ link: `${base}/activate#${token}`, expires_at: expiresAt }));
  }

  /** By the hash: what a timing could tell is about SHA-256 of a guess, not about a token. */
  async function find(
    on: OrgDb | OrgTrx,
    token: string,
    lock: boolean,
  ): Promise<{ person: LifePerson; expiresAt: Date }> {
    const hash = hashOf(TOKEN.test(token) ? token : '');
    let query = on
      .selectFrom('org.activation')
      .select(['person_id', 'expires_at', 'used_at'])
      .where('token_hash', '=', hash);
    if (lock) query = query.forUpdate();
    const row = await query.executeTakeFirst();
    const person = row && (await peopleRepository.find(on, row.person_id));
    if (
      !row ||
      !person ||
      row.used_at !== null ||
      row.expires_at <= clock.now() ||
      !alive(person) ||
      !started(person)
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
