/*
 * The one rule for names of people, departments and roles, whoever writes them: imports, SCIM, the console.
 * Names are shown beside other text and become room names, so nothing in them may hide, reorder or break lines.
 */

// Line breaks and other blanks become one space; Unicode's ideographic space (U+3000) is part of `\s`.
const BLANKS = /[\s\u0085\u2028\u2029]+/gu;
/** Controls, and characters that only change how others are shown (bidirectional marks, tags, fillers). */
const INVISIBLE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\uffff\u{e0000}-\u{e0fff}]/gu;
/** Joiners mean something only between two characters of a word (Persian, Indic scripts, emoji). */
const LOOSE_JOINER =
  /(?<![\p{L}\p{M}\p{Extended_Pictographic}])[\u200c\u200d]+|[\u200c\u200d]+(?![\p{L}\p{M}\p{Extended_Pictographic}])/gu;
/** More than four marks on one letter paint over the lines above and below. */
const MARK_PILE = /(\p{M}{4})\p{M}+/gu;

/** A name as it is kept, and what had to be done to it. */
export interface InspectedName {
  readonly name: string;
  /** Something besides blanks at the ends was taken out or replaced. */
  readonly changed: boolean;
  readonly empty: boolean;
  readonly tooLong: boolean;
}

/** Cleans a name and says what was wrong; `max` in code points, as PostgreSQL counts them. */
export function inspectName(text: string, max: number): InspectedName {
  const trimmed = text.trim();
  const name = trimmed
    .toWellFormed()
    .normalize('NFC')
    .replace(BLANKS, ' ')
    .replace(INVISIBLE, '')
    .replace(LOOSE_JOINER, '')
    .replace(MARK_PILE, '$1')
    .replace(/ {2,}/g, ' ')
    .trim();
  return {
    name,
    changed: name !== trimmed.normalize('NFC'),
    empty: !/[\p{L}\p{N}\p{S}\p{P}]/u.test(name),
    tooLong: Array.from(name).length > max,
  };
}

/** The name as it is kept: clean, NFC, at most `max` code points; undefined where nothing or too much is left. */
export function cleanName(text: string, max: number): string | undefined {
  const { name, empty, tooLong } = inspectName(text, max);
  return empty || tooLong ? undefined : name;
}

/** ASCII as East Asian input methods write it: U+FF01 to U+FF5E, and the ideographic space. */
const WIDE = /[\u3000\uff01-\uff5e]/g;

/**
 * Full-width letters, digits and signs as the half-width ones: for what is compared and not read, such as ids,
 * addresses, phone numbers and account names. Nothing else of the text changes.
 */
export function foldWidth(text: string): string {
  if (text.search(WIDE) < 0) return text;
  return text.replace(WIDE, (sign) =>
    sign === '\u3000' ? ' ' : String.fromCharCode(sign.charCodeAt(0) - 0xfee0),
  );
}

/** Printable ASCII and common Chinese characters without a blank: most names. */
const ONE_WORD = /^[\x21-\x7e\u4e00-\u9fff]*$/;

/** What a name is compared by: width, case, and blanks between Han characters make no other name. */
export function nameKey(text: string): string {
  if (ONE_WORD.test(text)) return text.toLowerCase();
  return foldWidth(text)
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/(?<=\p{Script=Han}) (?=\p{Script=Han})/gu, '')
    .trim();
}
