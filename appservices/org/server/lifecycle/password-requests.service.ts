import { platformErrors, parseMailAddress, type Actor, type Locale } from '@qiao/platform';
import type { OrgContext } from '../context.ts';
import { outerTrx, type OrgDb, type OrgTrx } from '../tables.ts';
import type { Accounts } from './homeserver.ts';
import {
  passwordRequestsRepository as repository,
  type PasswordRequestRow,
} from './password-requests.repository.ts';
import { peopleRepository, type LifePerson } from './people.repository.ts';
import type { LifecyclePolicy } from './policy.ts';

const MINUTE_MS = 60_000;
/** Who asks again within this time gets no second mail: the first is on its way. */
const MAIL_PAUSE_MS = 10 * MINUTE_MS;
/** Mails with a link for one person in a day, whoever asks for them. */
const MAILS_A_DAY = 5;
/** What no name has: control characters, surrogates, marks of direction. */
const NO_NAME = /[\p{Cc}\p{Cs}\p{Bidi_Control}]/u;
/** Tries of the job; what was typed is not kept for longer. */
const TRIES = 5;
/** Administrators who are told of one request. */
const MOST_TOLD = 20;
/** How long a link to a new password works. */
export const PASSWORD_LINK_MS = 60 * MINUTE_MS;

export const PASSWORD_ASKED_JOB = 'org.password-asked';

/** People who have forgotten their password: by mail, or to an administrator. */
export interface PasswordRequests {
  /** Notes what was typed, to be looked at by a job: nothing that depends on it happens before the answer. */
  ask(name: string, locale: Locale): Promise<void>;
  /** The job. Unknown names, leavers and those who may not begin yet come to nothing. */
  handle(asked: { name: string; locale: Locale }): Promise<void>;
  /** A mail that will not go: an administrator has to help. */
  mailFailed(trx: OrgTrx, mailId: string): Promise<void>;
  list(
    actor: Actor,
    page: { after?: { open: boolean; at: Date; id: string } | undefined; limit: number },
  ): Promise<PasswordRequestRow[]>;
  /** @throws DomainError `platform.not_found` */
  close(actor: Actor, id: string): Promise<void>;
}

export function createPasswordRequests(
  context: OrgContext,
  parts: { accounts: Accounts; policy: LifecyclePolicy; mayHaveLink: (person: LifePerson) => boolean },
): PasswordRequests {
  const db = context.db as OrgDb;
  const { acts, clock, events, homeserver, mail, queue, random } = context;
  const { accounts, policy, mayHaveLink } = parts;

  const tell = async (trx: OrgTrx, row: { id: string; person_id: string }): Promise<void> => {
    if (!(await repository.claimTelling(trx, row.id, clock.now()))) return;
    const administrators: string[] = [];
    for (const localpart of await repository.editors(trx, clock.now())) {
      const userId = `@${localpart}:${homeserver.serverName}`;
      const actor: Actor = { userId, local: true };
      // Who has forgotten it cannot help themselves.
      const may = await policy.manageable(actor, 'org.person.edit', [row.person_id], trx);
      const own = (await peopleRepository.byLocalpart(trx, localpart))?.id === row.person_id;
      if (may.has(row.person_id) && !own) administrators.push(userId);
      if (administrators.length === MOST_TOLD) break;
    }
    await events.publish(outerTrx(trx), 'org.person.password_asked', {
      request_id: row.id,
      person_id: row.person_id,
      administrators,
    });
  };
  const mailTo = async (
    trx: OrgTrx,
    request: string,
    person: LifePerson,
    locale: Locale,
    address: string,
  ): Promise<void> => {
    const now = clock.now();
    const [id] = await mail.order(outerTrx(trx), [
      {
        kind: 'password',
        to: address,
        person: person.id,
        locale: person.locale ?? locale,
        requestedBy: `system:${PASSWORD_ASKED_JOB}`,
        giveUpAt: new Date(now.getTime() + PASSWORD_LINK_MS),
      },
    ]);
    if (id !== undefined) await repository.mailed(trx, request, id, now);
  };

  return {
    async ask(name, locale) {
      // Nobody's name, and nothing to keep: it may be anything that was pasted.
      if (NO_NAME.test(name)) return;
      await queue.enqueue(db as never, PASSWORD_ASKED_JOB, { name, locale }, { maxAttempts: TRIES });
    },

    async handle({ name, locale }) {
      const userId = await accounts.resolve(name);
      const suffix = `:${homeserver.serverName}`;
      if (!userId?.endsWith(suffix)) return;
      const known = await peopleRepository.byLocalpart(db, userId.slice(1, -suffix.length));
      if (known === undefined) return;
      await db.transaction().execute(async (trx) => {
        const person = await peopleRepository.lock(trx, known.id);
        if (!person) return;
        if (!mayHaveLink(person) || person.account === 'locked') return;
        const now = clock.now();
        const running = await repository.running(trx, person.id);
        const request = running?.id ?? random.uuid();
        if (running) await repository.again(trx, request, now);
        else {
          await repository.begin(trx, { id: request, personId: person.id, at: now });
          await acts.record(outerTrx(trx), {
            actor: `system:${PASSWORD_ASKED_JOB}`,
            action: 'org.person.password_asked',
            subject: `person:${person.id}`,
          });
        }
        const address = person.email === null ? undefined : parseMailAddress(person.email);
        if (!mail.configured || address === undefined) {
          await tell(trx, { id: request, person_id: person.id });
          return;
        }
        const mailedAt = running?.mailed_at?.getTime() ?? 0;
        if (now.getTime() - mailedAt < MAIL_PAUSE_MS) return;
        const latest = await mail.list(outerTrx(trx), { persons: [person.id], limit: 4 * MAILS_A_DAY });
        const dayAgo = now.getTime() - 24 * 60 * MINUTE_MS;
        const today = latest.filter((row) => row.kind === 'password' && row.created_at.getTime() > dayAgo);
        if (today.length >= MAILS_A_DAY) {
          await repository.reopen(trx, request);
          await tell(trx, { id: request, person_id: person.id });
          return;
        }
        await mailTo(trx, request, person, locale, address);
      });
    },

    async mailFailed(trx, mailId) {
      const row = await repository.unmailed(trx, mailId);
      if (row) await tell(trx, row);
    },

    async list(actor, page) {
      const { held } = await policy.open(actor);
      if (!held.somewhere('org.person.edit')) throw platformErrors.not_allowed();
      const persons = await repository.persons(db);
      const allowed = await policy.manageable(actor, 'org.person.edit', persons);
      return repository.list(db, [...allowed], page);
    },

    async close(actor, id) {
      const row = await repository.find(db, id);
      if (!row) {
        const { held } = await policy.open(actor);
        throw held.somewhere('org.person.edit') ? platformErrors.not_found() : platformErrors.not_allowed();
      }
      await policy.requireManage(actor, 'org.person.edit', row.person_id);
      await db.transaction().execute(async (trx) => {
        await repository.close(trx, id);
        await acts.record(outerTrx(trx), {
          actor: actor.userId,
          action: 'org.person.password_request_closed',
          subject: `person:${row.person_id}`,
        });
      });
    },
  };
}
