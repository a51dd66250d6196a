/**
 * Identifier types of Matrix. A plain string becomes one only through a parser of this file, so a function
 * that takes a `RoomId` can never be given a user's id or unchecked input.
 *
 * Source: Matrix specification, appendices, "Identifier grammar".
 */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `@localpart:server`. */
export type UserId = Branded<'UserId'>;
/** `!opaque:server`, or `!opaque` from room version 12 on (MSC4291). */
export type RoomId = Branded<'RoomId'>;
/** `#alias:server`. */
export type RoomAlias = Branded<'RoomAlias'>;
/** `$opaque`. */
export type EventId = Branded<'EventId'>;
/** Opaque id of one login of a user. */
export type DeviceId = Branded<'DeviceId'>;
/** Host name or address with an optional port; the part of an id behind its first colon. */
export type ServerName = Branded<'ServerName'>;
/** `mxc://server/media`. */
export type MxcUri = Branded<'MxcUri'>;

/** What `IdError.kind` can name. */
export type IdKind = 'user' | 'room' | 'alias' | 'event' | 'device' | 'server' | 'mxc';

/** Thrown by the parsers. Does not repeat the rejected text, which may be hostile. */
export class IdError extends Error {
  readonly kind: IdKind;
  constructor(kind: IdKind) {
    super(`not a valid Matrix ${kind} id`);
    this.name = 'IdError';
    this.kind = kind;
  }
}

/** Most bytes of UTF-8 an id may have, sigil and server name included. */
export const MAX_ID_BYTES = 255;
/** Most bytes of a server name (RFC 1035 name and a port). */
const MAX_SERVER_NAME_BYTES = 230;

const SERVER_NAME =
  /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z](?:[0-9A-Za-z.-]{0,253}[0-9A-Za-z.])?)(?::\d{1,5})?$/;
const UNSAFE = /[\u0000-\u0020\u007f-\u009f\u2028\u2029\ufeff]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const MXC = /^mxc:\/\/([^/]+)\/([A-Za-z0-9_-]{1,255})$/;

const encoder = new TextEncoder();
const fits = (text: string): boolean =>
  text.length <= MAX_ID_BYTES && encoder.encode(text).length <= MAX_ID_BYTES;

/** Whether the value is a server name by the specification's grammar (no path, no user part, port ≤ 65535). */
export function isServerName(value: unknown): value is ServerName {
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_SERVER_NAME_BYTES) return false;
  if (!SERVER_NAME.test(value)) return false;
  const port = /:(\d+)$/.exec(value.startsWith('[') ? value.slice(value.indexOf(']')) : value)?.[1];
  return port === undefined || Number(port) <= 65_535;
}

function hasServer(value: string, sigil: string): boolean {
  const colon = value.indexOf(':');
  return value.startsWith(sigil) && colon > 1 && isServerName(value.slice(colon + 1)) && fits(value);
}

/** Whether the value is a user id; historical local parts are accepted, control characters are not. */
export function isUserId(value: unknown): value is UserId {
  return typeof value === 'string' && hasServer(value, '@') && !UNSAFE.test(value);
}

/** Whether the value is a room id, with or without a server part. */
export function isRoomId(value: unknown): value is RoomId {
  return (
    typeof value === 'string' &&
    value.length > 1 &&
    value.startsWith('!') &&
    fits(value) &&
    !UNSAFE.test(value)
  );
}

/** Whether the value is a room alias; local parts may be in any script. */
export function isRoomAlias(value: unknown): value is RoomAlias {
  return typeof value === 'string' && hasServer(value, '#') && !UNSAFE.test(value);
}

/** Whether the value is an event id. */
export function isEventId(value: unknown): value is EventId {
  return (
    typeof value === 'string' &&
    value.length > 1 &&
    value.startsWith('$') &&
    fits(value) &&
    !UNSAFE.test(value)
  );
}

/** Whether the value is a device id. */
export function isDeviceId(value: unknown): value is DeviceId {
  return typeof value === 'string' && value.length > 0 && fits(value) && !UNSAFE.test(value);
}

/** Whether the value is an `mxc://` address of a media file. */
export function isMxcUri(value: unknown): value is MxcUri {
  return typeof value === 'string' && isServerName(MXC.exec(value)?.[1]);
}

function parser<T extends string>(kind: IdKind, is: (value: unknown) => value is T): (value: unknown) => T {
  return (value) => {
    if (!is(value)) throw new IdError(kind);
    return value;
  };
}

/** Makes a `UserId`. Throws `IdError`. */
export const parseUserId = parser('user', isUserId);
/** Makes a `RoomId`. Throws `IdError`. */
export const parseRoomId = parser('room', isRoomId);
/** Makes a `RoomAlias`. Throws `IdError`. */
export const parseRoomAlias = parser('alias', isRoomAlias);
/** Makes an `EventId`. Throws `IdError`. */
export const parseEventId = parser('event', isEventId);
/** Makes a `DeviceId`. Throws `IdError`. */
export const parseDeviceId = parser('device', isDeviceId);
/** Makes a `ServerName`. Throws `IdError`. */
export const parseServerName = parser('server', isServerName);
/** Makes an `MxcUri`. Throws `IdError`. */
export const parseMxcUri = parser('mxc', isMxcUri);

/** The part of a user id between `@` and the first colon. */
export function localpartOf(userId: UserId): string {
  return userId.slice(1, userId.indexOf(':'));
}

/** The homeserver a user belongs to. */
export function serverOf(userId: UserId): ServerName {
  return userId.slice(userId.indexOf(':') + 1) as ServerName;
}

/** Server name and media id of an `mxc://` address. */
export function mxcParts(uri: MxcUri): { server: ServerName; mediaId: string } {
  const [, server, mediaId] = MXC.exec(uri) ?? [];
  if (server === undefined || mediaId === undefined) throw new IdError('mxc');
  return { server: server as ServerName, mediaId };
}

/** Builds `@localpart:server`. Throws `IdError` if that is no valid user id. */
export function makeUserId(localpart: string, server: ServerName): UserId {
  return parseUserId(`@${localpart}:${server}`);
}
