import { orgActs } from './acts.ts';
import { Type, type Static, type TSchema } from 'typebox';

/*
 * The HTTP interface of the organisation, below `/api/org`. Times are RFC 3339 in UTC, dates ISO 8601,
 * ids UUIDs unless they are Matrix ids. Lists answer `{ items, next }`; `next` goes back as `?after=`.
 * `version` guards against lost updates: a PATCH sends the version it saw, and gets 412
 * `platform.changed_meanwhile` where it moved on.
 */

const Id = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' });
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Nullable(Type.String()) });
const Name = Type.String({ minLength: 1, maxLength: 200 });
const CalendarDate = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' });
const Timestamp = Type.String({ format: 'date-time' });

export const IdParams = Type.Object({ id: Id });
/** Longest `next` of a list: that of a name of 256 characters which all have the longest key (`sort-name.test.ts`). */
export const MAX_CURSOR = 8000;
export const PageQuery = Type.Object({
  after: Type.Optional(Type.String({ maxLength: MAX_CURSOR })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
});

/** Scopes a permission is held over. */
export const HeldScopes = Type.Object({ company: Type.Boolean(), departments: Type.Array(Id) });

/** `GET /me`: who am I here, and what may I do where. */
/** Languages that the workspace speaks. */
export const Language = Type.Enum(['zh-Hans', 'en']);
export type Language = Static<typeof Language>;

export const Me = Type.Object({
  user_id: Type.String(),
  company_name: Type.String(),
  person: Nullable(Type.Object({ id: Id, display_name: Type.String(), title: Nullable(Type.String()) })),
  /** In which language bots write to the person, as far as it is known. */
  language: Nullable(Language),
  /** By permission name; only those held somewhere. */
  permissions: Type.Record(Type.String(), HeldScopes),
});
export type Me = Static<typeof Me>;
/** `PUT /me/language`: in which language the person uses the client. */
export const PutLanguage = Type.Object({ language: Language });

/** `GET /setup`: the guided set-up, from import to roll-out. */
export const SetupStep = Type.Object({
  id: Type.Enum(['import', 'departments', 'provision', 'admins', 'pilot', 'rollout']),
  state: Type.Enum(['todo', 'doing', 'done', 'problem']),
  /** Figures for the step's text, by name. */
  figures: Type.Record(Type.String(), Type.Number()),
});
export const Setup = Type.Object({ steps: Type.Array(SetupStep) });
export type Setup = Static<typeof Setup>;
/** `POST /setup/confirm`: a step only a person can tick off. */
export const ConfirmSetup = Type.Object({ step: Type.Enum(['pilot', 'rollout']), done: Type.Boolean() });

export const PersonRef = Type.Object({
  id: Id,
  display_name: Type.String(),
  user_id: Type.String(),
  title: Nullable(Type.String()),
});
export type PersonRef = Static<typeof PersonRef>;

export const DepartmentState = Type.Enum(['active', 'dissolved', 'converted']);
/** A department in lists; `GET /departments` answers all the actor may see, parents before children. */
export const Department = Type.Object({
  id: Id,
  external_id: Nullable(Type.String()),
  name: Type.String(),
  parent_id: Nullable(Id),
  position: Type.Integer(),
  hidden: Type.Boolean(),
  /** Its room and space also hold the people of its sub-departments. */
  include_sub: Type.Boolean(),
  state: DepartmentState,
  heads: Type.Array(PersonRef),
  /** People directly in it, and with its whole subtree. */
  member_count: Type.Integer(),
  total_count: Type.Integer(),
  space_id: Nullable(Type.String()),
  room_id: Nullable(Type.String()),
  /** The actor may edit it. */
  editable: Type.Boolean(),
  version: Type.Integer(),
});
export type Department = Static<typeof Department>;
export const DepartmentList = Type.Object({ items: Type.Array(Department) });
export const DepartmentQuery = Type.Object({ ended: Type.Optional(Type.Boolean()) });
/** `POST /departments` */
export const CreateDepartment = Type.Object({
  name: Name,
  parent_id: Nullable(Id),
  hidden: Type.Optional(Type.Boolean()),
  include_sub: Type.Optional(Type.Boolean()),
  external_id: Type.Optional(Nullable(Type.String({ maxLength: 200 }))),
});
/** `PATCH /departments/:id`; moving needs the permission over both the old and the new place. */
export const PatchDepartment = Type.Object({
  version: Type.Integer(),
  name: Type.Optional(Name),
  parent_id: Type.Optional(Nullable(Id)),
  /** Place among the siblings, from 0. */
  position: Type.Optional(Type.Integer({ minimum: 0 })),
  hidden: Type.Optional(Type.Boolean()),
  include_sub: Type.Optional(Type.Boolean()),
  head_ids: Type.Optional(Type.Array(Id, { maxItems: 20 })),
});
/** `POST /departments/:id/merge`: its people and sub-departments go into another one, then it ends. */
export const MergeDepartment = Type.Object({ into_id: Id });
/**
 * `POST /departments/:id/end`: dissolve (people move to `move_people_to`, everybody leaves the rooms) or
 * convert (the room stays as an ordinary group of the people now in it).
 */
export const EndDepartment = Type.Object({
  mode: Type.Enum(['dissolve', 'convert']),
  move_people_to: Type.Optional(Id),
});

export const PersonStatus = Type.Enum(['joining', 'active', 'suspended', 'left']);
export const Membership = Type.Object({
  department_id: Id,
  department_name: Type.String(),
  is_primary: Type.Boolean(),
  is_head: Type.Boolean(),
  title: Nullable(Type.String()),
  since: CalendarDate,
  until: Nullable(CalendarDate),
});
export const Person = Type.Object({
  id: Id,
  external_id: Nullable(Type.String()),
  user_id: Type.String(),
  display_name: Type.String(),
  given_name: Nullable(Type.String()),
  family_name: Nullable(Type.String()),
  email: Nullable(Type.String()),
  phone: Nullable(Type.String()),
  title: Nullable(Type.String()),
  locale: Nullable(Type.Enum(['zh-Hans', 'en'])),
  manager: Nullable(PersonRef),
  status: PersonStatus,
  account: Type.Enum(['none', 'created', 'locked', 'deactivated']),
  /** When the activation link was used. */
  activated_at: Nullable(Timestamp),
  /** When the first device with end-to-end keys was seen; before it the person is in no department room. */
  keys_at: Nullable(Timestamp),
  starts_on: Nullable(CalendarDate),
  ends_on: Nullable(CalendarDate),
  departments: Type.Array(Membership),
  source: Nullable(Type.Object({ id: Id, name: Type.String(), kind: Type.String() })),
  editable: Type.Boolean(),
  version: Type.Integer(),
});
export type Person = Static<typeof Person>;
/** `GET /people/:id` adds the history and those who report to the person. */
export const PersonDetail = Type.Object({
  ...Person.properties,
  history: Type.Array(Membership),
  reports: Type.Array(PersonRef),
  /** From the direct manager up to the top. */
  reporting_line: Type.Array(PersonRef),
  offboarding_id: Nullable(Id),
});
export type PersonDetail = Static<typeof PersonDetail>;
/** `GET /people` */
export const PeopleQuery = Type.Object({
  ...PageQuery.properties,
  /** Name, pinyin (`zs`, `zhangsan`), title, e-mail; all words have to match. */
  q: Type.Optional(Type.String({ maxLength: 200 })),
  department_id: Type.Optional(Id),
  /** With `department_id`: its sub-departments too. Default true. */
  subtree: Type.Optional(Type.Boolean()),
  status: Type.Optional(PersonStatus),
  activated: Type.Optional(Type.Boolean()),
});
export const PeoplePage = Type.Object({ ...Page(Person).properties, total: Type.Integer() });
export type PeoplePage = Static<typeof PeoplePage>;
const PersonFields = {
  display_name: Type.String({ minLength: 1, maxLength: 256 }),
  given_name: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  family_name: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  email: Type.Optional(Nullable(Type.String({ maxLength: 320 }))),
  phone: Type.Optional(Nullable(Type.String({ maxLength: 64 }))),
  title: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  locale: Type.Optional(Nullable(Type.Enum(['zh-Hans', 'en']))),
  manager_id: Type.Optional(Nullable(Id)),
  external_id: Type.Optional(Nullable(Type.String({ maxLength: 200 }))),
  starts_on: Type.Optional(Nullable(CalendarDate)),
  ends_on: Type.Optional(Nullable(CalendarDate)),
};
const Placement = Type.Object({
  department_id: Id,
  is_primary: Type.Optional(Type.Boolean()),
  is_head: Type.Optional(Type.Boolean()),
  title: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
});
/** `POST /people`: a joiner by hand. */
export const CreatePerson = Type.Object({
  ...PersonFields,
  /** Matrix localpart; made from e-mail or pinyin where absent. */
  localpart: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  departments: Type.Array(Placement, { minItems: 1, maxItems: 20 }),
});
/** `PATCH /people/:id`; `departments` replaces the present ones (a mover). */
export const PatchPerson = Type.Object({
  version: Type.Integer(),
  ...Type.Partial(Type.Object(PersonFields)).properties,
  departments: Type.Optional(Type.Array(Placement, { minItems: 1, maxItems: 20 })),
});
/**
 * `POST /activation/info`, public. The link is `<public_url>/activate#<token>`: the page takes the token from the
 * fragment and sends it in the body, so that it is in no server's log. 404 `org.activation_not_valid` for every
 * kind of link that does not work.
 */
const ActivationToken = Type.String({ minLength: 1, maxLength: 200 });
export const ActivationQuery = Type.Object({ token: ActivationToken });
export const ActivationInfo = Type.Object({
  company_name: Type.String(),
  display_name: Type.String(),
  user_id: Type.String(),
  expires_at: Timestamp,
  /** `password`: the account is activated; setting the new password signs out all its devices. */
  purpose: Type.Enum(['activation', 'password']),
  language: Nullable(Type.Enum(['zh-Hans', 'en'])),
});
/**
 * `POST /activation`, public. 400 `org.password_too_weak` has `details.reasons: { code, message }[]`; 503
 * `org.account_not_ready` and `org.homeserver_unavailable` have `Retry-After`: try again with the same link.
 */
export const Activate = Type.Object({
  token: ActivationToken,
  password: Type.String({ minLength: 1, maxLength: 512 }),
});
export const Activated = Type.Object({ user_id: Type.String(), homeserver: Type.String() });
/** `POST /activation/password`, public, and `POST /me/password`: a password that is being typed; nothing is changed. */
export const JudgePassword = Type.Pick(Activate, ['password']);
export const JudgeLinkPassword = Activate;
export const PasswordVerdict = Type.Object({
  /** 1 and 2 are refused, and `problems` says why; 3 is good, 4 strong. */
  strength: Type.Integer({ minimum: 1, maximum: 4 }),
  problems: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
});

/** `GET /directory/people`: what an ordinary person finds, under the visibility rules. */
export const DirectoryQuery = Type.Object({
  ...PageQuery.properties,
  q: Type.Optional(Type.String({ maxLength: 200 })),
  /** Matrix id: that person alone, or nobody. */
  user_id: Type.Optional(Type.String({ maxLength: 255 })),
  department_id: Type.Optional(Id),
  subtree: Type.Optional(Type.Boolean()),
});
export const DirectoryPerson = Type.Object({
  id: Id,
  user_id: Type.String(),
  display_name: Type.String(),
  title: Nullable(Type.String()),
  department_names: Type.Array(Type.String()),
  can_contact: Type.Boolean(),
  /** The person has had a device with end-to-end keys: what is written to them now can be read. */
  activated: Type.Boolean(),
});
/** `POST /directory/people/lookup`: who the accounts are, as far as the reader sees them; by name. */
export const LookupPeople = Type.Object({
  user_ids: Type.Array(Type.String({ maxLength: 255 }), { minItems: 1, maxItems: 200 }),
});
export const FoundPeople = Type.Object({ items: Type.Array(DirectoryPerson) });
export const DirectoryPage = Page(DirectoryPerson);
export const DirectoryProfile = Type.Object({
  ...DirectoryPerson.properties,
  email: Nullable(Type.String()),
  phone: Nullable(Type.String()),
  departments: Type.Array(Type.Object({ id: Id, name: Type.String() })),
  reporting_line: Type.Array(PersonRef),
  reports: Type.Array(PersonRef),
});
export const DirectoryDepartment = Type.Object({
  id: Id,
  name: Type.String(),
  parent_id: Nullable(Id),
  member_count: Type.Integer(),
});
export const DirectoryTree = Type.Object({ items: Type.Array(DirectoryDepartment) });

/** Roles: `GET /roles`, `POST /roles`, `PATCH /roles/:id`, `DELETE /roles/:id`. */
export const Role = Type.Object({
  id: Id,
  name: Type.String(),
  builtin: Nullable(Type.String()),
  permissions: Type.Array(Type.String()),
  grant_count: Type.Integer(),
  version: Type.Integer(),
});
export type Role = Static<typeof Role>;
export const RoleList = Type.Object({ items: Type.Array(Role) });
export const CreateRole = Type.Object({
  name: Name,
  permissions: Type.Array(Type.String(), { maxItems: 100 }),
});
export const PatchRole = Type.Object({
  version: Type.Integer(),
  name: Type.Optional(Name),
  permissions: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
});
/** `GET /permissions`: the table a role is put together from. */
export const PermissionList = Type.Object({
  items: Type.Array(Type.Object({ name: Type.String(), scopes: Type.Array(Type.String()) })),
});
/** Grants: `GET /grants`, `POST /grants`, `DELETE /grants/:id`. */
export const Grant = Type.Object({
  id: Id,
  person: PersonRef,
  role: Type.Object({ id: Id, name: Type.String(), builtin: Nullable(Type.String()) }),
  /** Null: the whole company. */
  department: Nullable(Type.Object({ id: Id, name: Type.String() })),
  /** Matrix user id or `system:<part>`, and how that is called. */
  granted_by: Type.String(),
  granted_by_name: Type.String(),
  granted_at: Timestamp,
  ends_at: Nullable(Timestamp),
});
export type Grant = Static<typeof Grant>;
export const GrantQuery = Type.Object({
  ...PageQuery.properties,
  person_id: Type.Optional(Id),
  role_id: Type.Optional(Id),
});
export const GrantPage = Page(Grant);
export const CreateGrant = Type.Object({
  person_id: Id,
  role_id: Id,
  department_id: Nullable(Id),
  ends_at: Type.Optional(Nullable(Timestamp)),
});

/** Visibility (ORG-6): the first rule that fits a viewer and a target decides; without one, all is visible. */
export const PartySelector = Type.Object({
  /** Empty or absent: everybody. All given conditions have to hold. */
  departments: Type.Optional(Type.Array(Id, { maxItems: 200 })),
  titles: Type.Optional(Type.Array(Type.String({ maxLength: 256 }), { maxItems: 200 })),
  external: Type.Optional(Type.Boolean()),
});
export const VisibilityRule = Type.Object({
  viewer: PartySelector,
  target: PartySelector,
  can_see: Type.Boolean(),
  can_contact: Type.Boolean(),
  note: Type.Optional(Nullable(Type.String({ maxLength: 500 }))),
});
/** Body of `PUT /visibility`; the order is the priority. */
export const PutVisibilityRules = Type.Object({ items: Type.Array(VisibilityRule, { maxItems: 500 }) });
/** Answer of `GET` and `PUT /visibility`. */
export const VisibilityRules = Type.Object({
  items: Type.Array(
    Type.Object({
      ...VisibilityRule.properties,
      /** Departments it names that are no more: nobody fits by them, and somebody has to decide. */
      ended: Type.Array(
        Type.Object({
          id: Id,
          name: Type.String(),
          state: Type.Union([Type.Literal('dissolved'), Type.Literal('converted')]),
        }),
      ),
    }),
  ),
});

/** Where a directory field comes from in the imported file or server. */
export const PEOPLE_FIELDS = [
  'external_id',
  'display_name',
  'given_name',
  'family_name',
  'email',
  'localpart',
  'phone',
  'title',
  'department',
  'department_id',
  'department_parent',
  'manager',
  'manager_path',
  'is_head',
  'locale',
  'starts_on',
  'ends_on',
  'status',
] as const;
export const PeopleField = Type.Enum([...PEOPLE_FIELDS]);
/**
 * What a value of the status column means: `working` (trial, interns and contractors, too), `left`: the person is let
 * go, `skip`: the row is passed over and a known person stays as they are.
 */
export const StatusMeaning = Type.Enum(['working', 'left', 'skip']);
export type StatusMeaning = Static<typeof StatusMeaning>;
/**
 * Column mapping of a file: directory field → column name. `department` may be a path (`A/B/C`, separator in
 * `department_separator`), and hold several departments, the main one first, divided by any character of
 * `department_list`; `manager` holds another row's `external_id`, e-mail, localpart or name; `manager_path` a
 * materialised path such as `/3/1/2/`, whose prefix is the manager's own. `statuses`: by value of the status column,
 * `''` for an empty cell; a row with another value is refused.
 */
export const ImportMapping = Type.Object({
  columns: Type.Partial(Type.Record(PeopleField, Type.String({ maxLength: 300 }))),
  department_separator: Type.Optional(Type.String({ minLength: 1, maxLength: 3 })),
  department_list: Type.Optional(Type.String({ minLength: 1, maxLength: 6 })),
  statuses: Type.Optional(Type.Record(Type.String({ maxLength: 100 }), StatusMeaning)),
});
export type ImportMapping = Static<typeof ImportMapping>;

export const ImportState = Type.Enum([
  'uploaded',
  'checking',
  'checked',
  'applying',
  'stopped',
  'done',
  'failed',
  'discarded',
]);
export const ImportOptions = Type.Object({
  /** People of the same source who are not in the file are leaving. Default true. */
  missing_leave: Type.Optional(Type.Boolean()),
  /** Departments of the same source without people in the file are dissolved. Default false. */
  missing_dissolve: Type.Optional(Type.Boolean()),
  /** Share of the source's people, 0 to 1, above which nothing is applied without confirmation. */
  leaver_guard: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
});
/** One import, from upload to done. */
export const ImportRun = Type.Object({
  id: Id,
  kind: Type.Enum(['csv', 'json', 'ldap', 'scim', 'demo']),
  source: Nullable(Type.Object({ id: Id, name: Type.String() })),
  state: ImportState,
  file_name: Nullable(Type.String()),
  /** Detected or chosen text encoding, WHATWG label (`utf-8`, `gb18030`, …). */
  encoding: Nullable(Type.String()),
  /** Encodings that can be chosen instead, likely ones first. */
  encodings: Type.Optional(Type.Array(Type.String())),
  /**
   * Columns of the file with up to three sample values each; empty for other kinds. `field` and `read`: what the column
   * became by the mapping as it is saved, and what each sample is read as; null where it cannot be.
   */
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      samples: Type.Array(Type.String()),
      field: Type.Optional(PeopleField),
      read: Type.Optional(Type.Array(Nullable(Type.String()))),
    }),
  ),
  /** Values of the status column with the number of their rows, the most frequent first. */
  status_values: Type.Optional(Type.Array(Type.Object({ value: Type.String(), rows: Type.Integer() }))),
  mapping: Nullable(ImportMapping),
  options: ImportOptions,
  /** By change kind, plus `unchanged`, `errors`, `warnings`, `rows`. */
  counts: Type.Record(Type.String(), Type.Number()),
  /** While checking or applying: `done` and `total`, in rows; after that the homeserver's part goes on by itself. */
  progress: Type.Record(Type.String(), Type.Number()),
  /** True when more people would leave than the guard allows. */
  guard_tripped: Type.Boolean(),
  error: Nullable(Type.Object({ code: Type.String(), message: Type.String() })),
  /** Matrix user id or `system:<part>`, and how that is called. */
  started_by: Type.String(),
  started_by_name: Type.String(),
  created_at: Timestamp,
  ended_at: Nullable(Timestamp),
});
export type ImportRun = Static<typeof ImportRun>;
export const ImportPage = Page(ImportRun);
/** `PUT /imports/:id/mapping`: corrected mapping, encoding, options; goes back to `uploaded`. */
export const PutImportMapping = Type.Object({
  mapping: ImportMapping,
  encoding: Type.Optional(Type.String({ maxLength: 40 })),
  options: Type.Optional(ImportOptions),
});
/** `POST /imports/:id/apply` */
export const ApplyImport = Type.Object({
  /** The guard was tripped and a person looked at the list of leavers. */
  confirm_leavers: Type.Optional(Type.Boolean()),
  /** Apply the good rows although others are bad. */
  skip_bad_rows: Type.Optional(Type.Boolean()),
});
export const ChangeKind = Type.Enum([
  'department_add',
  'department_change',
  'department_move',
  'department_dissolve',
  'person_add',
  'person_change',
  'person_move',
  'person_leave',
]);
/** `GET /imports/:id/changes?kind=` */
export const ImportChange = Type.Object({
  seq: Type.Integer(),
  kind: ChangeKind,
  /** Name of the person or department. */
  label: Type.String(),
  before: Nullable(Type.Record(Type.String(), Type.Unknown())),
  after: Nullable(Type.Record(Type.String(), Type.Unknown())),
});
export const ImportChangePage = Page(ImportChange);
/** `GET /imports/:id/problems` */
export const ImportProblem = Type.Object({
  seq: Type.Integer(),
  severity: Type.Enum(['error', 'warning']),
  /** Line in the file, from 1 with the header; null where a problem has no line. */
  line: Nullable(Type.Integer()),
  column: Nullable(Type.String()),
  code: Type.String(),
  /** In the reader's language. */
  message: Type.String(),
});
export const ImportProblemPage = Page(ImportProblem);

