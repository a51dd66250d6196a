import { sql } from 'kysely';
import type { OrgDb, OrgTrx } from './tables.ts';

/*
 * The one rule of how many people may leave without a person being asked: for files, LDAP and SCIM, by hand and on a
 * schedule (ADR 101). What a source lets go by itself is counted together over a day, however it comes: in one file, in
 * one file every quarter of an hour, or in single calls.
 */

/** Who acts for a source that nobody has started by hand. */
export const sourceActors = {
  scim: (sourceId: string): string => `system:scim:${sourceId}`,
  schedule: 'system:org.run-due-sources',
} as const;

const DAY_MS = 24 * 60 * 60 * 1000;
/** Leavers within a day that single calls may always bring: small companies have leavers, too. */
const FEW = 5;

/** What a source has done by itself within the last day. */
export interface LeavingSoFar {
  /** People of the source at the beginning of the day who are still there or have gone since. */
  people: number;
  /** Those who have gone, without anybody having been asked. */
  gone: number;
}

/** A source's limit (`leaver_guard`) as it was typed; the database keeps it as a `real`. */
const shareOf = (leaverGuard: number): number => Math.round(leaverGuard * 10_000) / 10_000;

/**
 * How many of a source's people may leave within a day. `few`: single leavers go whatever the share is, but less than
 * half of the people (of one or two people one). A limit of nothing always asks.
 */
export function leaversAllowed(people: number, leaverGuard: number, options: { few: boolean }): number {
  const share = shareOf(leaverGuard);
  const allowed = Math.floor(share * people);
  if (!options.few || share === 0) return allowed;
  return Math.max(allowed, Math.min(FEW, Math.max(1, Math.ceil(people / 2) - 1)));
}

/** Whether letting `leaving` people go has to wait for a person's yes. */
export function guardHolds(
  leaving: number,
  sofar: LeavingSoFar,
  leaverGuard: number,
  options: { few: boolean },
): boolean {
  return leaving > 0 && sofar.gone + leaving > leaversAllowed(sofar.people, leaverGuard, options);
}

/**
 * People of the source, and those of them whom it has let go within a day by itself: what a person has confirmed is
 * begun in that person's name, and who came as inactive was never here, so neither counts.
 */
export async function leavingSoFar(on: OrgDb | OrgTrx, sourceId: string, now: Date): Promise<LeavingSoFar> {
  const { rows } = await sql<{ alive: number; gone: number }>`select
      (select count(*) from org.person
        where source_id = ${sourceId}::uuid and status in ('joining', 'active')) as alive,
      (select count(distinct o.person_id) from org.offboarding o join org.person p on p.id = o.person_id
        where p.source_id = ${sourceId}::uuid and o.started_by in (${sourceActors.scim(sourceId)}, ${sourceActors.schedule}) and o.state <> 'undone'
          and o.started_at > ${new Date(now.getTime() - DAY_MS)}) as gone`.execute(on);
  const { alive = 0, gone = 0 } = rows[0] ?? {};
  return { people: alive + gone, gone };
}
