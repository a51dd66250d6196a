import { parse } from 'csv-parse/sync';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('adventure-works/', import.meta.url);
type Row = Record<string, string>;
const read = (name: string): Row[] =>
  parse<Row>(readFileSync(fileURLToPath(new URL(`${name}.csv`, folder))), { columns: true });

export interface DemoDepartment {
  id: string;
  name: string;
  parent?: string;
  heads?: string[];
}
export interface DemoPerson {
  id: string;
  name: string;
  first_name: string;
  last_name: string;
  email: string;
  login: string;
  title: string;
  manager_path: string;
  department_id: string;
  /** First day in this department, ISO 8601. */
  department_since: string;
  first_day: string;
}
/** One state of the company in time; imported one after the other, the transfers become history. */
export interface DemoState {
  departments: DemoDepartment[];
  people: DemoPerson[];
}

/** The columns of `DemoPerson` as an import knows them. */
export const DEMO_MAPPING = {
  columns: {
    external_id: 'id',
    display_name: 'name',
    given_name: 'first_name',
    family_name: 'last_name',
    email: 'email',
    localpart: 'login',
    title: 'title',
    manager_path: 'manager_path',
    department_id: 'department_id',
    starts_on: 'first_day',
  },
} as const;

const personId = (id: string | undefined): string => `AW-${id ?? ''}`;
const departmentId = (id: string | undefined): string => `AW-D${id ?? ''}`;
const groupId = (name: string): string => `AW-G-${name}`;

/** Adventure Works at every step of its transfers, the present one last. */
export function readAdventureWorks(): DemoState[] {
  const employees = read('Employee').filter((row) => row['CurrentFlag'] === 'True');
  const names = new Map(read('vEmployee').map((row) => [row['BusinessEntityID'], row]));
  const departments = read('Department');
  const history = Map.groupBy(read('EmployeeDepartmentHistory'), (row) => row['BusinessEntityID'] ?? '');
  for (const rows of history.values())
    rows.sort((a, b) => (a['StartDate'] ?? '').localeCompare(b['StartDate'] ?? ''));
  const steps = Math.max(...[...history.values()].map((rows) => rows.length));

  const groups = [...new Set(departments.map((row) => row['GroupName'] ?? ''))];
  return Array.from({ length: steps }, (_, step) => {
    const placed = employees.map((employee) => {
      const rows = history.get(employee['BusinessEntityID'] ?? '') ?? [];
      return { employee, place: rows[Math.min(step, rows.length - 1)] };
    });
    // The head of a department is who stands highest in it; the chief executive has no level at all.
    const headOf = (id: string | undefined): string | undefined =>
      placed
        .filter(({ place }) => place?.['DepartmentID'] === id)
        .sort(
          (a, b) =>
            Number(a.employee['OrganizationLevel'] ?? 0) - Number(b.employee['OrganizationLevel'] ?? 0) ||
            Number(a.employee['BusinessEntityID']) - Number(b.employee['BusinessEntityID']),
        )[0]?.employee['BusinessEntityID'];
    return {
      departments: [
        ...groups.map((name) => ({ id: groupId(name), name })),
        ...departments.map((row) => {
          const head = headOf(row['DepartmentID']);
          return {
            id: departmentId(row['DepartmentID']),
            name: row['Name'] ?? '',
            parent: groupId(row['GroupName'] ?? ''),
            ...(head === undefined ? {} : { heads: [personId(head)] }),
          };
        }),
      ],
      people: placed.map(({ employee, place }) => {
        const name = names.get(employee['BusinessEntityID'] ?? '');
        const parts = [name?.['FirstName'], name?.['MiddleName'], name?.['LastName'], name?.['Suffix']];
        return {
          id: personId(employee['BusinessEntityID']),
          name: parts.filter(Boolean).join(' '),
          first_name: name?.['FirstName'] ?? '',
          last_name: name?.['LastName'] ?? '',
          email: name?.['EmailAddress'] ?? '',
          login: employee['LoginID'] ?? '',
          title: employee['JobTitle'] ?? '',
          manager_path: employee['OrganizationNode'] ?? '',
          department_id: departmentId(place?.['DepartmentID']),
          department_since: place?.['StartDate'] ?? '',
          first_day: employee['HireDate'] ?? '',
        };
      }),
    };
  });
}