/** Sources: `GET /sources`, `POST /sources`, `PATCH /sources/:id`, `DELETE /sources/:id`, `POST /sources/:id/test`, `POST /sources/:id/run`. */
export const LdapSettings = Type.Object({
  url: Type.String({ pattern: '^ldaps?://', maxLength: 500 }),
  start_tls: Type.Optional(Type.Boolean()),
  bind_dn: Type.String({ maxLength: 1000 }),
  /** Write only: answers hold null. */
  bind_password: Type.Optional(Nullable(Type.String({ maxLength: 1000 }))),
  base_dn: Type.String({ maxLength: 1000 }),
  people_filter: Type.Optional(Type.String({ maxLength: 2000 })),
  department_filter: Type.Optional(Type.String({ maxLength: 2000 })),
  ca_certificate: Type.Optional(Nullable(Type.String({ maxLength: 20000 }))),
});
export const SourceKind = Type.Enum(['csv', 'json', 'ldap', 'scim']);
export const Source = Type.Object({
  id: Id,
  kind: SourceKind,
  name: Type.String(),
  /** csv, json: `{ path }` below the data folder's `import/`; ldap: LdapSettings; scim: `{}`. */
  settings: Type.Record(Type.String(), Type.Unknown()),
  mapping: Nullable(ImportMapping),
  schedule: Nullable(Type.String()),
  leaver_guard: Type.Number(),
  enabled: Type.Boolean(),
  last_run_at: Nullable(Timestamp),
  next_run_at: Nullable(Timestamp),
  people_count: Type.Integer(),
  version: Type.Integer(),
});
export type Source = Static<typeof Source>;
export const SourceList = Type.Object({ items: Type.Array(Source) });
export const CreateSource = Type.Object({
  kind: SourceKind,
  name: Name,
  settings: Type.Record(Type.String(), Type.Unknown()),
  mapping: Type.Optional(Nullable(ImportMapping)),
  schedule: Type.Optional(Nullable(Type.String({ maxLength: 100 }))),
  leaver_guard: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  enabled: Type.Optional(Type.Boolean()),
});
export const PatchSource = Type.Object({
  version: Type.Integer(),
  ...Type.Partial(Type.Omit(CreateSource, ['kind'])).properties,
});
/** `POST /sources/:id/handover`: its people are another source's from now on. */
export const SourceHandoverWish = Type.Object({ to_id: Id, dry_run: Type.Boolean() });
export const SourceHandover = Type.Object({
  /** Who goes over (would go, on a dry run). */
  people: Type.Integer(),
  /** Departments that go over with them: only to SCIM, which has departments of its own. */
  departments: Type.Integer(),
  /** Who stays, because somebody of the other source goes by their user name. */
  staying: Type.Integer(),
});
/** `GET /sources/by-hand`: people no source keeps in step, by name. */
export const PersonByHand = Type.Object({ ...PersonRef.properties, email: Nullable(Type.String()) });
export type PersonByHand = Static<typeof PersonByHand>;
export const PeopleByHand = Type.Object({ ...Page(PersonByHand).properties, total: Type.Integer() });
/** `POST /sources/:id/adopt`: people no source keeps in step are this one's from now on; all of them without ids. */
export const SourceAdoption = Type.Object({
  person_ids: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1000, uniqueItems: true })),
  dry_run: Type.Boolean(),
});
export const SourceTest = Type.Object({ ok: Type.Boolean(), people: Type.Integer(), message: Type.String() });

