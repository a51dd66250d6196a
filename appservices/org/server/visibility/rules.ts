/*
 * Who may see and contact whom (ORG-6). The first rule whose viewer and target both fit decides; without one, all
 * is visible. Departments mean their whole subtree; titles are compared without case. Pure: no I/O.
 */
import type { Static } from 'typebox';
import type { PartySelector, VisibilityRule } from '../../contract/api.ts';
import type { DepartmentTree } from '../directory/tree.ts';

export type Rule = Static<typeof VisibilityRule>;
export type Selector = Static<typeof PartySelector>;

/** What the rules look at in a person. */
export interface Party {
  /** Departments the person is in, not those above. */
  readonly departments: readonly string[];
  /** The person's own title and those of the placements. */
  readonly titles: readonly string[];
  /** A guest, a partner, anybody without a person of ours. */
  readonly external: boolean;
}

export interface Decision {
  readonly see: boolean;
  readonly contact: boolean;
}

export const normalTitle = (title: string): string => title.normalize('NFKC').trim().toLowerCase();

/** A selector without conditions fits everybody. */
export function fits(selector: Selector, party: Party, tree: DepartmentTree): boolean {
  const { departments = [], titles = [], external } = selector;
  if (external !== undefined && external !== party.external) return false;
  if (departments.length > 0) {
    const below = tree.subtree(departments);
    if (!party.departments.some((id) => below.has(id))) return false;
  }
  if (titles.length > 0) {
    const wanted = new Set(titles.map(normalTitle));
    if (!party.titles.some((title) => wanted.has(normalTitle(title)))) return false;
  }
  return true;
}

/** The selector after a merger: what was said of `from` is said of `into`. The same object where it does not name it. */
export function followed(selector: Selector, from: string, into: string): Selector {
  const { departments } = selector;
  if (departments?.includes(from) !== true) return selector;
  return { ...selector, departments: [...new Set(departments.map((id) => (id === from ? into : id)))] };
}

/** Departments a rule names that are no more: it fits nobody by them. */
export function endedIn(
  rule: Rule,
  tree: DepartmentTree,
): { id: string; name: string; state: 'dissolved' | 'converted' }[] {
  const named = new Set([...(rule.viewer.departments ?? []), ...(rule.target.departments ?? [])]);
  return [...named].flatMap((id) => {
    const node = tree.get(id);
    return node === undefined || node.state === 'active' ? [] : [{ id, name: node.name, state: node.state }];
  });
}

/** What the rules say of one viewer and one target. */
export function decide(rules: readonly Rule[], viewer: Party, target: Party, tree: DepartmentTree): Decision {
  for (const rule of rules) {
    if (fits(rule.viewer, viewer, tree) && fits(rule.target, target, tree)) {
      return { see: rule.can_see, contact: rule.can_see && rule.can_contact };
    }
  }
  return { see: true, contact: true };
}

/** The rules that can concern a viewer: those whose viewer fits, up to the first that holds for every target. */
export function rulesFor(rules: readonly Rule[], viewer: Party, tree: DepartmentTree): Rule[] {
  const mine: Rule[] = [];
  for (const rule of rules) {
    if (!fits(rule.viewer, viewer, tree)) continue;
    mine.push(rule);
    const { departments = [], titles = [], external } = rule.target;
    if (departments.length === 0 && titles.length === 0 && external === undefined) break;
  }
  return mine;
}

/**
 * Departments a viewer does not get to see: those hidden themselves, or below a hidden one, unless the viewer is
 * inside of the nearest hidden one (and so of all above it).
 */
export function unseenDepartments(tree: DepartmentTree, viewerDepartments: readonly string[]): Set<string> {
  const inside = new Set(viewerDepartments.flatMap((id) => [id, ...tree.ancestors(id)]));
  const unseen = new Set<string>();
  for (const node of tree.ordered()) {
    const parentUnseen = node.parent_id !== null && unseen.has(node.parent_id);
    if (parentUnseen || (node.hidden && !inside.has(node.id))) unseen.add(node.id);
  }
  return unseen;
}
