import { createTransport } from 'nodemailer';
import { headerText } from './address.ts';
import type { ComposedMail } from './message.ts';
import type { MailServer } from './settings.ts';

/** Why a mail is not to be sent any more: nothing went wrong. */
export type NotNeeded = 'person_ended' | 'not_started' | 'address_changed' | 'link_over';

/** Why a mail did not go. */
export type MailErrorCode =
  | 'bad_address'
  | 'refused_address'
  | 'refused'
  | 'login'
  | 'tls'
  | 'unreachable'
  | 'later'
  | 'expired'
  | NotNeeded
  | 'internal';

export interface MailFailure {
  readonly code: MailErrorCode;
  /** The server's words, on one line; for administrators, never for logs: they may name the recipient. */
  readonly text: string;
  /** Trying again is of no use. */
  readonly permanent: boolean;
  /** No other mail would go now either. */
  readonly everybody: boolean;
  /** The server may have taken the message before the connection broke. */
  readonly uncertain: boolean;
}

/** A message with its addresses; both were checked (`parseMailAddress`). */
export interface OutgoingMail extends ComposedMail {
  /** Stays the same at every try, so that what comes twice can be told. */
  readonly id: string;
  readonly to: string;
}

/** Waits, milliseconds: until a connection stands, until the server greets, and between two answers. */
const CONNECT_MS = 15_000;
const GREETING_MS = 15_000;
const SILENCE_MS = 60_000;
const MAX_TEXT = 300;

const options = { disableFileAccess: true, disableUrlAccess: true } as const;

/** The headers of a mail: nobody answers a machine's mail by a machine (RFC 3834). */
export function envelopeOf(
  mail: OutgoingMail,
  sender: { from: string; replyTo?: string | undefined; name: string },
) {
  return {
    from: { name: headerText(sender.name), address: sender.from },
    to: { name: '', address: mail.to },
    ...(sender.replyTo === undefined ? {} : { replyTo: sender.replyTo }),
    subject: headerText(mail.subject),
    text: mail.text,
    html: mail.html,
    messageId: `<${mail.id}@${sender.from.slice(sender.from.lastIndexOf('@') + 1)}>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    ...options,
  };
}

/** One connection to the mail server, for the mails of one round. */
export interface MailTransport {
  send(mail: OutgoingMail): Promise<MailFailure | undefined>;
  close(): void;
}

export function openTransport(server: MailServer, name: string): MailTransport {
  const transport = createTransport({
    host: server.host,
    port: server.port,
    secure: server.security === 'tls',
    requireTLS: server.security === 'starttls',
    ignoreTLS: server.security === 'none',
    ...(server.login === undefined ? {} : { auth: server.login }),
    ...(server.ca === undefined ? {} : { tls: { ca: server.ca } }),
    pool: true,
    maxConnections: 1,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: GREETING_MS,
    socketTimeout: SILENCE_MS,
    ...options,
  });
  return {
    async send(mail) {
      try {
        await transport.sendMail(envelopeOf(mail, { from: server.from, replyTo: server.replyTo, name }));
        return undefined;
      } catch (error) {
        return failureOf(error);
      }
    },
    close: () => {
      transport.close();
    },
  };
}

/** The message as a file holds it (RFC 5322). */
export async function renderMail(
  mail: OutgoingMail,
  sender: { from: string; name: string },
): Promise<Buffer> {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows', ...options });
  const { message } = await transport.sendMail(envelopeOf(mail, sender));
  if (!Buffer.isBuffer(message)) throw new Error('the mail was not rendered');
  return message;
}

/** What an SMTP error means for this mail, and for the others. */
export function failureOf(error: unknown): MailFailure {
  const { code, responseCode, command, response, message, syscall } = error as {
    code?: string;
    responseCode?: number;
    command?: string;
    response?: string;
    message?: string;
    syscall?: string;
  };
  const answered = responseCode !== undefined;
  const lasting = answered && responseCode >= 500;
  const base = { text: headerText(response ?? message ?? '').slice(0, MAX_TEXT), uncertain: false };
  if (code === 'EAUTH') return { ...base, code: 'login', permanent: false, everybody: true };
  if (code === 'ETLS' || /certificate|\bTLS\b|\bSSL\b/i.test(answered ? '' : (message ?? '')))
    return { ...base, code: 'tls', permanent: false, everybody: true };
  // 421: the server is closing, whatever was asked (RFC 5321, section 4.2.1).
  if (responseCode === 421) return { ...base, code: 'later', permanent: false, everybody: true };
  if (command === 'RCPT TO' && answered)
    return { ...base, code: lasting ? 'refused_address' : 'later', permanent: lasting, everybody: false };
  if (answered) {
    // A sender that is refused is refused for all.
    const everybody = command === 'MAIL FROM';
    return { ...base, code: lasting ? 'refused' : 'later', permanent: lasting && !everybody, everybody };
  }
  if (code === 'EENVELOPE' || code === 'EMESSAGE')
    return { ...base, code: 'bad_address', permanent: true, everybody: false };
  const before = code === 'EDNS' || syscall === 'connect' || /ECONNREFUSED|EHOSTUNREACH/.test(message ?? '');
  return { ...base, code: 'unreachable', permanent: false, everybody: true, uncertain: !before };
}
