import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import * as common from '@zxcvbn-ts/language-common';
import type { Locale } from '@qiao/platform';
import { MIN_PASSWORD_LENGTH } from '../../contract/password.ts';
import type { OrgContext } from '../context.ts';

/** Least zxcvbn score (0 to 4): 3 needs more than 10^8 guesses. */
const MIN_SCORE = 3;
/** What has to be left of a password, in characters, when personal words are taken out. */
const MIN_REST = 8;

/** Texts are `lifecycle.password.<reason>`. */
export type PasswordReason = 'short' | 'personal' | 'common' | 'repeated' | 'refused';

/** Common in China, missing in the library's English-centred lists; words people put numbers behind. */
const MORE_COMMON = [
  'woaini',
  'woaini1314',
  'woaini520',
  'woaiwojia',
  '5201314',
  '1314520',
  '1314521',
  'aini1314',
  'woaiqiao',
  'zhongguo',
  'beijing',
  'shanghai',
  'wodemima',
  'mima',
  'admin',
  'administrator',
  'guanliyuan',
  'huanying',
  'nihao',
  'gongsi',
  'caonima',
  'qazwsx',
  'a123456',
  'q123456',
  'aa123456',
  'abc123456',
];

let factory: ZxcvbnFactory | undefined;
/** Made on first use: its word lists take some tens of megabytes. */
function strength(): ZxcvbnFactory {
  factory ??= new ZxcvbnFactory({
    dictionary: { ...common.dictionary, chinese: MORE_COMMON },
    graphs: common.adjacencyGraphs,
    maxLength: 128,
  });
  return factory;
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Words of names and addresses that are long enough to mean something: 3 letters, or 2 Han characters. */
function personalWords(texts: readonly (string | null)[]): string[] {
  const words = texts.flatMap((text) => {
    if (text === null) return [];
    const whole = fold(text);
    return [whole.replace(/\s+/g, ''), ...whole.split(/[^\p{L}\p{N}]+/u)];
  });
  return [...new Set(words)]
    .filter((word) => (/\p{Script=Han}/u.test(word) ? word.length >= 2 : word.length >= 3))
    .sort((a, b) => b.length - a.length);
}

/** What a password has to do without: what is known of the person and the company. */
export const personalOf = (
  person: { display_name: string; localpart: string; email: string | null },
  company: string,
): (string | null)[] => [person.display_name, person.localpart, person.email, company, 'qiao'];

/** Reasons with what is said about them. */
export const reasonsOf = (
  problems: readonly PasswordReason[],
  texts: OrgContext['texts'],
  locale: Locale,
): { code: PasswordReason; message: string }[] =>
  problems.map((code) => ({
    code,
    message: texts.t(locale, `org:lifecycle.password.${code}`, { min: MIN_PASSWORD_LENGTH }),
  }));

/** How good a password is: 1 and 2 are refused, with the reasons; 3 is good, 4 strong. */
export interface PasswordVerdict {
  readonly strength: 1 | 2 | 3 | 4;
  readonly problems: readonly PasswordReason[];
}

/**
 * The one rule for passwords: of the meter while one types, and of what is taken. `personal`: names, address,
 * account, company. A long password may hold such a word, when the rest alone is strong enough.
 */
export function judgePassword(password: string, personal: readonly (string | null)[]): PasswordVerdict {
  const refused = (strength: 1 | 2, reason: PasswordReason): PasswordVerdict => ({
    strength,
    problems: [reason],
  });
  // Code points: an emoji or a rare Han character counts once.
  if (Array.from(password).length < MIN_PASSWORD_LENGTH) return refused(1, 'short');
  const words = personalWords(personal);
  const folded = fold(password);
  let rest = folded;
  for (const word of words) rest = rest.replaceAll(word, '');
  if (rest !== folded && Array.from(rest.replace(/[\s\p{P}]+/gu, '')).length < MIN_REST)
    return refused(1, 'personal');
  const { score, sequence } = strength().check(password, words);
  if (score >= MIN_SCORE) {
    // Strings of common words only, with digits behind: zxcvbn counts them higher than attackers do.
    const head = folded.replace(/[\d\s\p{P}]+$/u, '');
    return MORE_COMMON.includes(head) || MORE_COMMON.includes(folded)
      ? refused(1, 'common')
      : { strength: score > MIN_SCORE ? 4 : 3, problems: [] };
  }
  const patterns = new Set(sequence.map((part) => part.pattern));
  const repeats = patterns.has('repeat') || patterns.has('sequence') || patterns.has('spatial');
  return refused(score === 2 ? 2 : 1, repeats ? 'repeated' : 'common');
}
