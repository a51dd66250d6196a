import { Type, type Static, type TSchema } from 'typebox';
import { PageQuery, PersonRef } from './api.ts';

/*
 * Links for activation and new passwords, the mails that bring them, and who has forgotten a password: part of the
 * HTTP interface of the organisation, below `/api/org`.
 */

const Id = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' });
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Nullable(Type.String()) });
const Timestamp = Type.String({ format: 'date-time' });
const Language = Nullable(Type.Enum(['zh-Hans', 'en']));

/** What a link is for: the first password of an account, or a new one of an account that is activated. */
export const LinkPurpose = Type.Enum(['activation', 'password']);
export type LinkPurpose = Static<typeof LinkPurpose>;
/** How a link was handed out: shown in the dialog, in a file, on a printed sheet, by mail. */
export const LinkWay = Type.Enum(['dialog', 'list', 'sheet', 'mail']);
export type LinkWay = Static<typeof LinkWay>;

/** What a person signs in by beside the user name. */
export const SignInWay = Type.Enum(['email', 'phone', 'number']);
export type SignInWay = Static<typeof SignInWay>;

/** How a mail stands. `kept`: mail is not configured, so that it lies in a folder and is read in the console. */
export const mailStates = ['waiting', 'sent', 'kept', 'failed'] as const;
export const MailStateName = Type.Enum([...mailStates]);
export type MailStateName = Static<typeof MailStateName>;

/** Why a mail did not go, or not yet; each has a text in the console. */
export const mailErrorCodes = [
  'bad_address',
  'refused_address',
  'refused',
  'login',
  'tls',
  'unreachable',
  'later',
  'expired',
  'person_ended',
  'not_started',
  'address_changed',
  'link_over',
  'internal',
] as const;

/** One mail, without what it says. */
export const MailEntry = Type.Object({
  id: Id,
  kind: Type.Enum(['activation', 'password', 'test']),
  to: Type.String(),
  person: Nullable(PersonRef),
  state: MailStateName,
  created_at: Timestamp,
  sent_at: Nullable(Timestamp),
  attempts: Type.Integer(),
  /** When it is tried again. */
  next_at: Nullable(Timestamp),
  error: Nullable(
    Type.Object({
      code: Type.Enum([...mailErrorCodes]),
      /** What the mail server answered, as it said it. */
      text: Type.String(),
    }),
  ),
  /** `GET /mail/messages/:id` answers what it says. */
  readable: Type.Boolean(),
});
export type MailEntry = Static<typeof MailEntry>;
/** `GET /mail` */
export const MailState = Type.Object({
  configured: Type.Boolean(),
  from: Nullable(Type.String()),
  /** Of the mails the actor sees. */
  counts: Type.Object({
    waiting: Type.Integer(),
    sent: Type.Integer(),
    kept: Type.Integer(),
    failed: Type.Integer(),
  }),
});
export type MailState = Static<typeof MailState>;
/** `GET /mail/messages`: newest first; mails to people the actor may manage, and the actor's own. */
export const MailQuery = Type.Object({ ...PageQuery.properties, state: Type.Optional(MailStateName) });
export const MailPage = Page(MailEntry);
/** `GET /mail/messages/:id`: a kept mail. Who reads it could make the person such a link anyway. */
export const MailMessage = Type.Object({
  ...MailEntry.properties,
  subject: Type.String(),
  text: Type.String(),
});
export type MailMessage = Static<typeof MailMessage>;

/**
 * A name and whether it lets the person in. `shared`: it is somebody else's who has had it as long or longer;
 * `unusable`: it is no phone; `pending`: the homeserver is still to be told.
 */
