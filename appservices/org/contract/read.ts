/*
 * What other domains may ask of the organisation, offered as `org.read`. It answers with facts, not with rights:
 * whether the person asking may know them is for the caller's policy to say (`maySee`, `mayContact`).
 */

/** Name under which org offers `OrgRead`: `context.use(ORG_READ) as OrgRead`. */
export const ORG_READ = 'org.read';

export interface OrgPerson {
  readonly id: string;
  /** Matrix user id. */
  readonly user_id: string;
  readonly display_name: string;
  readonly title: string | null;
  /** The language in which the person last used the client, else what the directory's source says. */
  readonly locale: 'zh-Hans' | 'en' | null;
  readonly manager_id: string | null;
  readonly status: 'joining' | 'active' | 'suspended' | 'left';
}

export interface OrgDepartment {
  readonly id: string;
  readonly name: string;
  readonly parent_id: string | null;
  readonly state: 'active' | 'dissolved' | 'converted';
  readonly hidden: boolean;
  /** Whether its room holds the people of the departments below, too. */
  readonly include_sub: boolean;
  /** The department's room; null while it is not made yet. */
  readonly room_id: string | null;
}

export interface OrgPlacement {
  readonly department: OrgDepartment;
  readonly is_primary: boolean;
  readonly is_head: boolean;
  readonly title: string | null;
}

/** A role as others name it: a built-in one has a text for its name, `org:roles.<builtin>`. */
export interface OrgRole {
  readonly id: string;
  readonly name: string;
  readonly builtin: 'main_admin' | 'department_admin' | null;
}

/** All answers are of now and safe to ask outside of transactions; unknown ids give undefined or nothing. */
export interface OrgRead {
  personByUserId(userId: string): Promise<OrgPerson | undefined>;
  person(id: string): Promise<OrgPerson | undefined>;
  /** In no order; unknown ids are left out. */
  people(ids: readonly string[]): Promise<OrgPerson[]>;
  /**
   * The n-th manager above a person: 1 is the direct one. People who are suspended or have left are passed over,
   * so that a request never waits for somebody who is gone. Undefined above the top.
   */
  managerOf(personId: string, n?: number): Promise<OrgPerson | undefined>;
  /** From the direct manager to the top, whoever they are. */
  reportingLine(personId: string): Promise<OrgPerson[]>;
  /** Present heads; with `climb`, of the nearest department above where it has none itself. */
  headsOf(departmentId: string, options?: { climb?: boolean }): Promise<OrgPerson[]>;
  department(id: string): Promise<OrgDepartment | undefined>;
  /** All active departments, in no order. */
  departments(): Promise<OrgDepartment[]>;
  /** Everybody whose account works. */
  everybody(): Promise<OrgPerson[]>;
  /** Roles that people are given, in no order: without that of a member, which everybody has. */
  roles(): Promise<OrgRole[]>;
  /** People whose account works, and who hold the role anywhere now. */
  roleHolders(roleId: string): Promise<OrgPerson[]>;
  /** Roles a person holds anywhere now. */
  roleIdsOf(personId: string): Promise<string[]>;
  /** Language of the company, where a person has none. */
  locale(): Promise<'zh-Hans' | 'en'>;
  /** Languages of what is said to many, in this order: the company's, or both where it has chosen none. */
  roomLocales(): Promise<readonly ('zh-Hans' | 'en')[]>;
  /** Current placements, primary first. */
  departmentsOf(personId: string): Promise<OrgPlacement[]>;
  /** People here (joining or active) directly in a department. */
  members(departmentId: string): Promise<OrgPerson[]>;
  /** The same for a department with everything below. */
  subtreeMembers(departmentId: string): Promise<OrgPerson[]>;
  /** Whether a person is in a department or below it. */
  isWithin(personId: string, departmentId: string): Promise<boolean>;
  /** The visibility rules: may a member see, or contact, a person? */
  maySee(viewerUserId: string, personId: string): Promise<boolean>;
  mayContact(viewerUserId: string, personId: string): Promise<boolean>;
}
