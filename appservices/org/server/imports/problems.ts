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
  locale_unknown: 'warning',
  head_not_understood: 'warning',
  localpart_changed: 'warning',
  duplicate_id: 'error',
  duplicate_email: 'error',
  email_taken: 'error',
  matched_by_email: 'error',
  person_leaving: 'warning',
  person_left: 'warning',
  manager_unknown: 'error',
  manager_ambiguous: 'error',
  manager_self: 'warning',
  manager_cycle: 'error',
  manager_skipped: 'warning',
  manager_left: 'warning',
  path_duplicate: 'error',
  no_department: 'warning',
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
