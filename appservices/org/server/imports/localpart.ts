import { pinyin } from 'pinyin-pro';

/** What a Matrix localpart can be made from, best first. */
export interface LocalpartCandidates {
  /** Given by the source: taken where it is valid after mapping. */
  localpart?: string | null;
  email?: string | null;
  /** A login such as `COMPANY\mark` or `mark@company`. */
  login?: string | null;
  display_name?: string | null;
  family_name?: string | null;
  given_name?: string | null;
  /** The last resort before `user`. */
  external_id?: string | null;
}

/** Longest localpart we make, in characters: leaves room for long server names in 255 bytes. */
export const MAX_LOCALPART = 64;
/** Matrix specification, appendices, "User identifiers". A leading underscore is for bots. */
const VALID = /^[a-z0-9.=\-/+][a-z0-9._=\-/+]*$/;
const HAN = /\p{Script=Han}/u;
/** The homeserver keeps such names for guests, and at the sign-in they are employee or phone numbers. */
const DIGITS_ALONE = /^\d+$/;

/** Whether a localpart may be given to a person: the grammar of the specification, no leading underscore, no mere number. */
export function isPersonLocalpart(localpart: string): boolean {
  return localpart.length <= MAX_LOCALPART && VALID.test(localpart) && !DIGITS_ALONE.test(localpart);
}

/** Letters that do not fall apart into a base letter and marks. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
};

/** Any text as the characters a localpart may have, a number with a letter before it; empty where nothing is left. */
export function mapToLocalpart(text: string): string {
  const latin = HAN.test(text) ? pinyin(text, { toneType: 'none', surname: 'head', separator: '' }) : text;
  const mapped = latinOnly(latin);
  return DIGITS_ALONE.test(mapped) ? `u${mapped}`.slice(0, MAX_LOCALPART) : mapped;
}

function latinOnly(latin: string): string {
  return (
    latin
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[ßæœøđðþłı]/g, (letter) => LETTERS[letter] ?? '')
      .replace(/[^a-z0-9._=\-/+]+/g, '.')
      // A slash or plus is allowed, but breaks links and mail filters.
      .replace(/[/+=]+/g, '.')
      .replace(/\.{2,}/g, '.')
      .replace(/^[._-]+|[._-]+$/g, '')
      .slice(0, MAX_LOCALPART)
      .replace(/[._-]+$/, '')
  );
}

function candidates(from: LocalpartCandidates): string[] {
  const { email, login } = from;
  const latin = (name: string | null | undefined): string => mapToLocalpart(name ?? '');
  const local = email?.split('@')[0];
  const names =
    from.given_name && from.family_name && !HAN.test(from.family_name)
      ? `${from.given_name}.${from.family_name}`
      : (from.display_name ?? `${from.family_name ?? ''}${from.given_name ?? ''}`);
  return [
    latin(from.localpart?.replace(/^@([^:]*)(?::.*)?$/, '$1')),
    latin(login?.includes('\\') ? login.slice(login.lastIndexOf('\\') + 1) : login?.split('@')[0]),
    // Everybody sees an account name: a phone number as the address's first part would be told with it.
    latin(local !== undefined && DIGITS_ALONE.test(local) ? '' : local),
    latin(names),
    latin(from.external_id),
  ].filter((text) => text !== '');
}

/**
 * Makes a person's localpart and adds it to `taken`: from the given one, the login, the e-mail's local part, the
 * name (in pinyin), or the id, in this order; a number is added while it is taken. A given localpart that is
 * valid as it is, is kept as it is. Stable: who has an account keeps it, so callers ask for new people only,
 * in the order of the file.
 */
export function makeLocalpart(from: LocalpartCandidates, taken: Set<string>): string {
  const given = from.localpart?.replace(/^@([^:]*)(?::.*)?$/, '$1').toLowerCase();
  const first = given !== undefined && isPersonLocalpart(given) ? given : (candidates(from)[0] ?? 'user');
  let found = first;
  for (let n = 2; taken.has(found); n++) {
    const suffix = String(n);
    // A name that ends in a digit gets a dot, so that mark1 and its double do not become mark12.
    const stem = first.slice(0, MAX_LOCALPART - suffix.length - 1);
    found = /\d$/.test(stem) ? `${stem}.${suffix}` : `${stem}${suffix}`;
  }
  taken.add(found);
  return found;
}
