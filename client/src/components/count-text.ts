/** Counts above this are told as "99+". */
const MAX_COUNT = 99;

/** A count as it stands in a small mark, and in a title. */
export const countText = (count: number): string =>
  count > MAX_COUNT ? `${String(MAX_COUNT)}+` : String(count);
