import { Type, type Static, type TSchema } from 'typebox';

/** Every error answer of our HTTP interfaces. */
export const ErrorAnswer = Type.Object({
  error: Type.Object({
    /** `<domain>.<key>`; the table is in docs/reference/errors.md. */
    code: Type.String(),
    /** In the reader's language. */
    message: Type.String(),
    request_id: Type.String(),
    details: Type.Optional(Type.Unknown()),
  }),
});
export type ErrorAnswer = Static<typeof ErrorAnswer>;

/** The OpenID token of the Matrix client-server API (`POST /user/{userId}/openid/request_token`). */
export const OpenIdToken = Type.Object({
  access_token: Type.String({ minLength: 1, maxLength: 1000 }),
  token_type: Type.Literal('Bearer'),
  matrix_server_name: Type.String({ minLength: 1, maxLength: 255 }),
  expires_in: Type.Number(),
});
export type OpenIdToken = Static<typeof OpenIdToken>;

/** `POST /api/session` */
export const CreateSession = Type.Object({
  openid: OpenIdToken,
  /** `cookie`: HttpOnly cookie for browsers; `token`: bearer token in the answer. */
  delivery: Type.Optional(Type.Enum(['cookie', 'token'])),
});
export const SessionAnswer = Type.Object({
  user_id: Type.String(),
  expires_at: Type.String({ format: 'date-time' }),
  token: Type.Optional(Type.String()),
});
/** `GET /api/session` */
export const WhoAmI = Type.Object({ user_id: Type.String(), local: Type.Boolean() });

/** A page of a list; `next` goes back as `?after=`. */
export const pageOf = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) });