/** `GET /sources/attention`: what sources need a person for. */
export const SourcesAttention = Type.Object({
  /** People whom providers want gone while the guard waits for a yes. */
  held: Type.Array(
    Type.Object({
      source: Type.Object({ id: Id, name: Type.String() }),
      people: Type.Integer(),
      since: Timestamp,
      last_asked_at: Timestamp,
    }),
  ),
  /** Scheduled imports that stopped at a doubt. */
  imports: Type.Array(
    Type.Object({
      id: Id,
      source: Type.Object({ id: Id, name: Type.String() }),
      leaving: Type.Integer(),
      errors: Type.Integer(),
      guard_tripped: Type.Boolean(),
      checked_at: Timestamp,
    }),
  ),
  /** People with values that were not taken over. */
  untaken: Type.Array(
    Type.Object({ source: Type.Object({ id: Id, name: Type.String() }), people: Type.Integer() }),
  ),
});
export type SourcesAttention = Static<typeof SourcesAttention>;
/** `GET /sources/:id/held`: whom the guard holds, by name. */
export const HeldLeaver = Type.Object({ ...PersonRef.properties, since: Timestamp });
export type HeldLeaver = Static<typeof HeldLeaver>;
export const HeldLeavers = Type.Object({ ...Page(HeldLeaver).properties, as_of: Timestamp });
/** `POST /sources/:id/held`: about those who were held at the time. */
export const HeldDecision = Type.Object({ decision: Type.Enum(['let_go', 'keep']), as_of: Timestamp });
export const HeldDecided = Type.Object({ people: Type.Integer() });
/** `GET /sources/:id/untaken`: what a provider sent and the directory does not say. */
export const UntakenValue = Type.Object({
  person: PersonRef,
  attribute: Type.String(),
  code: Type.String(),
  value: Nullable(Type.String()),
  message: Type.String(),
});
export type UntakenValue = Static<typeof UntakenValue>;
export const UntakenPage = Page(UntakenValue);

