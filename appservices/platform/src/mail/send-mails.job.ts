import type { Kysely, Transaction } from 'kysely';
import { Type } from 'typebox';
import { defineJob, type Job, type JobContext, type JobQueue } from '../jobs/jobs.ts';
import type { KeptMails } from './kept.ts';
import type { MailKind, MailPostParts } from './model.ts';
import type { DueMail, MailRepository } from './mail.repository.ts';
import type { ComposedMail } from './message.ts';
import { openTransport, renderMail, type MailFailure, type MailTransport } from './transport.ts';

/** The one sender: many mails, one connection; jobs of a queue run one after the other. */
const SEND_MAILS = 'platform.send-mails';
const QUEUE = 'mail';
/** Longest wait between two tries of a mail. */
const LONGEST_WAIT_MS = 30 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** How long is remembered that a mail went, and how long one is kept that did not leave. */
const REMEMBERED_DAYS = 90;
const KEPT_DAYS = 30;
/** Where no server is configured, what mails are said to come from. */
const NOBODY = 'nobody@localhost.invalid';

const inner = (db: Kysely<unknown> | Transaction<unknown>): Transaction<never> =>
  db as unknown as Transaction<never>;

/** Lets the sender look for due mails: now, or at a time. A later look never takes the place of one that is due. */
export async function wakeSender(
  queue: JobQueue,
  trx: Kysely<never> | Transaction<never>,
  at?: Date,
): Promise<void> {
  await queue.enqueue(
    trx,
    SEND_MAILS,
    {},
    {
      queue: QUEUE,
      ...(at === undefined ? { key: SEND_MAILS } : { key: `${SEND_MAILS} later`, runAt: at }),
    },
  );
}

export function mailJobs(
  parts: MailPostParts,
  own: { kinds: ReadonlyMap<string, MailKind>; repository: MailRepository; kept: KeptMails },
): Job[] {
  const { db, queue, clock, log, server, metrics } = parts;
  const { kinds, repository, kept } = own;

  const nextTry = (mail: DueMail): Date => {
    const first = (server?.retrySeconds ?? 60) * 1000;
    const wait = Math.min(first * 2 ** Math.min(mail.attempts, 20), LONGEST_WAIT_MS);
    return new Date(clock.now().getTime() + wait);
  };

  /** Answers until when nothing else would go either. */
  const note = async (mail: DueMail, failure: MailFailure): Promise<Date | undefined> => {
    const next = nextTry(mail);
    const over = failure.permanent || next >= mail.give_up_at;
    const how = kinds.get(`${mail.domain}.${mail.kind}`);
    await db.transaction().execute(async (trx) => {
      await repository.notSent(inner(trx), mail.id, {
        code: failure.code,
        text: failure.text,
        next: over ? undefined : next,
      });
      if (!failure.uncertain) await how?.undelivered?.(inner(trx), mail);
      if (over) await how?.failed?.(inner(trx), mail);
    });
    metrics.mails.inc({ outcome: over ? 'failed' : 'later' });
    log.warn(
      { mail_id: mail.id, code: failure.code, attempt: mail.attempts + 1, given_up: over },
      'mail not sent',
    );
    return failure.everybody ? next : undefined;
  };

  const compose = async (mail: DueMail): Promise<ComposedMail | MailFailure> => {
    const how = kinds.get(`${mail.domain}.${mail.kind}`);
    const own = { permanent: true, everybody: false, uncertain: false, text: '' } as const;
    if (how === undefined) return { ...own, code: 'internal' };
    if (clock.now() >= mail.give_up_at) return { ...own, code: 'expired' };
    const composed = await db.transaction().execute((trx) => how.compose(inner(trx), mail));
    return typeof composed === 'string' ? { ...own, code: composed } : composed;
  };

  /** Answers until when nothing else would go either. */
  const sendOne = async (mail: DueMail, transport: MailTransport | undefined): Promise<Date | undefined> => {
    let composed: ComposedMail | MailFailure;
    try {
      composed = await compose(mail);
    } catch (error) {
      // The database away, above all. What the mail says is in no error.
      log.error({ err: error, mail_id: mail.id }, 'mail not composed');
      composed = { code: 'internal', text: '', permanent: false, everybody: false, uncertain: false };
    }
    if ('code' in composed) return note(mail, composed);
    const outgoing = { ...composed, id: mail.id, to: mail.to_address };
    if (transport === undefined) {
      await kept.write(mail.id, await renderMail(outgoing, { from: NOBODY, name: parts.companyName }));
      await repository.settle(inner(db), mail.id, 'kept', clock.now());
      metrics.mails.inc({ outcome: 'kept' });
      return undefined;
    }
    const failure = await transport.send(outgoing);
    if (failure !== undefined) return note(mail, failure);
    await repository.settle(inner(db), mail.id, 'sent', clock.now());
    // Of a time before mail was configured.
    await kept.remove(mail.id);
    metrics.mails.inc({ outcome: 'sent' });
    return undefined;
  };

  const sendAll = async ({ signal }: JobContext): Promise<void> => {
    const transport = server === undefined ? undefined : openTransport(server, parts.companyName);
    try {
      let pause: Date | undefined;
      while (pause === undefined && !signal.aborted) {
        const mail = await repository.due(inner(db), clock.now());
        if (mail === undefined) break;
        pause = await sendOne(mail, transport);
      }
      // A server that is away is asked again when the mail that found out is; the others wait with it.
      const at = pause ?? (await repository.nextDue(inner(db)));
      if (at !== undefined) await wakeSender(queue, inner(db), at);
    } finally {
      transport?.close();
    }
  };

  return [
    defineJob({
      name: SEND_MAILS,
      payload: Type.Object({}),
      run: (_payload, context) => sendAll(context),
    }),
    defineJob({
      name: 'platform.wake-mails',
      payload: Type.Object({}),
      // Whatever becomes of a call to the sender, no mail waits longer than this.
      cron: '*/10 * * * *',
      run: () => wakeSender(queue, inner(db)),
    }),
    defineJob({
      name: 'platform.sweep-mails',
      payload: Type.Object({}),
      cron: '17 3 * * *',
      run: async () => {
        const now = clock.now().getTime();
        await repository.sweep(inner(db), new Date(now - REMEMBERED_DAYS * DAY_MS));
        await kept.sweep(new Date(now - KEPT_DAYS * DAY_MS));
      },
    }),
  ];
}
