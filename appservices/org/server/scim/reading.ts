import type { Json } from './filter.ts';
import { applyPatch } from './patch.ts';
import { resolve, userKind } from './schemas.ts';
import type { Tell, Untaken } from './untaken.ts';
import { canonicalResource } from './values.ts';

/*
 * A request about a user, read so that one attribute that cannot be taken refuses neither the person nor the rest: it
 * stays as it was, and is told.
 */

/** Longest names a user goes by at the client, characters; they are looked up by an index. */
const MAX_USER_NAME = 320;
const MAX_EXTERNAL_ID = 400;

/** What a request asks for. */
export interface Reading {
  after: Json;
  untaken: Untaken[];
  /** Says itself that the person is here. */
  here: boolean;
  /** Paths a PATCH set; undefined: all of the user is said anew. */
  taken: ReadonlySet<string> | undefined;
}

function teller(): { untaken: Untaken[]; tell: Tell } {
  const untaken: Untaken[] = [];
  return {
    untaken,
    tell: (attribute, code, detail) => {
      untaken.push({ attribute, code, detail, lost: true });
    },
  };
}

/** Makes an attribute of `to` what it is in `from`. */
function restore(from: Json, to: Json, path: string): void {
  const target = resolve(userKind, path);
  const name = target?.attribute?.name;
  if (!target || name === undefined || target.sub) return;
  const put = (holder: Json, before: Json | undefined): void => {
    if (before?.[name] === undefined) Reflect.deleteProperty(holder, name);
    else holder[name] = before[name];
  };
  if (target.extension === undefined) put(to, from);
  else {
    const part = { ...(to[target.extension] as Json | undefined) };
    put(part, from[target.extension] as Json | undefined);
    if (Object.keys(part).length > 0) to[target.extension] = part;
    else Reflect.deleteProperty(to, target.extension);
  }
}

/** Names a user goes by have to be usable; those that are not stay as they were. */
function names(before: Json, after: Json, tell: Tell): void {
  const { userName, externalId } = after;
  const name = typeof userName === 'string' ? userName.trim() : '';
  if (name === '' || name.length > MAX_USER_NAME) {
    tell(
      'userName',
      name === '' ? 'not_readable' : 'too_long',
      name === '' ? 'userName is missing' : 'userName is too long',
    );
    restore(before, after, 'userName');
  } else after['userName'] = name;
  if (typeof externalId === 'string' && externalId.length > MAX_EXTERNAL_ID) {
    tell('externalId', 'too_long', 'externalId is too long');
    restore(before, after, 'externalId');
  }
}

/** A POST's or PUT's body; what it does not say about being active stays. @throws ScimError for no resource at all */
export function readResource(before: Json, body: unknown): Reading {
  const { untaken, tell } = teller();
  const sent = canonicalResource(userKind, body, tell);
  const here = sent['active'] === true;
  for (const { attribute } of [...untaken]) restore(before, sent, attribute);
  const after: Json = { active: before['active'], ...sent };
  names(before, after, tell);
  return { after, untaken, here, taken: undefined };
}

/** A PATCH's body. @throws ScimError for no list of operations at all */
export function readPatch(before: Json, body: unknown): Reading {
  const { untaken, tell } = teller();
  const taken = new Set<string>();
  const after = applyPatch(userKind, before, body, {
    tell,
    taken: (path) => {
      taken.add(path.toLowerCase());
    },
  });
  names(before, after, tell);
  const said = [...taken].some((path) => path === 'active' || path.endsWith(':active'));
  return { after, untaken, here: said && after['active'] === true, taken };
}

/** Of what was not taken before, what this request does not speak of. */
export function stillUntaken(before: readonly Untaken[], reading: Reading): Untaken[] {
  const { taken } = reading;
  if (!taken) return [];
  const again = new Set(reading.untaken.map((one) => one.attribute.toLowerCase()));
  return before.filter(
    (one) => one.lost && !taken.has(one.attribute.toLowerCase()) && !again.has(one.attribute.toLowerCase()),
  );
}
