import type { ProblemCode } from './problems.ts';

export type DateProblem = Extract<ProblemCode, 'date_not_valid' | 'date_ambiguous' | 'date_serial'>;

/** Which number comes first in dates that end in the year. */
export type DateOrder = 'day_first' | 'month_first';

const iso = (year: number, month: number, day: number): string | undefined => {
  const date = new Date(Date.UTC(year, month - 1, day));
  if (year < 1900 || year > 2200 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    return undefined;
  return date.toISOString().slice(0, 10);
};

const BACKWARD = /^(\d{1,2})[-/. ]+(\d{1,2})[-/. ]+(\d{4})\.?(?:[T ].*)?$/;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * A calendar date in ISO 8601 from the forms found in files: `2024-1-5`, `2024/01/05`, `2024.1.5`, `20240105`,
 * `2024年1月5日`, `5 Jan 2024`, `January 5, 2024`, each with a time behind it, or `25/12/2024` where only one reading
 * fits or the column's order is known. A spreadsheet's number of days is told: nobody can see which day it was.
 */
export function parseDate(text: string, order?: DateOrder): { date: string } | { problem: DateProblem } {
  const value = text.normalize('NFKC').trim();
  const answer = (date: string | undefined): { date: string } | { problem: DateProblem } =>
    date === undefined ? { problem: 'date_not_valid' } : { date };
  const forward =
    /^(\d{4})[-/.年 ]+(\d{1,2})[-/.月 ]+(\d{1,2})[日.]?(?:[T ].*)?$/.exec(value) ??
    /^(\d{4})(\d{2})(\d{2})$/.exec(value);
  if (forward) return answer(iso(Number(forward[1]), Number(forward[2]), Number(forward[3])));
  const backward = BACKWARD.exec(value);
  if (backward) {
    const [first, second, year] = [Number(backward[1]), Number(backward[2]), Number(backward[3])];
    const dayFirst = iso(year, second, first);
    const monthFirst = iso(year, first, second);
    if (order !== undefined) return answer(order === 'day_first' ? dayFirst : monthFirst);
    if (dayFirst !== undefined && monthFirst !== undefined && dayFirst !== monthFirst) {
      return { problem: 'date_ambiguous' };
    }
    return answer(dayFirst ?? monthFirst);
  }
  const named =
    /^(?<day>\d{1,2})[-. ]+(?<month>[A-Za-z]{3,9})\.?[-., ]+(?<year>\d{4})$/.exec(value) ??
    /^(?<month>[A-Za-z]{3,9})\.? +(?<day>\d{1,2}),? +(?<year>\d{4})$/.exec(value);
  if (named?.groups) {
    const { day, month = '', year } = named.groups;
    return answer(iso(Number(year), MONTHS.indexOf(month.slice(0, 3).toLowerCase()) + 1, Number(day)));
  }
  if (/^\d{5}(?:[.,]\d+)?$/.test(value)) return { problem: 'date_serial' };
  return answer(undefined);
}

/** Finds the order of a column's dates: one that can only be read in one way decides for the others. */
export class DateColumn {
  #dayFirst = 0;
  #monthFirst = 0;

  add(text: string): void {
    const found = BACKWARD.exec(text.normalize('NFKC').trim());
    if (!found) return;
    const [first, second, year] = [Number(found[1]), Number(found[2]), Number(found[3])];
    const dayFirst = iso(year, second, first);
    const monthFirst = iso(year, first, second);
    if (dayFirst !== undefined && monthFirst === undefined) this.#dayFirst++;
    if (monthFirst !== undefined && dayFirst === undefined) this.#monthFirst++;
  }

  /** Undefined where no date says it, or dates say both. */
  get order(): DateOrder | undefined {
    if (this.#dayFirst > 0 && this.#monthFirst > 0) return undefined;
    if (this.#dayFirst > 0) return 'day_first';
    return this.#monthFirst > 0 ? 'month_first' : undefined;
  }
}
