/*
 * Distinguished names (RFC 4514) in a form that can be compared. Servers and administrators write one name in many ways:
 * any case, blanks around signs, `\,` or `\2C`, bytes of UTF-8 as `\E5\BC\A0`, values in quotes (RFC 2253), the parts of
 * a name of several attributes in any order.
 */

/** Names of attribute types that mean the same (RFC 4519). */
const TYPES: Readonly<Record<string, string>> = {
  commonname: 'cn',
  '2.5.4.3': 'cn',
  surname: 'sn',
  '2.5.4.4': 'sn',
  localityname: 'l',
  '2.5.4.7': 'l',
  stateorprovincename: 'st',
  '2.5.4.8': 'st',
  organizationname: 'o',
  '2.5.4.10': 'o',
  organizationalunitname: 'ou',
  '2.5.4.11': 'ou',
  countryname: 'c',
  '2.5.4.6': 'c',
  userid: 'uid',
  '0.9.2342.19200300.100.1.1': 'uid',
  domaincomponent: 'dc',
  '0.9.2342.19200300.100.1.25': 'dc',
};
const HEX = /^[0-9a-f]{2}$/i;

/** One value: what its escapes mean, without blanks around it. */
function readValue(raw: string): string {
  const bytes: number[] = [];
  const quoted = /^\s*"(?:[^"\\]|\\.)*"\s*$/s.test(raw);
  const text = quoted ? raw.trim().slice(1, -1) : raw.replace(/^\s+/, '');
  // Blanks at the end count where they are escaped.
  let significant = 0;
  for (let at = 0; at < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (character !== '\\') {
      bytes.push(...Buffer.from(character));
      at += character.length;
      if (quoted || character !== ' ') significant = bytes.length;
      continue;
    }
    const pair = text.slice(at + 1, at + 3);
    if (HEX.test(pair)) {
      bytes.push(parseInt(pair, 16));
      at += 3;
    } else {
      const escaped = String.fromCodePoint(text.codePointAt(at + 1) ?? 0x5c);
      bytes.push(...Buffer.from(escaped));
      at += 1 + escaped.length;
    }
    significant = bytes.length;
  }
  return Buffer.from(bytes.slice(0, significant)).toString('utf8');
}

/** Divides at a sign that is neither escaped nor in quotes. */
function divide(text: string, signs: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && signs.includes(character)) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}

function plainPart(part: string): string {
  const at = part.indexOf('=');
  if (at < 0) return part.trim().toLowerCase();
  const type = part
    .slice(0, at)
    .trim()
    .toLowerCase()
    .replace(/^oid\./, '');
  // Case and numbers of blanks do not count for the names of people and units (caseIgnoreMatch).
  const value = readValue(part.slice(at + 1))
    .normalize('NFKC')
    .toLowerCase()
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/[\\,+=]/g, '\\$&');
  return `${TYPES[type] ?? type}=${value}`;
}

/** The parts of a name from the leaf up, each in the form that is compared. */
export const splitDn = (dn: string): string[] =>
  divide(dn, ',;')
    .filter((part) => part.trim() !== '')
    .map((part) => divide(part, '+').map(plainPart).sort().join('+'));

/** A name in the form that is compared. */
export const plainDn = (dn: string): string => splitDn(dn).join(',');