/** SCIM tokens: `GET /scim-tokens`, `POST /scim-tokens`, `DELETE /scim-tokens/:id`. */
export const ScimToken = Type.Object({
  id: Id,
  name: Type.String(),
  /** The source it opens. */
  source: Type.Object({ id: Id, name: Type.String() }),
  created_by: Type.String(),
  created_at: Timestamp,
  last_used_at: Nullable(Timestamp),
  expires_at: Nullable(Timestamp),
});
export const ScimTokenList = Type.Object({ items: Type.Array(ScimToken), base_url: Type.String() });
export const CreateScimToken = Type.Object({
  name: Name,
  /** A source of kind `scim`. Where absent: the only one, made where there is none; of several one has to be named. */
  source_id: Type.Optional(Id),
  expires_at: Type.Optional(Nullable(Timestamp)),
});
/** The token is shown once. */
export const CreatedScimToken = Type.Object({ ...ScimToken.properties, token: Type.String() });

/** Leavers: `POST /people/:id/offboarding`. The account is locked at once. */
export const StartOffboarding = Type.Object({
  reason: Type.Optional(Nullable(Type.String({ maxLength: 1000 }))),
  /** Default receiver of what is owned; the manager where absent. */
  handover_to: Type.Optional(Id),
});
export const HandoverItem = Type.Object({
  id: Id,
  /** `report`, `department_head`, `role_grant`, `room`, or `<domain>.<noun>`. */
  kind: Type.String(),
  label: Type.String(),
  to: Nullable(PersonRef),
  /** Nobody takes it over, by decision. Open items have neither this nor `to`. */
  ends: Type.Boolean(),
  /** Carried out; happens when the leaver is closed. */
  done: Type.Boolean(),
});
/** Each check of a leaver's certificate, made against the homeserver's and our actual state. */
export const CertificateCheck = Type.Object({
  id: Type.Enum([
    'no_membership',
    'no_device',
    'no_token',
    'no_session',
    'no_sole_admin_room',
    'no_grant',
    'no_report',
    'keys_rotated',
    'account_closed',
  ]),
  ok: Type.Boolean(),
  count: Type.Integer(),
});
export const Certificate = Type.Object({
  checked_at: Timestamp,
  complete: Type.Boolean(),
  checks: Type.Array(CertificateCheck),
});
export const OffboardingState = Type.Enum(['suspended', 'closing', 'closed', 'undone']);
export const Offboarding = Type.Object({
  id: Id,
  person: PersonRef,
  state: OffboardingState,
  reason: Nullable(Type.String()),
  /** Matrix user id or `system:<part>`, and how that is called. */
  started_by: Type.String(),
  started_by_name: Type.String(),
  started_at: Timestamp,
  closed_at: Nullable(Timestamp),
  undo_until: Nullable(Timestamp),
  items_open: Type.Integer(),
});
export type Offboarding = Static<typeof Offboarding>;
export const OffboardingDetail = Type.Object({
  ...Offboarding.properties,
  items: Type.Array(HandoverItem),
  certificate: Nullable(Certificate),
});
export type OffboardingDetail = Static<typeof OffboardingDetail>;
/** `GET /offboardings`; then `PUT /offboardings/:id/items/:item`, `POST …/close`, `POST …/undo`, `POST …/check`. */
export const OffboardingQuery = Type.Object({
  ...PageQuery.properties,
  state: Type.Optional(OffboardingState),
});
export const OffboardingPage = Page(Offboarding);
export const PutHandoverItem = Type.Object({
  /** Null: nobody takes it over; it ends with the person. */
  to_person_id: Nullable(Id),
});
export const HandoverItemParams = Type.Object({ id: Id, item: Id });

