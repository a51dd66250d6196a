import { cutPage, platformErrors, readCursor, writeCursor, type Actor } from '@qiao/platform';
import type { Transaction } from 'kysely';
import { peopleRepository, type PlaceRow, type RefRow } from '../directory/people.repository.ts';
import { searchWords } from '../directory/search.ts';
import { loadTree } from '../directory/tree.repository.ts';
import type { DepartmentNode, DepartmentTree } from '../directory/tree.ts';
import { localpartOf, type Holder } from '../roles/roles.service.ts';
import type { OrgContext } from '../context.ts';
import type { OrgDb, OrgTrx } from '../tables.ts';
import {
  directoryRepository as directory,
  type ContactRow,
  type DirectoryRow,
} from './directory.repository.ts';
import { decide, endedIn, rulesFor, unseenDepartments, type Party, type Rule } from './rules.ts';
import { visibilityRepository as repository, type View } from './visibility.repository.ts';

export type VisibilityContext = Pick<OrgContext, 'acts' | 'db' | 'random'>;

export interface DirectoryEntry extends DirectoryRow {
  places: PlaceRow[];
}
export interface DirectoryProfileRow extends DirectoryEntry {
  line: RefRow[];
  reports: RefRow[];
}

/** A rule with the departments it names in vain. */
export type ShownRule = Rule & { ended: ReturnType<typeof endedIn> };

const shown = (rules: readonly Rule[], tree: DepartmentTree): ShownRule[] =>
  rules.map((rule) => ({ ...rule, ended: endedIn(rule, tree) }));

