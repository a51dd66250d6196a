/** What can be wrong with a row; texts are `imports.problems.<code>`. */
export const PROBLEM_SEVERITY = {
  undecodable: 'error',
  row_shifted: 'error',
  not_an_object: 'error',
  missing: 'error',
  too_long: 'error',
  characters_removed: 'warning',
  empty_row: 'warning',
  email_not_valid: 'error',
  date_not_valid: 'error',
  date_ambiguous: 'error',
  date_serial: 'warning',
  sheet_id: 'error',
  sheet_value: 'warning',
  status_unknown: 'error',
  left_and_here: 'warning',
  leaving_held: 'warning',
  locale_unknown: 'warning',
  head_not_understood: 'warning',
  localpart_changed: 'warning',
  duplicate_id: 'error',
  id_zeros_lost: 'error',
  id_differs: 'error',
  duplicate_email: 'error',
  email_taken: 'error',
  matched_by_email: 'error',
  person_leaving: 'warning',
  person_left: 'warning',
  left_unknown: 'warning',
  left_already: 'warning',
  left_by_hand: 'warning',
  row_skipped: 'warning',
  manager_unknown: 'warning',
  manager_ambiguous: 'warning',
  manager_self: 'warning',
  manager_cycle: 'error',
  manager_skipped: 'warning',
  manager_left: 'warning',
  path_duplicate: 'error',
  no_department: 'warning',
  department_not_divided: 'warning',
  department_divided: 'warning',
  department_cycle: 'error',
  department_name_taken: 'error',
  department_two_names: 'error',
  department_two_parents: 'error',
  department_parent_unknown: 'error',
  department_parent_ambiguous: 'error',
  department_without_name: 'error',
  department_duplicate_id: 'error',
  two_heads: 'warning',
  head_unknown: 'warning',
} as const satisfies Record<string, 'error' | 'warning'>;
export type ProblemCode = keyof typeof PROBLEM_SEVERITY;

/** Warnings where something of the file was not taken, or read in a way that may be wrong: a person should look. */
const DOUBTFUL: readonly ProblemCode[] = [
  'date_serial',
  'sheet_value',
  'left_and_here',
  'leaving_held',
  'manager_unknown',
  'manager_ambiguous',
  'manager_skipped',
  'head_unknown',
  'head_not_understood',
  'locale_unknown',
  'department_not_divided',
  'department_divided',
];
/** What keeps a scheduled run from going on by itself: every error, and these warnings. */
export const DOUBTS: readonly ProblemCode[] = [
  ...(Object.keys(PROBLEM_SEVERITY) as ProblemCode[]).filter((code) => PROBLEM_SEVERITY[code] === 'error'),
  ...DOUBTFUL,
];

export interface Problem {
  severity: 'error' | 'warning';
  line: number | null;
  column: string | null;
  code: ProblemCode;
  params: Record<string, string | number>;
}

/** Problems that are kept to be shown, of each severity; all are counted. */
export const MAX_KEPT_PROBLEMS = 5000;
/** Longest value repeated in a problem, in characters. */
const MAX_VALUE = 80;

export const shorten = (value: string): string =>
  value.length > MAX_VALUE ? `${value.slice(0, MAX_VALUE)}…` : value;

/** Gathers the problems of one import. */
export class Problems {
  readonly kept: Problem[] = [];
  readonly counts = { error: 0, warning: 0 };

  add(
    code: ProblemCode,
    where: { line?: number | null; column?: string | null | undefined },
    params: Record<string, string | number> = {},
  ): void {
    const severity = PROBLEM_SEVERITY[code];
    this.counts[severity]++;
    if (this.counts[severity] > MAX_KEPT_PROBLEMS) return;
    const short = Object.fromEntries(
      Object.entries(params).map(([key, value]) => [key, typeof value === 'string' ? shorten(value) : value]),
    );
    this.kept.push({ severity, line: where.line ?? null, column: where.column ?? null, code, params: short });
  }

  /** In the order of the file; those without a line come first. */
  sorted(): Problem[] {
    return [...this.kept].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  }
}
