import type { ImportMapping } from '../../contract/api.ts';
import { foldWidth } from '../names.ts';
import { DateColumn } from './dates.ts';
import { createCellReader, guessDepartmentList } from './department-cells.ts';
import { guessSeparator } from './guess-mapping.ts';
import { Problems } from './problems.ts';
import { sourceRows, type FileFacts, type FileReading } from './read-file.ts';
import type { DateOrders } from './rows.ts';
import { guessStatuses } from './statuses.ts';
import { UnreadableFile } from './unreadable.ts';

/** Rows that are looked at; a column that says nothing until then is asked about. */
const MAX_ROWS = 30_000;
/** The same where only departments are looked at. */
const MAX_DEPARTMENT_ROWS = 5000;
/** Different departments that are compared. */
const MAX_DEPARTMENTS = 2000;
/** Different words of the status column: more are no words. */
const MAX_STATUSES = 100;
/** Cells whose departments are shown. */
const MAX_DIVIDED = 20;

/** What columns say as a whole, and one value does not. */
export interface Survey {
  status_values: { value: string; rows: number }[];
  orders: DateOrders;
  /** Cells of the department column. */
  departments: string[];
}

/** Reads the beginning of a file for what its columns say as a whole. What cannot be read is told by the check. */
export async function surveyFile(path: string, file: FileReading): Promise<Survey> {
  const statuses = new Map<string, number>();
  const departments = new Set<string>();
  const dates = { starts_on: new DateColumn(), ends_on: new DateColumn() };
  const { columns } = file.mapping;
  const wanted = ['status', 'department', 'starts_on', 'ends_on'] as const;
  if (wanted.some((field) => columns[field] !== undefined)) {
    const words = columns.status ?? columns.starts_on ?? columns.ends_on;
    const enough = words === undefined ? MAX_DEPARTMENT_ROWS : MAX_ROWS;
    let rows = 0;
    try {
      for await (const found of sourceRows(path, file, new Problems())) {
        if (!('source' in found)) continue;
        const { values } = found.source;
        if (columns.status !== undefined) {
          const value = foldWidth(values.status ?? '')
            .trim()
            .slice(0, 100);
          if (statuses.has(value) || statuses.size < MAX_STATUSES)
            statuses.set(value, (statuses.get(value) ?? 0) + 1);
        }
        if (values.department && departments.size < MAX_DEPARTMENTS) departments.add(values.department);
        if (values.starts_on) dates.starts_on.add(values.starts_on);
        if (values.ends_on) dates.ends_on.add(values.ends_on);
        if (++rows >= enough) break;
      }
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error;
    }
  }
  const orders: DateOrders = {};
  for (const field of ['starts_on', 'ends_on'] as const) {
    const { order } = dates[field];
    if (order !== undefined) orders[field] = order;
  }
  return {
    status_values: [...statuses].map(([value, rows]) => ({ value, rows })).sort((a, b) => b.rows - a.rows),
    orders,
    departments: [...departments],
  };
}

/** A guessed mapping with what the columns as a whole say: separators of departments, meanings of statuses. */
export function refineMapping(mapping: ImportMapping, survey: Survey): ImportMapping {
  const list = guessDepartmentList(survey.departments);
  const separator = list?.includes('/')
    ? undefined
    : (guessSeparator(
        list === undefined
          ? survey.departments
          : survey.departments.flatMap((cell) => foldWidth(cell).split(listPattern(list))),
      ) ?? mapping.department_separator);
  const { columns } = mapping;
  return {
    columns,
    ...(separator === undefined ? {} : { department_separator: separator }),
    ...(list === undefined ? {} : { department_list: list }),
    ...withStatuses(mapping, survey),
  };
}

/** Meanings for the values nobody has said anything about. */
export function withStatuses(mapping: ImportMapping, survey: Survey): Pick<ImportMapping, 'statuses'> {
  const { status } = mapping.columns;
  if (status === undefined) return {};
  const guessed = guessStatuses(
    survey.status_values.map(({ value }) => value),
    status,
  );
  return { statuses: { ...guessed, ...mapping.statuses } };
}

/** What a survey leaves with the file: also a sample of cells with several departments, where there are any. */
export function surveyFacts(survey: Survey, mapping: ImportMapping, facts: FileFacts): FileFacts {
  const read = createCellReader(survey.departments, {
    list: mapping.department_list,
    pathSeparator: mapping.department_separator,
    known: [],
  });
  const several = survey.departments.filter((cell) => read(cell).parts.length > 1);
  const columns = facts.columns?.map((column) => {
    const first = several[0]?.trim().slice(0, 100);
    if (column.name !== mapping.columns.department || first === undefined || column.samples.includes(first))
      return column;
    return { ...column, samples: [...column.samples.slice(0, 2), first] };
  });
  return {
    ...facts,
    ...(columns === undefined ? {} : { columns }),
    status_values: survey.status_values,
    orders: survey.orders,
    divided: Object.fromEntries(
      several.slice(0, MAX_DIVIDED).map((cell) => [cell.trim().slice(0, 100), read(cell).parts]),
    ),
  };
}

const listPattern = (list: string): RegExp =>
  new RegExp(
    `[${Array.from(list)
      .map((sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('')}]`,
  );
