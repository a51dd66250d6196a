/** One text of the sentences that are there; after a full stop of Chinese there is no space. */
export const sentences = (given: readonly (string | false)[]): string =>
  given
    .filter((each) => each !== false)
    .join(' ')
    .replaceAll('。 ', '。');
