import { PEOPLE_FIELDS, type ImportMapping } from '../../contract/api.ts';
import { columnNames, readTable, readTableHead, type Delimiter } from './delimited.ts';
import { detectEncoding, type Encoding } from './encoding.ts';
import type { PeopleFieldName } from './guess-mapping.ts';
import { jsonColumns, jsonDepartments, jsonRows, openJson } from './json-file.ts';
import type { Problems } from './problems.ts';
import type { BadRow } from './people-image.ts';
import {
  createRowDivider,
  createRowReader,
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

/** What a file says of who is who, row by row brought into form. */
export interface FileContent {
  rows: RowKeys[];
  bad: BadRow[];
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
  file: { kind: 'csv' | 'json'; encoding: Encoding; delimiter: Delimiter; mapping: ImportMapping },
  problems: Problems,
  on: { keep: (rest: RowRest) => Promise<void>; progress: (rows: number) => Promise<void> },
): Promise<FileContent> {
  const content: FileContent = { rows: [], bad: [], departments: [], count: 0 };
  const read = createRowReader(file.mapping, problems);
  const divide = createRowDivider();
  const take = async (source: SourceRow): Promise<void> => {
    content.count++;
    if (content.count > MAX_ROWS) throw new UnreadableFile('too_many_rows', { max: MAX_ROWS });
    const result = read(source);
    if ('row' in result) {
      const { keys, rest } = divide(result.row);
      content.rows.push(keys);
      await on.keep(rest);
    } else content.bad.push(result.bad);
    if (content.count % REPORT_ROWS === 0) await on.progress(content.count);
  };
  if (file.kind === 'json') {
    const json = await openJson(path);
    content.departments = jsonDepartments(json, problems);
    for (const row of jsonRows(json, file.mapping, problems)) await take(row);
  } else {
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
        content.count++;
        problems.add('row_shifted', { line }, { cells: cells.length, columns: width });
        // Who it is can still be seen, mostly: nobody leaves because of a comma.
        content.bad.push({
          external_id: values.external_id?.trim() ?? null,
          email: values.email?.trim() ?? null,
        });
        continue;
      }
      await take({ line, at: null, values });
    }
  }
  if (content.count === 0) throw new UnreadableFile('no_rows');
  return content;
}
