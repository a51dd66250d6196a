/*
 * What spreadsheet programs make of values that were something else: once saved, the value is gone for good. It is told
 * and never taken.
 */

/** Excel, WPS, LibreOffice: errors of formulas, and a column that was too narrow. */
const ERROR =
  /^#(?:N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA|BLOCKED!|UNKNOWN!|#+)$/i;
/** `1.38E+10`: always with a sign; `12E5` may be an id. */
const SCIENTIFIC = /^-?\d+(?:[.,]\d+)?E[+-]\d+$/i;
/** Programs keep 15 digits of a number and write zeros for the others. */
const TRUNCATED = /^\d{15}0{2,}$/;
/** `3-1` and `3/1` become a day: `1-Mar`, `Mar-01`, `3月1日`. */
const DAY =
  /^(?:\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{2}|\d{1,2}月\d{1,2}日)$/i;

/** What all of them have: an exponent, zeros at the end, a month. */
const SUSPECT = /[Ee][+-]|00$|[-日]/;

/** `number`: the value is an id, a phone number or the like, which such a program takes for a number or a day. */
export function spoiledBySheet(value: string, number: boolean): boolean {
  if (value.charCodeAt(0) === 0x23) return ERROR.test(value);
  if (!number || value.length < 4 || !SUSPECT.test(value)) return false;
  return SCIENTIFIC.test(value) || TRUNCATED.test(value) || DAY.test(value);
}

const ZEROS = /^0+(?=\d)/;

/** An id of digits without the zeros at its beginning; undefined for any other id. */
export const withoutZeros = (id: string): string | undefined =>
  /^\d+$/.test(id) ? id.replace(ZEROS, '') : undefined;

/**
 * The length all ids with leading zeros share: a shorter one of digits has lost its own. Undefined where there are
 * none, or they differ.
 */
export function zeroLength(ids: Iterable<string | null>): number | undefined {
  let length: number | undefined;
  for (const id of ids) {
    if (id?.charCodeAt(0) !== 0x30 || !/^0\d+$/.test(id)) continue;
    if (length !== undefined && length !== id.length) return undefined;
    length = id.length;
  }
  return length;
}
