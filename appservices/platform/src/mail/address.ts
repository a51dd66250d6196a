import { domainToASCII } from 'node:url';

/** RFC 5321, section 4.5.3.1: longest path, and longest part before the @. */
const MAX_ADDRESS = 254;
const MAX_LOCAL = 64;
/** RFC 5322 `dot-atom`: what every server takes. Quoted parts and addresses outside ASCII are not sent to. */
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/**
 * An address as it goes into an envelope and a header, its domain in ASCII (RFC 5891); undefined for what is none.
 * What comes out holds no space, no control character and none of `<>,;:"`, so that it can neither add a header nor a
 * second recipient.
 */
export function parseMailAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const at = trimmed.lastIndexOf('@');
  const local = trimmed.slice(0, at);
  const domain = domainToASCII(trimmed.slice(at + 1));
  const address = `${local}@${domain}`;
  if (at < 1 || local.length > MAX_LOCAL || address.length > MAX_ADDRESS || !LOCAL.test(local))
    return undefined;
  const labels = domain.split('.');
  return domain !== '' && labels.every((label) => LABEL.test(label)) ? address : undefined;
}

/** A person's or a company's name in a header: one line, nothing that is not text. */
export function headerText(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
}
