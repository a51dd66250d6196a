import type { Kysely, Transaction } from 'kysely';
import type { Job } from '../jobs/jobs.ts';
import { openKeptMails, type KeptMails } from './kept.ts';
import { mailRepository, type MailRepository } from './mail.repository.ts';
import type { MailKind, MailListFilter, MailOrder, MailPostParts, MailRow, MailState } from './model.ts';
import { mailJobs, wakeSender } from './send-mails.job.ts';

/** Mail of one domain: orders are rows of the caller's transaction, a job sends them (transactional outbox). */
export interface Mail {
  readonly configured: boolean;
  readonly from: string | null;
  /** In `setup`. Names are stored: they stay. */
  define(kind: string, how: MailKind): void;
  /** An address that is none fails at once and is told like any other failure. Answers the ids, in order. */
  order(trx: Kysely<never> | Transaction<never>, orders: readonly MailOrder[]): Promise<string[]>;
  list(on: Kysely<never> | Transaction<never>, filter: MailListFilter): Promise<MailRow[]>;
  find(on: Kysely<never> | Transaction<never>, id: string): Promise<MailRow | undefined>;
  /** How many there are of each state, by person. */
  counts(
    on: Kysely<never> | Transaction<never>,
    filter: { batch?: string },
  ): Promise<readonly { person: string; state: MailState; count: number }[]>;
  /** Tries a failed or kept one again, from the beginning. False for any other. */
  retry(trx: Transaction<never>, id: string): Promise<boolean>;
  /** What a kept mail says. */
  read(id: string): Promise<{ subject: string; text: string } | undefined>;
}

/** The mail of a process: one table, one sender, a face for each domain. */
export interface MailPost {
  readonly jobs: readonly Job[];
  of(domain: string): Mail;
}

/** Hours a mail is tried for where no server is configured; it is kept at the first. */
const DEFAULT_GIVE_UP_HOURS = 48;
const HOUR_MS = 60 * 60 * 1000;

export function createMailPost(parts: MailPostParts): MailPost {
  const { queue, clock, random, server } = parts;
  const kinds = new Map<string, MailKind>();
  const repository: MailRepository = mailRepository;
  const kept: KeptMails = openKeptMails(parts.varDir);
  return {
    jobs: mailJobs(parts, { kinds, repository, kept }),
    of(domain) {
      return {
        configured: server !== undefined,
        from: server?.from ?? null,
        define(kind, how) {
          kinds.set(`${domain}.${kind}`, how);
        },
        async order(trx, orders) {
          if (orders.length === 0) return [];
          const now = clock.now();
          const last = new Date(now.getTime() + (server?.giveUpHours ?? DEFAULT_GIVE_UP_HOURS) * HOUR_MS);
          const rows = orders.map((order) => ({
            ...order,
            id: random.uuid(),
            giveUpAt: order.giveUpAt ?? last,
          }));
          await repository.insert(trx, domain, rows, now);
          await wakeSender(queue, trx);
          return rows.map((row) => row.id);
        },
        list: (on, filter) => repository.list(on, domain, filter),
        find: (on, id) => repository.find(on, domain, id),
        counts: (on, filter) => repository.counts(on, domain, filter),
        async retry(trx, id) {
          const now = clock.now();
          const last = new Date(now.getTime() + (server?.giveUpHours ?? DEFAULT_GIVE_UP_HOURS) * HOUR_MS);
          const done = await repository.again(trx, domain, id, now, last);
          if (done) await wakeSender(queue, trx);
          return done;
        },
        read: (id) => kept.read(id),
      };
    },
  };
}
