import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@qiao/scripts/stack';
import { generateCompany } from '../../../appservices/org/demo/generate.ts';

/** A company as the import gets it: CSV with id,name,email,title,department,manager,is head. */
export interface CompanyFile {
  readonly name: string;
  readonly csv: string;
}

/** Cells of a CSV file with quotes (RFC 4180); enough for files we know. */
export function cells(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === ',' || char === '\n') {
      row.push(cell);
      cell = '';
      if (char === '\n') {
        rows.push(row);
        row = [];
      }
    } else if (char !== '\r') cell += char;
  }
  if (cell !== '' || row.length > 0) rows.push([...row, cell]);
  return rows;
}

const line = (values: readonly string[]): string =>
  values.map((value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(',');

type Table = Record<string, string>[];
function table(folder: string, file: string): Table {
  const [head = [], ...rows] = cells(readFileSync(join(folder, file), 'utf8').replace(/^\uFEFF/, ''));
  return rows.map((row) => Object.fromEntries(head.map((name, at) => [name, row[at] ?? ''])));
}

/**
 * Adventure Works, 290 people in 16 departments of 6 groups, put together from the exported tables: the reporting line
 * from the organisation node, the department from the row of the history that is still open.
 */
export function adventureWorks(): CompanyFile | undefined {
  const folder = [
    join(root, '../shared/data/adventure-works'),
    join(root, 'appservices/org/demo/adventure-works'),
  ].find((candidate) => existsSync(join(candidate, 'Employee.csv')));
  if (folder === undefined) return undefined;
  const departments = new Map(
    table(folder, 'Department.csv').map((row) => [
      row['DepartmentID'],
      `${row['GroupName'] ?? ''}/${row['Name'] ?? ''}`,
    ]),
  );
  const where = new Map(
    table(folder, 'EmployeeDepartmentHistory.csv')
      .filter((row) => row['EndDate'] === '')
      .map((row) => [row['BusinessEntityID'], departments.get(row['DepartmentID']) ?? '']),
  );
  const employees = table(folder, 'Employee.csv');
  const byNode = new Map(
    employees.map((row) => [
      row['OrganizationNode'] === '' ? '/' : row['OrganizationNode'],
      row['BusinessEntityID'],
    ]),
  );
  const bosses = new Map(
    employees.map((row) => {
      const node = row['OrganizationNode'] ?? '';
      return [row['BusinessEntityID'], node === '' ? '' : (byNode.get(node.replace(/[^/]+\/$/, '')) ?? '')];
    }),
  );
  const titles = new Map(employees.map((row) => [row['BusinessEntityID'], row['JobTitle'] ?? '']));
  const rows = table(folder, 'vEmployee.csv').map((row) => {
    const id = row['BusinessEntityID'] ?? '';
    return line([
      id,
      [row['FirstName'], row['LastName']].filter(Boolean).join(' '),
      row['EmailAddress'] ?? '',
      titles.get(id) ?? '',
      where.get(id) ?? '',
      bosses.get(id) ?? '',
      '',
    ]);
  });
  return {
    name: 'Adventure Works',
    csv: `id,name,email,title,department,manager,is head\n${rows.join('\n')}\n`,
  };
}

/** A generated company, five levels deep. */
export function generated(people: number, departments: number): CompanyFile {
  return {
    name: 'generated',
    csv: generateCompany({ people, departments, depth: 5, seed: 7 }),
  };
}

/** The same company some days later: every n-th person has a new title, every other of them a new department too. */
export function changed(company: CompanyFile, share: number): { file: CompanyFile; people: number } {
  const [head = [], ...rows] = cells(company.csv);
  const step = Math.max(1, Math.round(1 / share));
  const department = head.indexOf('department');
  const title = head.indexOf('title');
  const isHead = head.indexOf('is head');
  let people = 0;
  const places = [...new Set(rows.map((row) => row[department] ?? ''))];
  // Heads stay: the change is one of ordinary people.
  for (let at = rows.length - 1; at >= 0; at -= step) {
    const row = rows[at];
    if (row === undefined || row[isHead] === 'yes') continue;
    people += 1;
    row[title] = `${row[title] ?? ''} II`;
    if (people % 2 === 0) {
      const now = places.indexOf(row[department] ?? '');
      row[department] = places[(now + 1) % places.length] ?? '';
    }
  }
  return { file: { name: company.name, csv: `${[head, ...rows].map(line).join('\n')}\n` }, people };
}
