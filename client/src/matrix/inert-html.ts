/*
 * HTML of strangers is parsed in a document that is not shown: nothing of it runs, and nothing is loaded. Chromium
 * nevertheless reports each `on…` attribute and `base` that it meets there as a breach of the page's policy, and a
 * console full of such reports hides the one that matters. So they go before the HTML is parsed.
 */

/** A tag with its attributes; one with a `>` in an attribute's value ends early, which costs a report at most. */
const TAG = /<[a-z][^>]*/giu;
const HANDLER = /(?<=[\s"'/])on(?=[a-z])/giu;

/** HTML of anybody without what the browser would report, for who parses it where it is not shown. */
export const inertSource = (html: string): string =>
  html.replace(TAG, (tag) => tag.replace(HANDLER, 'x-on')).replace(/<base\b/giu, '<i');

/** Parses HTML of anybody in a document that is not shown; nothing of it runs or is loaded. */
export const inertDocument = (html: string): Document =>
  new DOMParser().parseFromString(inertSource(html), 'text/html');