/** `GET /provisioning`: how far the homeserver has what the directory says. */
export const Provisioning = Type.Object({
  /** Work left: accounts, spaces, rooms, joins, leaves, names. */
  pending: Type.Record(Type.String(), Type.Integer()),
  done: Type.Record(Type.String(), Type.Integer()),
  /** People whose joins wait for their first device with keys; not work that is left. */
  waiting: Type.Integer(),
  running: Type.Boolean(),
  /** False: stopped by a person; nothing more is sent until resumed. */
  enabled: Type.Boolean(),
  homeserver_ok: Type.Boolean(),
  problems: Type.Integer(),
  last_reconciled_at: Nullable(Timestamp),
  /** Language of rooms' topics and of what bots say to many; null: both. */
  language: Nullable(Language),
});
export type Provisioning = Static<typeof Provisioning>;
/** `PUT /provisioning`: stop or go on, choose the rooms' language. `POST /provisioning/reconcile`: compare with the homeserver now. */
export const PutProvisioning = Type.Object({
  enabled: Type.Optional(Type.Boolean()),
  language: Type.Optional(Nullable(Language)),
});
/** `GET /provisioning/problems` */
export const ProvisionProblem = Type.Object({
  subject: Type.String(),
  kind: Type.String(),
  code: Type.String(),
  message: Type.String(),
  attempts: Type.Integer(),
  last_at: Timestamp,
});
export const ProvisionProblemPage = Page(ProvisionProblem);
/** `POST /provisioning/problems/resolve`: what a person decides about an account that was there before. */
export const ResolveProblem = Type.Object({
  subject: Type.String(),
  action: Type.Enum(['retry', 'adopt', 'rename']),
  localpart: Type.Optional(Type.String({ maxLength: 100 })),
});
/** `GET /provisioning/drift` */
export const Drift = Type.Object({
  id: Type.Integer(),
  kind: Type.String(),
  subject: Type.String(),
  message: Type.String(),
  found_at: Timestamp,
  repaired_at: Nullable(Timestamp),
});
export const DriftPage = Page(Drift);
/** `GET /acts`: who changed what, the latest first; `GET /acts/export`: the same as CSV. */
const ActFilter = {
  /** `<kind>:<id>` of what was acted on. */
  subject: Type.Optional(Type.String({ maxLength: 200 })),
  /** A person who did it, or about whom it is. */
  person_id: Type.Optional(Id),
  action: Type.Optional(Type.Enum([...orgActs])),
  /** From this moment on, and before that one. */
  from: Type.Optional(Timestamp),
  to: Type.Optional(Timestamp),
  /** Words of names: of people, departments, roles, sources and files. */
  q: Type.Optional(Type.String({ maxLength: 200 })),
};
export const ActQuery = Type.Object({ ...PageQuery.properties, ...ActFilter });
export const ActExportQuery = Type.Object(ActFilter);
/** Who did something: a person, or a part of the system. */
export const ActorRef = Type.Object({
  /** Matrix user id, or `system:<part>`. */
  id: Type.String(),
  /** For people to read, in the caller's language. */
  name: Type.String(),
  /** Null: no person of ours. */
  person_id: Nullable(Id),
});
export type ActorRef = Static<typeof ActorRef>;
export const ActPage = Page(
  Type.Object({
    id: Type.Integer(),
    at: Timestamp,
    actor: ActorRef,
    action: Type.String(),
    /** What kind of act it is, and what happened, as a sentence. */
    type: Type.String(),
    text: Type.String(),
    subject: Type.String(),
    /** How a person, department, role or source is called now; null where it is none, or gone. */
    subject_name: Nullable(Type.String()),
    details: Type.Record(Type.String(), Type.Unknown()),
  }),
);
/** `GET /acts/types`: the kinds of acts, by name. */
export const ActTypes = Type.Object({
  items: Type.Array(Type.Object({ action: Type.String(), name: Type.String() })),
});
