import { DomainError } from '@qiao/platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import { createChanges, type Changes } from '../../server/changes.service.ts';
import type { DirectoryChange, NewDepartment, NewPerson, StoredChanges } from '../../server/changes.ts';
import { startTestOrg, type TestOrg } from './context.ts';

let org: TestOrg;
let changes: Changes;
beforeAll(async () => {
  org = await startTestOrg();
  changes = createChanges(org.context);
});
afterAll(() => org.close());
beforeEach(async () => {
  await sql`truncate org.person, org.department, org.membership, org.offboarding, org.handover_item,
    org.role_grant, org.activation, org.room_member, org.import_run, platform.act cascade`.execute(org.db);
});

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const department = (n: number, name: string, parent: number | null = null): NewDepartment => ({
  id: id(n),
  external_id: `d${n}`,
  name,
  parent_id: parent === null ? null : id(parent),
  hidden: false,
  include_sub: false,
  position: 0,
});
const person = (n: number, more: Partial<NewPerson> = {}): NewPerson => ({
  id: id(n),
  external_id: `p${n}`,
  localpart: `p${n}`,
  display_name: `Person ${n}`,
  given_name: null,
  family_name: null,
  email: `p${n}@example.com`,
  phone: null,
  title: null,
  locale: null,
  manager_id: null,
  starts_on: null,
  ends_on: null,
  source_id: null,
  ...more,
});
const at = (n: number, more: object = {}) => [
  { department_id: id(n), is_primary: true, is_head: false, title: null, ...more },
];
/** A set as a large import has it: never held as a whole. */
const inParts = (...parts: DirectoryChange[][]): StoredChanges => ({
  async *parts() {
    await Promise.resolve();
    yield* parts;
  },
});
const apply = (set: DirectoryChange[] | StoredChanges, on = '2026-03-01') =>
  org.db.transaction().execute((trx) => changes.applyChanges(trx, set, { ...org.by, on }));
const code = async (run: Promise<unknown>): Promise<string> => {
  const error = await run.then(
    () => undefined,
    (e: unknown) => e,
  );
  return error instanceof DomainError ? error.code : String(error);
};

describe('one set', () => {
  it('takes people before departments, and reports before managers', async () => {
    const result = await apply([
      { kind: 'person_add', person: person(12, { manager_id: id(11) }), placements: at(2) },
      { kind: 'person_add', person: person(11), placements: at(1, { is_head: true }) },
      { kind: 'department_add', department: department(2, 'Child', 1) },
      { kind: 'department_add', department: department(1, 'Root') },
    ]);
    expect(result.changed).toBe(4);
    const acts = await org.context.acts.list({ limit: 10 });
    expect(acts.map((act) => act.action).sort()).toEqual([
      'org.department.add',
      'org.department.add',
      'org.person.add',
      'org.person.add',
    ]);
    const waiting = await sql<{
      key: string;
    }>`select key from jobs.jobs where task_identifier = 'org.provision'`.execute(org.db);
    expect(waiting.rows).toEqual([{ key: 'org.provision' }]);
  });

  it('changes nothing when everything is so already', async () => {
    const set: DirectoryChange[] = [
      { kind: 'department_add', department: department(1, 'Root') },
      { kind: 'person_add', person: person(11, { title: 'Boss' }), placements: at(1) },
    ];
    const first = await apply(set);
    const again = await apply([
      { kind: 'department_change', id: id(1), set: { name: 'Root', hidden: false } },
      { kind: 'department_move', id: id(1), parent_id: null },
      { kind: 'person_change', id: id(11), set: { title: 'Boss', email: 'p11@example.com' } },
      { kind: 'person_place', id: id(11), placements: at(1) },
    ]);
    expect(again).toEqual({ changed: 0, version: undefined });
    const next = await apply([{ kind: 'person_change', id: id(11), set: { title: 'Chief' } }]);
    expect(next.version).toBe((first.version ?? 0) + 1);
    const row = await org.db.selectFrom('org.person').select(['version', 'search']).executeTakeFirstOrThrow();
    expect(row.version).toBe(2);
    expect(row.search).toContain('chief');
  });

  it('lets two people exchange e-mails and two departments their names', async () => {
    await apply([
      { kind: 'department_add', department: department(1, 'A') },
      { kind: 'department_add', department: department(2, 'B') },
      { kind: 'person_add', person: person(11), placements: at(1) },
      { kind: 'person_add', person: person(12), placements: at(2) },
    ]);
    await apply([
      { kind: 'department_change', id: id(1), set: { name: 'b' } },
      { kind: 'department_change', id: id(2), set: { name: 'A' } },
      { kind: 'person_change', id: id(11), set: { email: 'P12@example.com' } },
      { kind: 'person_change', id: id(12), set: { email: 'p11@example.com' } },
    ]);
    const people = await org.db.selectFrom('org.person').select('email').orderBy('id').execute();
    expect(people.map((row) => row.email)).toEqual(['P12@example.com', 'p11@example.com']);
    const names = await org.db.selectFrom('org.department').select('name').orderBy('id').execute();
    expect(names.map((row) => row.name)).toEqual(['b', 'A']);
  });

  it('keeps where somebody was', async () => {
    await apply(
      [
        { kind: 'department_add', department: department(1, 'A') },
        { kind: 'department_add', department: department(2, 'B') },
        { kind: 'person_add', person: person(11), placements: at(1) },
      ],
      '2025-01-01',
    );
    await apply(
      [
        {
          kind: 'person_place',
          id: id(11),
          placements: [
            ...at(2),
            { department_id: id(1), is_primary: false, is_head: true, title: 'Advisor' },
          ],
        },
      ],
      '2025-06-01',
    );
    await apply([{ kind: 'person_place', id: id(11), placements: at(2) }], '2025-09-01');
    const rows = await org.db
      .selectFrom('org.membership')
      .select(['department_id', 'since', 'until', 'is_primary'])
      .orderBy('department_id')
      .execute();
    expect(rows).toEqual([
      { department_id: id(1), since: '2025-01-01', until: '2025-09-01', is_primary: false },
      { department_id: id(2), since: '2025-06-01', until: null, is_primary: true },
    ]);
  });

  it('starts the leaver’s life-cycle once', async () => {
    await apply([
      { kind: 'department_add', department: department(1, 'A') },
      { kind: 'person_add', person: person(11), placements: at(1, { is_head: true }) },
    ]);
    const first = await apply([{ kind: 'person_leave', id: id(11), reason: 'gone' }]);
    expect(first.changed).toBe(1);
    expect((await apply([{ kind: 'person_leave', id: id(11), reason: 'gone' }])).changed).toBe(0);
    const row = await org.db.selectFrom('org.person').select('status').executeTakeFirstOrThrow();
    expect(row.status).toBe('suspended');
    // A leaver does not hold up the end of the department.
    await apply([{ kind: 'department_end', id: id(1), mode: 'dissolved' }]);
    const open = await org.db.selectFrom('org.membership').select('id').where('until', 'is', null).execute();
    expect(open).toEqual([]);
  });
});

