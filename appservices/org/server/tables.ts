import type { ColumnType, Generated, Kysely, Transaction } from 'kysely';

type Timestamp = ColumnType<Date, Date | string, Date | string>;
type Json<T> = ColumnType<T, string, string>;
/** ISO 8601 calendar date, `YYYY-MM-DD`. */
type CalendarDate = string;

export interface WorkspaceTable {
  one: Generated<boolean>;
  company_space_id: string | null;
  applied_name: string | null;
  settings: Json<Record<string, unknown>>;
  pilot_confirmed_at: Timestamp | null;
  rollout_confirmed_at: Timestamp | null;
}
export interface DepartmentTable {
  id: string;
  external_id: string | null;
  name: string;
  parent_id: string | null;
  position: Generated<number>;
  hidden: Generated<boolean>;
  include_sub: Generated<boolean>;
  state: ColumnType<DepartmentState, DepartmentState | undefined, DepartmentState>;
  space_id: string | null;
  room_id: string | null;
  applied: ColumnType<Record<string, unknown>, string | undefined, string>;
  version: Generated<number>;
  created_at: ColumnType<Date, Date | undefined, never>;
  ended_at: Timestamp | null;
}
export type DepartmentState = 'active' | 'dissolved' | 'converted';
export type PersonStatus = 'joining' | 'active' | 'suspended' | 'left';
export type AccountState = 'none' | 'created' | 'locked' | 'deactivated';
export interface PersonTable {
  id: string;
  external_id: string | null;
  localpart: string;
  display_name: string;
  given_name: string | null;
  family_name: string | null;
  email: string | null;
  phone: string | null;
  title: string | null;
  locale: 'zh-Hans' | 'en' | null;
  reads: ColumnType<'zh-Hans' | 'en' | null, 'zh-Hans' | 'en' | null | undefined, 'zh-Hans' | 'en' | null>;
  manager_id: string | null;
  status: ColumnType<PersonStatus, PersonStatus | undefined, PersonStatus>;
  account: ColumnType<AccountState, AccountState | undefined, AccountState>;
  applied_name: string | null;
  applied_email: string | null;
  applied_names: ColumnType<string | null, string | null | undefined, string | null>;
  names_told: Generated<string[]>;
  activated_at: Timestamp | null;
  links_ended_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  greeted_at: Timestamp | null;
  keys_at: Timestamp | null;
  starts_on: CalendarDate | null;
  ends_on: CalendarDate | null;
  source_id: string | null;
  search: Generated<string>;
  sort_name: Generated<string>;
  sort_rule: Generated<number>;
  version: Generated<number>;
  created_at: ColumnType<Date, Date | undefined, never>;
  updated_at: ColumnType<Date, Date | undefined, Date>;
}
export interface MembershipTable {
  id: string;
  person_id: string;
  department_id: string;
  is_primary: Generated<boolean>;
  is_head: Generated<boolean>;
  title: string | null;
  since: CalendarDate;
  until: CalendarDate | null;
}
export interface RoomMemberTable {
  room_id: string;
  person_id: string;
  joined_at: ColumnType<Date, Date | undefined, Date>;
}
export interface RoleTable {
  id: string;
  name: string;
  builtin: string | null;
  permissions: string[];
  version: Generated<number>;
}
export interface RoleGrantTable {
  id: string;
  person_id: string;
  role_id: string;
  department_id: string | null;
  granted_by: string;
  granted_at: ColumnType<Date, Date | undefined, never>;
  ends_at: Timestamp | null;
}
export interface VisibilityRuleTable {
  id: string;
  position: number;
  viewer: Json<unknown>;
  target: Json<unknown>;
  can_see: boolean;
  can_contact: boolean;
  note: string | null;
}
export interface ActivationTable {
  token_hash: Buffer;
  person_id: string;
  created_at: Timestamp;
  expires_at: Timestamp;
  used_at: Timestamp | null;
  id: Generated<string>;
  way: Generated<'dialog' | 'list' | 'sheet' | 'mail'>;
  made_by: Generated<string>;
  mail_id: string | null;
  /** The address the mail went to: the link ends with it. */
  sent_to: string | null;
}
export interface ActivationMailingTable {
  id: string;
  started_by: string;
  started_at: Timestamp;
  without_email: string[];
}
export interface PasswordRequestTable {
  id: string;
  person_id: string;
  first_at: Timestamp;
  last_at: Timestamp;
  times: Generated<number>;
  state: 'open' | 'mailed' | 'done' | 'closed';
  mail_id: string | null;
  mailed_at: Timestamp | null;
  /** When administrators were told. */
  told_at: Timestamp | null;
}
export interface SourceTable {
  id: string;
  kind: 'csv' | 'json' | 'ldap' | 'scim';
  name: string;
  settings: ColumnType<Record<string, unknown>, string | undefined, string>;
  mapping: ColumnType<unknown, string | null | undefined, string | null>;
  schedule: string | null;
  leaver_guard: Generated<number>;
  enabled: Generated<boolean>;
  last_run_at: Timestamp | null;
  next_run_at: Timestamp | null;
  version: Generated<number>;
}
export type ImportState =
  'uploaded' | 'checking' | 'checked' | 'applying' | 'stopped' | 'done' | 'failed' | 'discarded';