export const SignInName = Type.Object({
  value: Type.String(),
  state: Type.Enum(['usable', 'shared', 'unusable', 'pending']),
});
/** `GET /people/:id/activation`: what was handed out; makes nothing. Links themselves are stored nowhere. */
export const ActivationState = Type.Object({
  person: PersonRef,
  activated: Type.Boolean(),
  email: Nullable(Type.String()),
  mail: Type.Object({ configured: Type.Boolean() }),
  /** What the person can sign in with beside the password. */
  sign_in: Type.Object({
    user_name: Type.String(),
    email: Nullable(Type.String()),
    phone: Nullable(SignInName),
    employee_number: Nullable(SignInName),
  }),
  /** Those that work now, newest first. */
  links: Type.Array(
    Type.Object({
      id: Id,
      purpose: LinkPurpose,
      way: LinkWay,
      made_at: Timestamp,
      /** Who made it: a Matrix id, or `system:<what>`. */
      by: Type.String(),
      /** How that is called. */
      by_name: Type.String(),
      expires_at: Timestamp,
    }),
  ),
  last_mail: Nullable(MailEntry),
});
export type ActivationState = Static<typeof ActivationState>;
/** `POST /people/:id/activation`: one more link; earlier ones work until one of them is used. */
export const ActivationLink = Type.Object({
  link: Type.String(),
  expires_at: Timestamp,
  purpose: LinkPurpose,
});
/** `DELETE /people/:id/activation`: ends all links of the person. */
export const ActivationEnded = Type.Object({ ended: Type.Integer() });

/** Whom links are for: these people, or a department with its sub-departments, or everybody not activated yet. */
const Choice = {
  person_ids: Type.Optional(Type.Array(Id, { maxItems: 10000 })),
  department_id: Type.Optional(Id),
};
/** `POST /people/activations`: links for many who have no password yet, as `text/csv` for the mail merge. */
export const ActivationBatch = Type.Object({
  ...Choice,
  /** Zone (IANA) in which the file says until when links are valid; the server's own where it is left out. */
  time_zone: Type.Optional(Type.String({ maxLength: 64 })),
});
/** `POST /activations/links`: the same for printed sheets and QR codes; `after`: the last person of the answer before. */
export const SheetBatch = Type.Object({ ...Choice, after: Type.Optional(Id) });
export const SheetLinks = Type.Object({
  items: Type.Array(
    Type.Object({
      person: PersonRef,
      email: Nullable(Type.String()),
      employee_number: Nullable(Type.String()),
      /** What the person is listed by, in code points. */
      listed_by: Type.String(),
      /** By what, beside the user name, this person can sign in. */
      sign_in: Type.Array(SignInWay),
      departments: Type.Array(Type.String()),
      language: Language,
      link: Type.String(),
      expires_at: Timestamp,
    }),
  ),
  /** How many more there are. */
  left: Type.Integer(),
});
export type SheetLinks = Static<typeof SheetLinks>;

/** `POST /activations/mail`: links by mail for everybody of the choice who has no password yet. */
export const MailActivations = Type.Object(Choice);
/** How one such round stands; `GET /activations/mail/:id`. */
export const ActivationMailing = Type.Object({
  id: Id,
  started_by: Type.String(),
  started_at: Timestamp,
  /** People who get a mail. */
  total: Type.Integer(),
  waiting: Type.Integer(),
  sent: Type.Integer(),
  kept: Type.Integer(),
  failed: Type.Integer(),
  /** Of them activated by now. */
  activated: Type.Integer(),
  /** Who has no address; the first 200 of them. */
  without_email: Type.Array(PersonRef),
  without_email_count: Type.Integer(),
  /** The first 200. */
  failed_people: Type.Array(Type.Object({ person: PersonRef, mail: MailEntry })),
});
export type ActivationMailing = Static<typeof ActivationMailing>;
export const ActivationMailingList = Type.Object({ items: Type.Array(ActivationMailing) });

/**
 * `POST /password/forgot`, public: user name, e-mail, phone or employee number. The answer is always 202 `{}`, at
 * once: who it is is looked up later.
 */
export const ForgotPassword = Type.Object({ name: Type.String({ minLength: 1, maxLength: 320 }) });
export const Accepted = Type.Object({});
/** Who asks for a new password. `mailed`: a link is on its way by mail; `open`: an administrator has to help. */
export const PasswordRequest = Type.Object({
  id: Id,
  person: PersonRef,
  first_at: Timestamp,
  last_at: Timestamp,
  times: Type.Integer(),
  state: Type.Enum(['open', 'mailed', 'done', 'closed']),
});
export type PasswordRequest = Static<typeof PasswordRequest>;
/** `GET /password-requests`: of people the actor may manage, open ones first. */
export const PasswordRequestPage = Page(PasswordRequest);
