import { PEOPLE_FIELDS, type ImportMapping } from '../../contract/api.ts';
import { columnNames, readTable, readTableHead, type Delimiter } from './delimited.ts';
import { detectEncoding, type Encoding } from './encoding.ts';
import type { PeopleFieldName } from './guess-mapping.ts';
import { jsonColumns, jsonDepartments, jsonRows, openJson } from './json-file.ts';
import type { Problems } from './problems.ts';
import {
  createRowDivider,
  createRowReader,
  type DateOrders,
  type RefusedRow,
  type RowKeys,
  type RowRest,
  type SourceDepartment,
  type SourceRow,
} from './rows.ts';
import { UnreadableFile } from './unreadable.ts';

/** People one import may bring; what is beyond is no directory but a mistake. */
export const MAX_ROWS = 100_000;
/** Rows between two reports of progress, where an import can also be stopped. */
const REPORT_ROWS = 1000;

/** What is known of an uploaded file; kept in `org.import_run.file`. */
export interface FileFacts {
  bytes?: number;
  encodings?: Encoding[];
  /** False: the bytes fit several encodings. */
  certain?: boolean;
  delimiter?: Delimiter;
  columns?: { name: string; samples: string[] }[];
  /** Of the status column, by `surveyFile`. */
  status_values?: { value: string; rows: number }[];
  /** Of the columns of dates, by `surveyFile`. */
  orders?: DateOrders;
  /** Some cells of several departments and what they are read as, by `surveyFile`. */
  divided?: Record<string, string[]>;
}

/** Looks at the beginning of a file. @throws UnreadableFile */
export async function inspectFile(
  path: string,
  kind: 'csv' | 'json',
  chosen?: Encoding,
): Promise<{ encoding: Encoding; facts: FileFacts }> {
  const detected = await detectEncoding(path);
  if (kind === 'json') {
    const columns = jsonColumns(await openJson(path));
    return { encoding: 'utf-8', facts: { columns } };
  }
  const encoding = chosen ?? detected.encoding;
  const { delimiter, columns } = await readTableHead(path, encoding);
  return {
    encoding,
    facts: {
      encodings: detected.offered,
      certain: chosen !== undefined || detected.certain,
      delimiter,
      columns,
    },
  };
}

/** What is read, and as what. */
export interface FileReading {
  kind: 'csv' | 'json';
  encoding: Encoding;
  delimiter: Delimiter;
  mapping: ImportMapping;
}

/** What a file says of who is who, row by row brought into form. */
export interface FileContent {
  rows: RowKeys[];
  refused: RefusedRow[];
  /** Rows whose status says that they are not to be looked at. */
  passed: RowKeys[];
  departments: SourceDepartment[];
  /** Rows with anything in them. */
  count: number;
}

/**
 * Reads a file to its end; memory grows with who is who, not with the file: the rest of each row that holds is handed
 * to `keep`, in the order of `rows`.
 * @throws UnreadableFile where it stops being a table, or holds nobody.
 */
export async function readFileContent(
  path: string,
  file: FileReading & { orders?: DateOrders | undefined },
  problems: Problems,
  on: { keep: (rest: RowRest) => Promise<void>; progress: (rows: number) => Promise<void> },
): Promise<FileContent> {
  const content: FileContent = { rows: [], refused: [], passed: [], departments: [], count: 0 };
  const read = createRowReader(file.mapping, problems, file.orders);
  const divide = createRowDivider();
  for await (const found of sourceRows(path, file, problems, content.departments)) {
    content.count++;
    if (content.count > MAX_ROWS) throw new UnreadableFile('too_many_rows', { max: MAX_ROWS });
    const result = 'source' in found ? read(found.source) : found;
    if ('row' in result) {
      const { keys, rest } = divide(result.row);
      content.rows.push(keys);
      await on.keep(rest);
    } else if ('passed' in result) content.passed.push(result.passed);
    else content.refused.push(result.refused);
    if (content.count % REPORT_ROWS === 0) await on.progress(content.count);
  }
  if (content.count === 0) throw new UnreadableFile('no_rows');
  return content;
}

/** The rows of a file as they were found, or who a row is of that is none; `departments` gets those of their own. */
export async function* sourceRows(
  path: string,
  file: FileReading,
  problems: Problems,
  departments: SourceDepartment[] = [],
): AsyncGenerator<{ source: SourceRow } | { refused: RefusedRow }> {
  if (file.kind === 'json') {
    const json = await openJson(path);
    departments.push(...jsonDepartments(json, problems));
    for (const source of jsonRows(json, file.mapping, problems)) yield { source };
    return;
  }
  let fields: [PeopleFieldName, number][] | undefined;
  let width = 0;
  for await (const { line, cells } of readTable(path, file)) {
    if (!fields) {
      if (cells.length === 0) continue;
      const names = columnNames(cells);
      width = names.length;
      fields = PEOPLE_FIELDS.flatMap((field): [PeopleFieldName, number][] => {
        const at = names.indexOf(file.mapping.columns[field] ?? '\u0000');
        return at < 0 ? [] : [[field, at]];
      });
      continue;
    }
    if (cells.length === 0) {
      problems.add('empty_row', { line });
      continue;
    }
    const values: SourceRow['values'] = {};
    for (const [field, at] of fields) values[field] = cells[at] ?? '';
    if (cells.length > width && cells.slice(width).some((cell) => cell.trim() !== '')) {
      problems.add('row_shifted', { line }, { cells: cells.length, columns: width });
      // Who it is can still be seen, mostly: nobody leaves because of a comma.
      const { external_id = '', email = '', display_name = '' } = values;
      const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());
      yield {
        refused: {
          row: undefined,
          external_id: orNull(external_id),
          email: orNull(email),
          display_name: orNull(display_name),
        },
      };
      continue;
    }
    yield { source: { line, at: null, values } };
  }
}