export interface ImportRunTable {
  id: string;
  source_id: string | null;
  kind: string;
  state: ImportState;
  file_name: string | null;
  file_path: string | null;
  encoding: string | null;
  mapping: ColumnType<unknown, string | null | undefined, string | null>;
  options: ColumnType<Record<string, unknown>, string | undefined, string>;
  counts: ColumnType<Record<string, number>, string | undefined, string>;
  progress: ColumnType<Record<string, number>, string | undefined, string>;
  error: ColumnType<unknown, string | null | undefined, string | null>;
  base_version: number | null;
  /** See `imports/read-file.ts`, FileFacts. */
  file: ColumnType<Record<string, unknown>, string | undefined, string>;
  started_by: string;
  created_at: ColumnType<Date, Date | undefined, never>;
  checked_at: Timestamp | null;
  applied_at: Timestamp | null;
  ended_at: Timestamp | null;
}
export type ChangeKind =
  | 'department_add'
  | 'department_change'
  | 'department_move'
  | 'department_dissolve'
  | 'person_add'
  | 'person_change'
  | 'person_move'
  | 'person_leave';
export interface ImportChangeTable {
  run_id: string;
  seq: number;
  kind: ChangeKind;
  subject: string;
  label: string;
  before: ColumnType<Record<string, unknown> | null, string | null, string | null>;
  after: ColumnType<Record<string, unknown> | null, string | null, string | null>;
}
export interface ImportProblemTable {
  run_id: string;
  seq: number;
  severity: 'error' | 'warning';
  line: number | null;
  column_name: string | null;
  code: string;
  params: ColumnType<Record<string, string | number>, string | undefined, string>;
}
export interface OffboardingTable {
  id: string;
  person_id: string;
  state: 'suspended' | 'closing' | 'closed' | 'undone';
  started_by: string;
  started_at: Timestamp;
  closed_at: Timestamp | null;
  undo_until: Timestamp | null;
  undone_at: Timestamp | null;
  reason: string | null;
  snapshot: ColumnType<Record<string, unknown>, string | undefined, string>;
  certificate: ColumnType<unknown, string | null | undefined, string | null>;
}
export interface HandoverItemTable {
  id: string;
  offboarding_id: string;
  kind: string;
  subject: string;
  label: string;
  to_person_id: string | null;
  done_at: Timestamp | null;
}
export interface ProvisionProblemTable {
  subject: string;
  kind: string;
  code: string;
  detail: string | null;
  attempts: Generated<number>;
  first_at: ColumnType<Date, Date | undefined, never>;
  last_at: ColumnType<Date, Date | undefined, Date>;
}
export interface DriftTable {
  id: Generated<number>;
  found_at: ColumnType<Date, Date | undefined, never>;
  kind: string;
  subject: string;
  detail: ColumnType<Record<string, unknown>, string | undefined, string>;
  repaired_at: Timestamp | null;
}
export interface ScimTokenTable {
  id: string;
  name: string;
  token_hash: Buffer;
  source_id: string;
  created_by: string;
  created_at: ColumnType<Date, Date | undefined, never>;
  last_used_at: Timestamp | null;
  expires_at: Timestamp | null;
}

/** The tables of schema `org`, as kysely sees them. */
export interface ConversationTable {
  id: string;
  kind: 'direct' | 'group';
  room_id: string | null;
  external: boolean;
  history: 'shared' | 'joined';
  requested_by: string;
  pair_key: string | null;
  request_key: string | null;
  predecessor: string | null;
  claimed_at: Timestamp;
  created_at: ColumnType<Date, Date, never>;
}
export interface OrgTables {
  'org.workspace': WorkspaceTable;
  'org.department': DepartmentTable;
  'org.person': PersonTable;
  'org.membership': MembershipTable;
  'org.room_member': RoomMemberTable;
  'org.role': RoleTable;
  'org.role_grant': RoleGrantTable;
  'org.visibility_rule': VisibilityRuleTable;
  'org.activation': ActivationTable;
  'org.activation_mailing': ActivationMailingTable;
  'org.password_request': PasswordRequestTable;
  'org.source': SourceTable;
  'org.import_run': ImportRunTable;
  'org.import_change': ImportChangeTable;
  'org.import_problem': ImportProblemTable;
  'org.offboarding': OffboardingTable;
  'org.handover_item': HandoverItemTable;
  'org.provision_problem': ProvisionProblemTable;
  'org.drift': DriftTable;
  'org.scim_token': ScimTokenTable;
  'org.conversation': ConversationTable;
}
export type OrgDb = Kysely<OrgTables>;
export type OrgTrx = Transaction<OrgTables>;

/** A transaction of ours as the platform's services take it: they write tables of their own with it. */
export const outerTrx = (trx: OrgTrx): Transaction<never> => trx as unknown as Transaction<never>;
