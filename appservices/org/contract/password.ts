/* On its own, so that a page that states the rule does not load the schemas. */

/** Characters a password has at least. */
export const MIN_PASSWORD_LENGTH = 10;
