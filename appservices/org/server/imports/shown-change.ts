import type { DirectoryChange } from '../changes.ts';
import type { ChangeKind } from '../tables.ts';

/** What a difference is made by. */
export interface DifferenceOptions {
  source_id: string | null;
  missing_leave: boolean;
  missing_dissolve: boolean;
  /** Share of the source's people, 0 to 1. */
  leaver_guard: number;
  /** People of the source who have gone within the last day without anybody having been asked. */
  gone: number;
  newId: () => string;
}

/** One line of what would change, in words a person can check. */
export interface ShownChange {
  kind: ChangeKind;
  subject: string;
  label: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

/** Takes what the difference finds, one thing at a time: what is done and what people are shown of it. */
export type EmitChange = (change: DirectoryChange, shown: ShownChange) => void;