describe('a set in parts', () => {
  it('is one set: managers and departments come later, and values are exchanged across parts', async () => {
    await apply([
      { kind: 'department_add', department: department(1, 'Root') },
      { kind: 'person_add', person: person(11), placements: at(1) },
      { kind: 'person_add', person: person(12), placements: at(1) },
      { kind: 'person_add', person: person(13), placements: at(1) },
    ]);
    const told: number[] = [];
    const set = inParts(
      [
        { kind: 'person_add', person: person(21, { manager_id: id(22) }), placements: at(2) },
        { kind: 'person_change', id: id(11), set: { email: 'P12@example.com' } },
        { kind: 'person_place', id: id(11), placements: at(2) },
      ],
      [
        { kind: 'department_add', department: department(2, 'Child', 1) },
        { kind: 'person_add', person: person(22, { manager_id: id(12) }), placements: at(1) },
      ],
      [
        { kind: 'person_change', id: id(12), set: { external_id: 'p11x', email: 'p11@example.com' } },
        { kind: 'person_leave', id: id(13), reason: 'import' },
        { kind: 'department_change', id: id(1), set: { name: 'Whole' } },
      ],
    );
    const result = await org.db.transaction().execute((trx) =>
      changes.applyChanges(trx, set, {
        ...org.by,
        on: '2026-03-01',
        progress: (people) => {
          told.push(people);
          return Promise.resolve();
        },
      }),
    );
    expect(result.changed).toBe(8);
    expect(told).toEqual([1, 2, 3, 4]);
    const rows = await org.db
      .selectFrom('org.person')
      .select(['email', 'external_id', 'manager_id', 'status', 'version'])
      .orderBy('id')
      .execute();
    expect(rows.map((row) => [row.email, row.external_id, row.manager_id, row.status])).toEqual([
      ['P12@example.com', 'p11', null, 'joining'],
      ['p11@example.com', 'p11x', null, 'joining'],
      ['p13@example.com', 'p13', null, 'suspended'],
      ['p21@example.com', 'p21', id(22), 'joining'],
      ['p22@example.com', 'p22', id(12), 'joining'],
    ]);
    // Changed and moved counts once.
    expect(rows[0]?.version).toBe(2);
  });

  it('is refused as a whole for what stands in two parts', async () => {
    const add = (n: number, more: Partial<NewPerson>): DirectoryChange[] => [
      { kind: 'person_add', person: person(n, more), placements: [] },
    ];
    for (const [more, expected] of [
      [{ email: 'one@example.com' }, 'org.email_taken'],
      [{ localpart: 'one' }, 'org.localpart_taken'],
      [{ external_id: 'one' }, 'platform.conflict'],
    ] as const) {
      expect(await code(apply(inParts(add(31, more), add(32, more))))).toBe(expected);
    }
    const circle = inParts(add(31, { manager_id: id(32) }), add(32, { manager_id: id(31) }));
    expect(await code(apply(circle))).toBe('org.would_make_cycle');
    expect(await code(apply(inParts(add(31, { manager_id: id(99) }))))).toContain('person_manager_id_fkey');
    expect(await org.db.selectFrom('org.person').select('id').execute()).toEqual([]);
  });
});