/** The directory as ordinary people see it, and the rules behind it. */
export function createVisibility(context: VisibilityContext) {
  const { acts, random } = context;
  const db = context.db as OrgDb;

  /** What an active person of ours sees; undefined for anybody else. */
  async function viewOf(actor: Actor, on: OrgDb | OrgTrx = db): Promise<View | undefined> {
    if (!actor.local) return undefined;
    const viewer = await repository.viewer(on, localpartOf(actor.userId));
    if (!viewer) return undefined;
    const tree = await loadTree(on);
    const party: Party = {
      departments: viewer.departments,
      titles: [...viewer.titles, ...(viewer.title === null ? [] : [viewer.title])],
      external: false,
    };
    const rules = rulesFor(await repository.rules(on), party, tree);
    return { tree, viewer, party, rules, unseen: unseenDepartments(tree, viewer.departments) };
  }

  async function requireView({ actor, held }: Holder): Promise<View> {
    if (!held.somewhere('org.directory.read')) throw platformErrors.not_allowed();
    const view = await viewOf(actor);
    if (!view) throw platformErrors.not_allowed();
    return view;
  }

  async function withPlaces(view: View, rows: readonly DirectoryRow[]): Promise<DirectoryEntry[]> {
    const places = await peopleRepository.places(
      db,
      rows.map((row) => row.id),
    );
    return rows.map((row) => ({
      ...row,
      places: (places.get(row.id) ?? []).filter((place) => !view.unseen.has(place.department_id)),
    }));
  }

  return {
    viewOf,

    /** Those of the people whom the actor sees in the directory. */
    async seen(actor: Actor, ids: readonly string[], on: OrgDb | OrgTrx = db): Promise<Set<string>> {
      if (ids.length === 0) return new Set();
      const view = await viewOf(actor, on);
      return view ? directory.seen(on, view, ids) : new Set();
    },

    /** Whether one person may see, and may contact, another. */
    async between(viewerUserId: string, targetId: string): Promise<{ see: boolean; contact: boolean }> {
      const view = await viewOf({ userId: viewerUserId, local: true });
      if (!view) return { see: false, contact: false };
      const see = (await directory.seen(db, view, [targetId])).has(targetId);
      return { see, contact: see && (await directory.contact(db, view, targetId)) };
    },

    /**
     * What an active person of ours may do with accounts of this server, by localpart; those who are not seen are
     * left out. `external`: whether the rules let the person write to people of other servers. Undefined for anybody
     * who is no active person of ours.
     */
    async contacts(
      actor: Actor,
      localparts: readonly string[],
    ): Promise<{ people: Map<string, ContactRow>; external: boolean } | undefined> {
      const view = await viewOf(actor);
      if (!view) return undefined;
      const rows = localparts.length === 0 ? [] : await directory.contacts(db, view, localparts);
      const outsider: Party = { departments: [], titles: [], external: true };
      return {
        people: new Map(rows.map((row) => [row.localpart, row])),
        external: decide(view.rules, view.party, outsider, view.tree).contact,
      };
    },

    async listRules({ held }: Holder): Promise<ShownRule[]> {
      const tree = await loadTree(db);
      if (!held.over('org.visibility.edit', null, tree)) throw platformErrors.not_allowed();
      return shown(await repository.rules(db), tree);
    },

    async putRules({ actor, held }: Holder, rules: readonly Rule[]): Promise<ShownRule[]> {
      const tree = await loadTree(db);
      if (!held.over('org.visibility.edit', null, tree)) throw platformErrors.not_allowed();
      const named = rules.flatMap((rule) => [
        ...(rule.viewer.departments ?? []),
        ...(rule.target.departments ?? []),
      ]);
      if (named.some((id) => tree.get(id) === undefined)) throw platformErrors.not_found();
      // Somebody who is not seen cannot be contacted.
      const kept = rules.map((rule) => ({
        ...rule,
        note: rule.note ?? null,
        can_contact: rule.can_see && rule.can_contact,
        id: random.uuid(),
      }));
      await db.transaction().execute(async (trx) => {
        const before = await repository.rules(trx);
        await repository.replaceRules(trx, kept);
        await acts.record(trx as unknown as Transaction<never>, {
          actor: actor.userId,
          action: 'org.visibility.change',
          subject: 'workspace:visibility',
          scope: 'company',
          details: { before, after: kept.map(({ id: _id, ...rule }) => rule) },
        });
      });
      return shown(await repository.rules(db), await loadTree(db));
    },

    async search(
      holder: Holder,
      query: {
        q?: string;
        department_id?: string;
        subtree?: boolean;
        /** Local parts of accounts of ours: these people alone. */
        localparts?: readonly string[];
        after?: string;
        limit: number;
      },
    ): Promise<{ items: DirectoryEntry[]; next: string | null }> {
      const view = await requireView(holder);
      const after = readCursor(query.after);
      let departments: Set<string> | undefined;
      if (query.department_id !== undefined) {
        const node = view.tree.get(query.department_id);
        if (node?.state !== 'active' || view.unseen.has(node.id)) throw platformErrors.not_found();
        const all = query.subtree === false ? [node.id] : [...view.tree.subtree([node.id])];
        departments = new Set(all.filter((id) => !view.unseen.has(id)));
      }
      const rows = await directory.search(db, view, {
        words: searchWords(query.q),
        departments,
        localparts: query.localparts,
        after,
        limit: query.limit + 1,
      });
      const { page, next } = cutPage(rows, query.limit, (row) => writeCursor(row.sort_name, row.id));
      return { items: await withPlaces(view, page), next };
    },

    async departments(holder: Holder): Promise<{ node: DepartmentNode; count: number }[]> {
      const view = await requireView(holder);
      const counts = await directory.counts(db, view);
      return view.tree
        .ordered()
        .filter((node) => node.state === 'active' && !view.unseen.has(node.id))
        .map((node) => ({ node, count: counts.get(node.id) ?? 0 }));
    },

    async profile(holder: Holder, id: string): Promise<DirectoryProfileRow> {
      const view = await requireView(holder);
      const row = await directory.find(db, view, id);
      if (!row) throw platformErrors.not_found();
      const [entry] = await withPlaces(view, [row]);
      if (!entry) throw platformErrors.not_found();
      const line = await peopleRepository.reportingLine(db, id);
      const seen = await directory.seen(
        db,
        view,
        line.map((one) => one.id),
      );
      return {
        ...entry,
        line: line.filter((one) => seen.has(one.id)),
        reports: await directory.reports(db, view, id),
      };
    },
  };
}
export type Visibility = ReturnType<typeof createVisibility>;
