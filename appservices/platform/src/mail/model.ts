import type { Kysely, Transaction } from 'kysely';
import type { Clock, Random } from '../clock.ts';
import type { Locale } from '../i18n/texts.ts';
import type { JobQueue } from '../jobs/jobs.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { ComposedMail } from './message.ts';
import type { MailServer } from './settings.ts';
import type { MailErrorCode, NotNeeded } from './transport.ts';

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
  /** When it was ordered, the last time that somebody did. */
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
   * The message, made anew for every try: what is secret in it (a link) is made here and stored nowhere. Or why it is
   * not to be sent any more.
   */
  compose(trx: Transaction<never>, mail: MailRow): Promise<ComposedMail | NotNeeded>;
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

/** What the mail of a process is made of. */
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
