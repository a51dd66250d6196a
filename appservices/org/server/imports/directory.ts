import type { PersonFacts, Placement } from '../changes.ts';
import type { PersonStatus } from '../tables.ts';

/** An active department as it is now. */
export interface CurrentDepartment {
  id: string;
  external_id: string | null;
  name: string;
  parent_id: string | null;
  hidden: boolean;
  include_sub: boolean;
  position: number;
  /** People of the import's source have been in it. */
  of_source: boolean;
}

/** A person as now, with current placements. */
export interface CurrentPerson extends PersonFacts {
  id: string;
  localpart: string;
  status: PersonStatus;
  source_id: string | null;
  placements: Placement[];
}

/** The whole directory at one version; what a difference is made against. */
export interface Directory {
  version: number;
  departments: CurrentDepartment[];
  people: CurrentPerson[];
}
