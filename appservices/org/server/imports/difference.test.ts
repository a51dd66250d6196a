import { describe, expect, it } from 'vitest';
import { buildDepartmentImage } from './department-image.ts';
import type { DirectoryChange } from '../changes.ts';
import { openDifference } from './difference.ts';
import type { ShownChange } from './shown-change.ts';
import type { Directory } from './directory.ts';
import { guessMapping } from './guess-mapping.ts';
import { buildPeopleImage } from './people-image.ts';
import { Problems } from './problems.ts';
import { createRowReader, type PersonRow, type RefusedRow } from './rows.ts';

interface Found {
  changes: DirectoryChange[];
  shown: ShownChange[];
  counts: Record<string, number>;
}

const EMPTY: Directory = { version: 0, departments: [], people: [] };

/** Runs the pure part of a check over lines of comma separated cells. */
function check(
  lines: string,
  directory: Directory = EMPTY,
  separator?: string,
): {
  difference: Found;
  problems: [number | null, string | null, string][];
  tree: Record<string, string | null>;
} {
  const [header = '', ...rest] = lines.trim().split('\n');
  const names = header.split(',');
  const { columns } = guessMapping(names.map((name) => ({ name, samples: [] })));
  const problems = new Problems();
  const mapping = { columns, ...(separator === undefined ? {} : { department_separator: separator }) };
  const read = createRowReader(mapping, problems);
  const rows: PersonRow[] = [];
  const refused: RefusedRow[] = [];
  for (const [n, line] of rest.entries()) {
    const cells = line.split(',');
    const values = Object.fromEntries(
      Object.entries(columns).map(([field, column]) => [field, cells[names.indexOf(column)] ?? '']),
    );
    const result = read({ line: n + 2, at: null, values });
    if ('row' in result) rows.push(result.row);
    else if ('refused' in result) refused.push(result.refused);
  }
  const departments = buildDepartmentImage(
    rows,
    [],
    {
      separator,
      columns: {
        department: columns.department ?? null,
        parent: columns.department_parent ?? null,
        id: columns.department_id ?? null,
      },
    },
    problems,
  );
  let ids = 0;
  const newId = (): string => `new-${ids++}`;
  const people = buildPeopleImage(
    { rows, refused, departments, directory, source_id: 's', columns, today: '2026-01-01', newId },
    problems,
  );
  const changes: DirectoryChange[] = [];
  const shown: ShownChange[] = [];
  const open = openDifference(
    departments,
    people,
    directory,
    { source_id: 's', missing_leave: true, missing_dissolve: false, leaver_guard: 1, gone: 0, newId },
    problems,
    (change, line) => {
      changes.push(change);
      shown.push(line);
    },
  );
  for (const person of people.people) {
    const rest = rows.find((row) => row === person.row);
    if (rest) open.person(person, rest);
  }
  const difference: Found = { changes, shown, counts: open.finish().counts };
  const added = new Map(
    difference.changes.flatMap((change) =>
      change.kind === 'department_add' ? [[change.department.id, change.department] as const] : [],
    ),
  );
  return {
    difference,
    problems: problems.sorted().map(({ line, column, code }) => [line, column, code]),
    tree: Object.fromEntries(
      [...added.values()].map((one) => [
        one.external_id ?? one.name,
        one.parent_id === null ? null : (added.get(one.parent_id)?.name ?? '?'),
      ]),
    ),
  };
}
const addedPeople = ({ difference }: { difference: Found }): string[] =>
  difference.shown.flatMap((change) => (change.kind === 'person_add' ? [change.label] : []));

describe('departments', () => {
  it('are put together from names and the names of their parents', () => {
    const { tree, problems } = check(`id,name,department,parent department
1,A,Quality,Quality
2,B,Documents,Quality
3,C,Plant,
4,D,Line 1,Plant`);
    expect(problems).toEqual([]);
    // A group and a department of one name are two.
    expect(tree).toEqual({ Quality: null, Documents: 'Quality', Plant: null, 'Line 1': 'Plant' });
  });

  it('are put together from paths, with an id for the last', () => {
    const { tree, problems } = check(
      `id,name,department,department id
1,A,HQ>Dev>Web,d1
2,B,HQ > Sales,
3,C,HQ>Dev>Web,d1
4,D,HQ>Other,d1`,
      EMPTY,
      '>',
    );
    expect(tree).toEqual({ HQ: null, Dev: 'HQ', d1: 'Dev', Sales: 'HQ' });
    expect(problems).toEqual([[5, 'department', 'department_two_names']]);
  });

  it.each([
    ['a circle', '1,A,d1,One,Two\n2,B,d2,Two,One', [2, null, 'department_cycle']],
    ['two names', '1,A,d1,One,\n2,B,d1,Other,', [3, 'department', 'department_two_names']],
    ['two parents', '1,A,d1,One,X\n2,B,d1,One,Y', [3, 'parent department', 'department_two_parents']],
    ['one name twice', '1,A,d1,One,\n2,B,d2,ONE,', [3, 'department', 'department_name_taken']],
    ['an id nobody knows', '1,A,d1,,', [2, 'department id', 'department_without_name']],
  ])('with %s are told', (_what, rows, problem) => {
    const result = check(`id,name,department id,department,parent department\n${rows}`);
    expect(result.problems).toContainEqual(problem);
    const bad = result.problems.map(([line]) => line);
    expect(addedPeople(result)).not.toContain(bad.includes(2) ? 'A' : 'B');
  });
});

