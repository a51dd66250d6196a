import type { DirectoryChange, NewDepartment, NewPerson, Placement } from './changes.ts';
import type { OrgAct } from '../contract/acts.ts';
import { foldWidth } from './names.ts';

/** Writes down that something was done; see `platform.act`. */
export type WriteAct = (action: OrgAct, subject: string, details: Record<string, unknown>) => void;

type PersonSet = Extract<DirectoryChange, { kind: 'person_change' }>['set'];
type DepartmentSet = Extract<DirectoryChange, { kind: 'department_change' }>['set'];

/** The set, sorted by what it speaks of; of several changes to one thing the last wins field by field. */
export interface Sorted {
  departmentAdds: Map<string, NewDepartment>;
  departmentSets: Map<string, DepartmentSet>;
  departmentMoves: Map<string, string | null>;
  departmentEnds: Map<string, 'dissolved' | 'converted'>;
  /** Of departments that are merged: into which. */
  mergers: Map<string, string>;
  personAdds: Map<string, NewPerson>;
  personSets: Map<string, PersonSet>;
  places: Map<string, Placement[]>;
  admits: Set<string>;
  leaves: Map<string, string | null>;
}

/** Sorts a set, or a part of one. */
export function sort(changes: readonly DirectoryChange[]): Sorted {
  const sorted: Sorted = {
    departmentAdds: new Map(),
    departmentSets: new Map(),
    departmentMoves: new Map(),
    departmentEnds: new Map(),
    mergers: new Map(),
    personAdds: new Map(),
    personSets: new Map(),
    places: new Map(),
    admits: new Set(),
    leaves: new Map(),
  };
  for (const change of changes) {
    switch (change.kind) {
      case 'department_add':
        sorted.departmentAdds.set(change.department.id, change.department);
        break;
      case 'department_change':
        sorted.departmentSets.set(change.id, { ...sorted.departmentSets.get(change.id), ...change.set });
        break;
      case 'department_move':
        sorted.departmentMoves.set(change.id, change.parent_id);
        break;
      case 'department_end':
        sorted.departmentEnds.set(change.id, change.mode);
        if (change.into !== undefined) sorted.mergers.set(change.id, change.into);
        break;
      case 'person_add':
        sorted.personAdds.set(change.person.id, { ...change.person, ...folded(change.person) });
        if (change.placements.length > 0) sorted.places.set(change.person.id, change.placements);
        break;
      case 'person_change':
        sorted.personSets.set(change.id, {
          ...sorted.personSets.get(change.id),
          ...change.set,
          ...folded(change.set),
        });
        break;
      case 'person_place':
        sorted.places.set(change.id, change.placements);
        break;
      case 'person_admit':
        sorted.admits.add(change.id);
        break;
      case 'person_leave':
        sorted.leaves.set(change.id, change.reason);
        break;
    }
  }
  return sorted;
}

/** What is compared and not read, in one width, whoever writes it. */
function folded(set: PersonSet): PersonSet {
  const { email, external_id, phone, localpart } = set;
  return {
    ...(email ? { email: foldWidth(email) } : {}),
    ...(external_id ? { external_id: foldWidth(external_id) } : {}),
    ...(phone ? { phone: foldWidth(phone) } : {}),
    ...(localpart ? { localpart: foldWidth(localpart) } : {}),
  };
}

/** Fields of `next` that differ from `row`. */
export function differing<T extends object>(row: T, next: Partial<T>): (keyof T & string)[] {
  return (Object.keys(next) as (keyof T & string)[]).filter(
    (key) => next[key] !== undefined && next[key] !== row[key],
  );
}
