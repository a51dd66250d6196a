/*
 * What can happen to the directory. Imports, SCIM, the console and the leaver flow all speak in these changes,
 * and one service applies them (`changes.service.ts`): there is no second way to write people or departments.
 */
import type { PersonTable } from './tables.ts';

/** Where a person is put; exactly one placement of a person is primary. */
export interface Placement {
  department_id: string;
  is_primary: boolean;
  is_head: boolean;
  title: string | null;
  /** First day, ISO 8601, where it is not `ChangeContext.on`; what the person leaves for it ends on that day. */
  since?: string;
}

export interface NewDepartment {
  id: string;
  external_id: string | null;
  name: string;
  parent_id: string | null;
  hidden: boolean;
  include_sub: boolean;
  position: number;
}

/** Editable facts of a person, as columns of `org.person`. */
export type PersonFacts = Pick<
  PersonTable,
  | 'external_id'
  | 'display_name'
  | 'given_name'
  | 'family_name'
  | 'email'
  | 'phone'
  | 'title'
  | 'locale'
  | 'manager_id'
  | 'starts_on'
  | 'ends_on'
>;

export interface NewPerson extends PersonFacts {
  id: string;
  /** Unique Matrix localpart, already checked. */
  localpart: string;
  source_id: string | null;
  /** Comes as somebody who does not work here (yet): no account, no link, nothing to hand over; `person_admit` begins. */
  inactive?: boolean;
}

/** One change; ids are made by the caller, so that changes of one set can refer to each other in any order. */
export type DirectoryChange =
  | { kind: 'department_add'; department: NewDepartment }
  | {
      kind: 'department_change';
      id: string;
      set: Partial<Pick<NewDepartment, 'name' | 'hidden' | 'include_sub' | 'position' | 'external_id'>>;
    }
  | { kind: 'department_move'; id: string; parent_id: string | null }
  /**
   * People still placed in it, and sub-departments, have to be moved by other changes of the same set. With `into`
   * (a merger) the visibility rules that name it name that department from now on; without, they are shown as
   * broken until somebody decides.
   */
  | { kind: 'department_end'; id: string; mode: 'dissolved' | 'converted'; into?: string }
  | { kind: 'person_add'; person: NewPerson; placements: Placement[] }
  | { kind: 'person_change'; id: string; set: Partial<PersonFacts & { localpart: string }> }
  /** Replaces the current placements: a mover. */
  | { kind: 'person_place'; id: string; placements: Placement[] }
  /** Somebody who came as inactive begins; others are passed over. */
  | { kind: 'person_admit'; id: string }
  /** Starts the leaver's life-cycle: locked now, handed over and closed later. */
  | { kind: 'person_leave'; id: string; reason: string | null };

/** A set too large to be held: lies in a file, and is read more than once. */
export interface StoredChanges {
  /** From the beginning each time; all changes of one person are in one part. */
  parts(): AsyncIterable<readonly DirectoryChange[]>;
}

export interface ChangeContext {
  /** Matrix user id of who did it, or `system:<job>`. */
  actor: string;
  /** Calendar date the changes hold from, ISO 8601. */
  on: string;
  /** Told now and then how many people of a large set are written; what it writes itself is seen before the commit. */
  progress?: (people: number) => Promise<void>;
}
