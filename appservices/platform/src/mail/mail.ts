import type { Kysely, Transaction } from 'kysely';
import type { Clock, Random } from '../clock.ts';
import type { Locale } from '../i18n/texts.ts';
import type { Job, JobQueue } from '../jobs/jobs.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { openKeptMails, type KeptMails } from './kept.ts';
import { mailRepository, type MailRepository } from './mail.repository.ts';
import { mailJobs, wakeSender } from './send-mails.job.ts';
import type { ComposedMail } from './message.ts';
import type { MailServer } from './settings.ts';
import type { MailErrorCode } from './transport.ts';

export type MailState = 'waiting' | 'sent' | 'kept' | 'failed';

/** A mail as it is noted: whom it is for and how it stands, never what it says. */
export interface MailRow {
  readonly id: string;
  readonly kind: string;
  readonly to_address: string;
  readonly person: string;
  readonly locale: Locale | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly requested_by: string;
  readonly batch: string | null;
  readonly state: MailState;
  readonly attempts: number;
  readonly created_at: Date;
  readonly sent_at: Date | null;
  readonly next_at: Date | null;
  readonly give_up_at: Date;
  readonly error_code: MailErrorCode | null;
  readonly error_text: string | null;
}

/** A mail to be sent. */
export interface MailOrder {
  readonly kind: string;
  readonly to: string;
  /** Whom it is for, as the domain knows them. */
  readonly person: string;
  /** Null: both languages, one below the other. */
  readonly locale: Locale | null;
  /** What composing needs; stored: no secret, no content. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly requestedBy: string;
  readonly batch?: string;
  /** After this there is no use in it; default: `mail.give_up_hours`. */
  readonly giveUpAt?: Date;
}

/** What a domain knows of one kind of its mails. Everything runs in a transaction of the sender's. */
export interface MailKind {
  /**
   * The message, made anew for every try: what is secret in it (a link) is made here and stored nowhere. Undefined
   * where it is not to be sent any more.
   */
  compose(trx: Transaction<never>, mail: MailRow): Promise<ComposedMail | undefined>;
  /** A try after which nobody has the message: what `compose` made for it may go. */
  undelivered?(trx: Transaction<never>, mail: MailRow): Promise<void>;
  /** It will not be tried any more. */
  failed?(trx: Transaction<never>, mail: MailRow): Promise<void>;
}

export interface MailListFilter {
  readonly state?: MailState | undefined;
  readonly persons?: readonly string[];
  readonly batch?: string;
  readonly before?: { readonly at: Date; readonly id: string } | undefined;
  readonly limit: number;
}

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

export interface MailPostParts {
  readonly db: Kysely<unknown>;
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Undefined: mails are kept in the folder. */
  readonly server: MailServer | undefined;
  readonly companyName: string;
  /** The installation's data folder. */
  readonly varDir: string;
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
