import type { Locale, Texts } from '@qiao/platform';
import { sql } from 'kysely';
import type { ActorRef } from '../contract/api.ts';
import type { OrgDb } from './tables.ts';

/** Names of the parts of the system that act without a person. */
const SYSTEM: Readonly<Record<string, string>> = {
  'system:org.run-due-sources': 'schedule',
  'system:command': 'command',
  'system:org.demo': 'command',
  'system:first-admin': 'first_admin',
  'system:org.daily-life-cycle': 'daily',
};
const SCIM = /^system:scim:([0-9a-f-]{36})$/;

/** Who did something, as people read it: their name, or the part of the system it was. */
export async function actorNames(
  org: { readonly db: OrgDb; readonly serverName: string; readonly texts: Texts },
  actors: Iterable<string>,
  locale: Locale,
): Promise<(actor: string) => ActorRef> {
  const { db, serverName, texts } = org;
  const all = [...new Set(actors)];
  const suffix = `:${serverName}`;
  const localparts = all.flatMap((actor) =>
    actor.startsWith('@') && actor.endsWith(suffix) ? [actor.slice(1, -suffix.length)] : [],
  );
  const sources = all.flatMap((actor) => SCIM.exec(actor)?.[1] ?? []);
  const [people, named] = await Promise.all([
    sql<{ id: string; localpart: string; display_name: string }>`select id, localpart, display_name
      from org.person where localpart = any(${localparts})`.execute(db),
    sql<{
      id: string;
      name: string;
    }>`select id, name from org.source where id = any(${sources}::uuid[])`.execute(db),
  ]);
  const byLocalpart = new Map(people.rows.map((row) => [row.localpart, row]));
  const sourceNames = new Map(named.rows.map((row) => [row.id, row.name]));
  const say = (key: string, params?: Record<string, unknown>): string =>
    texts.t(locale, `org:acts.${key}`, params);
  return (actor) => {
    if (actor.startsWith('@')) {
      const person = actor.endsWith(suffix) ? byLocalpart.get(actor.slice(1, -suffix.length)) : undefined;
      // Somebody of another server has no name here.
      return { id: actor, name: person?.display_name ?? actor, person_id: person?.id ?? null };
    }
    const source = SCIM.exec(actor)?.[1];
    const name =
      source === undefined
        ? say(`actors.${SYSTEM[actor] ?? 'system'}`)
        : say('actors.scim', { source: sourceNames.get(source) ?? say('gone') });
    return { id: actor, name, person_id: null };
  };
}
