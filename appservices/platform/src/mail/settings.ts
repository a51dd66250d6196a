import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { Type, type Static } from 'typebox';
import { ConfigError } from '../config/error.ts';
import { parseMailAddress } from './address.ts';

/** How mail leaves, `mail` in the configuration file; the password is the secret `mail_password`. */
export const MailSettings = Type.Object(
  {
    host: Type.String({ minLength: 1, maxLength: 255, description: 'The mail server (SMTP submission)' }),
    port: Type.Integer({
      minimum: 1,
      maximum: 65535,
      default: 587,
      description: 'Usually 587, or 465 with tls',
    }),
    security: Type.Enum(['starttls', 'tls', 'none'], {
      default: 'starttls',
      description:
        'starttls: refuses to go on without it; tls: from the first byte; none: in plain, without a user',
    }),
    user: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        description: 'Sign in as; needs the secret mail_password',
      }),
    ),
    from: Type.String({ maxLength: 254, description: 'Address mail comes from; its name is company_name' }),
    reply_to: Type.Optional(Type.String({ maxLength: 254, description: 'Address answers go to' })),
    ca_file: Type.Optional(
      Type.String({
        maxLength: 1000,
        description:
          "Certificate authority (PEM) of a mail server with a company's own; below var, or absolute",
      }),
    ),
    retry_seconds: Type.Integer({
      minimum: 1,
      maximum: 3600,
      default: 60,
      description: 'Seconds until a second try; each further one waits twice as long, half an hour at most',
    }),
    give_up_hours: Type.Integer({
      minimum: 1,
      maximum: 240,
      default: 48,
      description: 'Hours after which a mail that cannot be sent has failed',
    }),
  },
  { additionalProperties: false },
);
export type MailSettings = Static<typeof MailSettings>;

/** Settings that were looked through, with what lies outside the file. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  readonly security: 'starttls' | 'tls' | 'none';
  readonly login: { readonly user: string; readonly pass: string } | undefined;
  readonly from: string;
  readonly replyTo: string | undefined;
  readonly ca: string | undefined;
  readonly retrySeconds: number;
  readonly giveUpHours: number;
}

/**
 * @throws ConfigError for an address that is none, a user without a password, or a password that would go over the
 * network in plain.
 */
export function mailServer(settings: MailSettings, password: string | undefined, varDir: string): MailServer {
  const address = (name: 'from' | 'reply_to', text: string): string => {
    const parsed = parseMailAddress(text);
    if (parsed === undefined) throw new ConfigError(`mail.${name} is not an e-mail address: ${text}`);
    return parsed;
  };
  const { user } = settings;
  if (user !== undefined && (password === undefined || password === ''))
    throw new ConfigError('mail.user needs a password: write it into var/secrets/mail_password (mode 0600)');
  if (user !== undefined && settings.security === 'none')
    throw new ConfigError('mail.security "none" would send the password in plain: take "starttls" or "tls"');
  let ca: string | undefined;
  if (settings.ca_file !== undefined) {
    const path = isAbsolute(settings.ca_file) ? settings.ca_file : join(varDir, settings.ca_file);
    try {
      ca = readFileSync(path, 'utf8');
    } catch (error) {
      throw new ConfigError(`mail.ca_file cannot be read: ${(error as Error).message}`);
    }
  }
  return {
    host: settings.host,
    port: settings.port,
    security: settings.security,
    login: user === undefined || password === undefined ? undefined : { user, pass: password },
    from: address('from', settings.from),
    replyTo: settings.reply_to === undefined ? undefined : address('reply_to', settings.reply_to),
    ca,
    retrySeconds: settings.retry_seconds,
    giveUpHours: settings.give_up_hours,
  };
}
