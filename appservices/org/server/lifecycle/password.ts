import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import * as common from '@zxcvbn-ts/language-common';

/** Characters a password has at least. */
export const MIN_PASSWORD_LENGTH = 10;
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

/**
 * Why a password is too weak; empty where it is good. `personal`: names, address, account, company. A long
 * password may hold such a word, when the rest alone is strong enough.
 */
export function passwordProblems(password: string, personal: readonly (string | null)[]): PasswordReason[] {
  // Code points: an emoji or a rare Han character counts once.
  if (Array.from(password).length < MIN_PASSWORD_LENGTH) return ['short'];
  const words = personalWords(personal);
  const folded = fold(password);
  let rest = folded;
  for (const word of words) rest = rest.replaceAll(word, '');
  if (rest !== folded && Array.from(rest.replace(/[\s\p{P}]+/gu, '')).length < MIN_REST) return ['personal'];
  const { score, sequence } = strength().check(password, words);
  if (score >= MIN_SCORE) {
    // Strings of common words only, with digits behind: zxcvbn counts them higher than attackers do.
    const head = folded.replace(/[\d\s\p{P}]+$/u, '');
    return MORE_COMMON.includes(head) || MORE_COMMON.includes(folded) ? ['common'] : [];
  }
  const patterns = new Set(sequence.map((part) => part.pattern));
  const repeats = patterns.has('repeat') || patterns.has('sequence') || patterns.has('spatial');
  return [repeats ? 'repeated' : 'common'];
}