describe('people', () => {
  it('find their managers by id, e-mail, account, name, and name with id', () => {
    const { difference, problems } = check(`id,name,email,login,manager
1,Ann,ann@x.co,annl,
2,Bob,bob@x.co,bobl,1
3,Cid,cid@x.co,cidl,BOB@X.CO
4,Dan,dan@x.co,danl,cidl
5,Eve,eve@x.co,evel,Dan
6,Fay,fay@x.co,fayl,Eve (5)
7,Gus,gus@x.co,gusl,Gus`);
    expect(problems).toEqual([[8, 'manager', 'manager_self']]);
    const managers = difference.shown.map((change) => [change.label, change.after?.['manager']]);
    expect(managers).toEqual([
      ['Ann', undefined],
      ['Bob', 'Ann'],
      ['Cid', 'Bob'],
      ['Dan', 'Cid'],
      ['Eve', 'Dan'],
      ['Fay', 'Eve'],
      ['Gus', undefined],
    ]);
  });

  it('in a circle are bad, and who reports to them comes without; a manager nobody can tell is told', () => {
    const result = check(`id,name,manager
1,Ann,Sam
2,Sam,
3,Sam,
4,Bob,nobody
5,Cid,6
6,Dan,7
7,Eve,5
8,Fay,5
9,Gus,4`);
    expect(result.problems).toEqual([
      [2, 'manager', 'manager_ambiguous'],
      [5, 'manager', 'manager_unknown'],
      [6, 'manager', 'manager_cycle'],
      [7, 'manager', 'manager_cycle'],
      [8, 'manager', 'manager_cycle'],
      [9, 'manager', 'manager_skipped'],
    ]);
    // Who cannot be told is told of, and refuses nobody.
    expect(addedPeople(result)).toEqual(['Ann', 'Sam', 'Sam', 'Bob', 'Fay', 'Gus']);
    const managers = result.difference.shown.map((change) => [change.label, change.after?.['manager']]);
    expect(managers).toContainEqual(['Gus', 'Bob']);
    expect(managers).toContainEqual(['Ann', undefined]);
  });

  it('report along a materialised path, the one without a path on top', () => {
    const { difference, problems } = check(`id,name,organization node
1,Chief,
2,Vice,/1/
3,Lead,/1/1/
4,Dev,/1/1/12/
5,Lost,/9/9/
6,Twice,/1/`);
    expect(problems).toEqual([
      [6, 'organization node', 'manager_unknown'],
      [7, 'organization node', 'path_duplicate'],
    ]);
    expect(difference.shown.map((change) => [change.label, change.after?.['manager']])).toEqual([
      ['Chief', undefined],
      ['Vice', 'Chief'],
      ['Lead', 'Vice'],
      ['Dev', 'Lead'],
      ['Lost', undefined],
    ]);
  });

  it('of the directory do not leave because their row is bad, and exchange e-mails', () => {
    const person = (n: number, email: string | null) => ({
      id: `p${n}`,
      external_id: String(n),
      localpart: `l${n}`,
      display_name: `P${n}`,
      given_name: null,
      family_name: null,
      email,
      phone: null,
      title: 'kept',
      locale: null,
      manager_id: null,
      starts_on: null,
      ends_on: null,
      status: 'active' as const,
      source_id: 's',
      placements: [],
    });
    const directory: Directory = {
      version: 1,
      departments: [],
      people: [person(1, 'a@x.co'), person(2, 'b@x.co'), person(3, 'c@x.co'), person(4, 'd@x.co')],
    };
    const { difference, problems } = check(
      `id,name,email
1,P1,b@x.co
2,P2,a@x.co
3,P3,not an address
5,New,c@x.co`,
      directory,
    );
    expect(problems).toEqual([
      [4, 'email', 'email_not_valid'],
      [5, 'email', 'email_taken'],
    ]);
    expect(difference.changes).toEqual([
      { kind: 'person_change', id: 'p1', set: { email: 'b@x.co' } },
      { kind: 'person_change', id: 'p2', set: { email: 'a@x.co' } },
      { kind: 'person_leave', id: 'p4', reason: 'import' },
    ]);
    expect(difference.counts).toMatchObject({ person_change: 2, person_leave: 1, source_people: 4 });
  });

  it("do not get a hand-made account's place, or lend it theirs, by an e-mail address alone", () => {
    const handMade = {
      id: 'p1',
      external_id: null,
      localpart: 'mallory',
      display_name: 'Mallory',
      given_name: null,
      family_name: null,
      email: 'new.hire@x.co',
      phone: null,
      title: null,
      locale: null,
      manager_id: null,
      starts_on: null,
      ends_on: null,
      status: 'active' as const,
      source_id: null,
      placements: [],
    };
    const { difference, problems } = check('id,name,email\n77,New Hire,new.hire@x.co', {
      version: 1,
      departments: [],
      people: [handMade],
    });
    expect(problems).toEqual([[2, 'email', 'matched_by_email']]);
    expect(difference.changes).toEqual([]);
  });
});