describe('an end state that does not hold', () => {
  beforeEach(async () => {
    await apply([
      { kind: 'department_add', department: department(1, 'A') },
      { kind: 'department_add', department: department(2, 'B', 1) },
      { kind: 'department_add', department: department(3, 'C', 2) },
      { kind: 'person_add', person: person(11), placements: at(1) },
      { kind: 'person_add', person: person(12, { manager_id: id(11) }), placements: at(2) },
      { kind: 'person_add', person: person(13, { manager_id: id(12) }), placements: at(3) },
    ]);
  });

  const refused: [string, string, DirectoryChange[]][] = [
    [
      'a department below itself',
      'org.would_make_cycle',
      [{ kind: 'department_move', id: id(1), parent_id: id(3) }],
    ],
    [
      'a reporting line in a circle',
      'org.would_make_cycle',
      [{ kind: 'person_change', id: id(11), set: { manager_id: id(13) } }],
    ],
    [
      'an e-mail of somebody else in other case',
      'org.email_taken',
      [{ kind: 'person_change', id: id(11), set: { email: 'P12@Example.com' } }],
    ],
    [
      'a name twice under one department',
      'org.name_taken',
      [{ kind: 'department_add', department: department(4, 'b', 1) }],
    ],
    [
      'an account name that is taken',
      'org.localpart_taken',
      [{ kind: 'person_add', person: person(14, { localpart: 'p12' }), placements: at(1) }],
    ],
    [
      'an account name that is none',
      'org.localpart_not_valid',
      [{ kind: 'person_add', person: person(14, { localpart: '_bot' }), placements: at(1) }],
    ],
    [
      'an account name of digits alone',
      'org.localpart_not_valid',
      [{ kind: 'person_add', person: person(14, { localpart: '00305' }), placements: at(1) }],
    ],
    [
      'people in an ended department',
      'org.department_not_empty',
      [{ kind: 'department_end', id: id(3), mode: 'dissolved' }],
    ],
    [
      'an active department below an ended one',
      'org.department_not_empty',
      [
        { kind: 'person_place', id: id(12), placements: at(1) },
        { kind: 'department_end', id: id(2), mode: 'dissolved' },
      ],
    ],
    [
      'somebody placed in a department that ends',
      'org.department_ended',
      [
        { kind: 'person_place', id: id(11), placements: at(3) },
        { kind: 'department_end', id: id(3), mode: 'dissolved' },
      ],
    ],
    [
      'two primary departments',
      'platform.bad_request',
      [{ kind: 'person_place', id: id(11), placements: [...at(1), ...at(2)] }],
    ],
    ['somebody unknown', 'platform.not_found', [{ kind: 'person_change', id: id(99), set: { title: 'x' } }]],
    [
      'an external id of somebody else',
      'platform.conflict',
      [{ kind: 'person_change', id: id(11), set: { external_id: 'p12' } }],
    ],
  ];
  it.each(refused)('refuses %s and changes nothing', async (_what, expected, set) => {
    const before = await sql`select * from org.person p left join org.membership m on m.person_id = p.id
      order by p.id`.execute(org.db);
    expect(await code(apply([{ kind: 'person_change', id: id(12), set: { title: 'other' } }, ...set]))).toBe(
      expected,
    );
    const after = await sql`select * from org.person p left join org.membership m on m.person_id = p.id
      order by p.id`.execute(org.db);
    expect(after.rows).toEqual(before.rows);
    const each = set.map((change) => [change]);
    expect(await code(apply(inParts(...each)))).toBe(expected);
    const again = await sql`select * from org.person p left join org.membership m on m.person_id = p.id
      order by p.id`.execute(org.db);
    expect(again.rows).toEqual(before.rows);
  });
});
