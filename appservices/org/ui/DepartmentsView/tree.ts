import type { Department } from '@qiao/org/contract';

/** Children by parent (null: top), each list in its order. */
export interface Tree {
  readonly byId: ReadonlyMap<string, Department>;
  readonly children: ReadonlyMap<string | null, readonly Department[]>;
}

/** Where a department is put: below `parent`, before what is at `index` (the moved one not counted). */
export interface Place {
  readonly parent: string | null;
  readonly index: number;
}

/** One line of the tree as it is shown. */
export interface Row {
  readonly department: Department;
  /** From 1. */
  readonly level: number;
  readonly hasChildren: boolean;
  readonly expanded: boolean;
  readonly posInSet: number;
  readonly setSize: number;
  readonly parent: string | null;
}

/** A department whose parent is not visible to the reader stands at the top. */
export function buildTree(departments: readonly Department[], moved?: { id: string; place: Place }): Tree {
  const byId = new Map(departments.map((each) => [each.id, each]));
  const children = new Map<string | null, Department[]>();
  for (const each of departments) {
    if (each.id === moved?.id) continue;
    const parent = each.parent_id !== null && byId.has(each.parent_id) ? each.parent_id : null;
    const list = children.get(parent);
    if (list) list.push(each);
    else children.set(parent, [each]);
  }
  for (const list of children.values()) {
    list.sort((one, other) => one.position - other.position || one.name.localeCompare(other.name));
  }
  const department = moved && byId.get(moved.id);
  if (moved && department) {
    const list = children.get(moved.place.parent) ?? [];
    list.splice(Math.min(moved.place.index, list.length), 0, department);
    children.set(moved.place.parent, list);
  }
  return { byId, children };
}

export const childrenOf = (tree: Tree, id: string | null): readonly Department[] =>
  tree.children.get(id) ?? [];

/** Whether `id` is `above` itself or stands anywhere below it. */
export function isWithin(tree: Tree, id: string | null, above: string): boolean {
  let at = id;
  for (let steps = 0; at !== null && steps < 100; steps++) {
    if (at === above) return true;
    at = tree.byId.get(at)?.parent_id ?? null;
  }
  return false;
}

/** The lines to show. With a `filter`, what matches and the way to it; everything is open then. */
export function visibleRows(tree: Tree, expanded: ReadonlySet<string>, filter = ''): readonly Row[] {
  const wanted = filter.trim().toLowerCase();
  const kept = wanted === '' ? undefined : new Set<string>();
  if (kept) {
    for (const each of tree.byId.values()) {
      if (!each.name.toLowerCase().includes(wanted)) continue;
      let at: Department | undefined = each;
      while (at && !kept.has(at.id)) {
        kept.add(at.id);
        at = at.parent_id === null ? undefined : tree.byId.get(at.parent_id);
      }
    }
  }
  const rows: Row[] = [];
  const walk = (parent: string | null, level: number): void => {
    const siblings = childrenOf(tree, parent).filter((each) => kept?.has(each.id) ?? true);
    siblings.forEach((department, index) => {
      const below = childrenOf(tree, department.id);
      const open = kept !== undefined || expanded.has(department.id);
      rows.push({
        department,
        level,
        hasChildren: below.length > 0,
        expanded: below.length > 0 && open,
        posInSet: index + 1,
        setSize: siblings.length,
        parent,
      });
      if (open) walk(department.id, level + 1);
    });
  };
  walk(null, 1);
  return rows;
}

/** Where a department stands now. */
export function placeOf(tree: Tree, id: string): Place {
  const department = tree.byId.get(id);
  const parent =
    typeof department?.parent_id === 'string' && tree.byId.has(department.parent_id)
      ? department.parent_id
      : null;
  return { parent, index: childrenOf(tree, parent).findIndex((each) => each.id === id) };
}

/**
 * One key of the move mode: up and down among the siblings, in below the one above, out beside the parent.
 * Answers the same place where there is no such step. `tree` is without the moved department.
 */
export function stepPlace(tree: Tree, place: Place, step: 'up' | 'down' | 'in' | 'out'): Place {
  const siblings = childrenOf(tree, place.parent);
  switch (step) {
    case 'up':
      return place.index > 0 ? { ...place, index: place.index - 1 } : place;
    case 'down':
      return place.index < siblings.length ? { ...place, index: place.index + 1 } : place;
    case 'in': {
      const above = siblings[place.index - 1];
      return above ? { parent: above.id, index: childrenOf(tree, above.id).length } : place;
    }
    case 'out': {
      if (place.parent === null) return place;
      const outer = placeOf(tree, place.parent);
      return { parent: outer.parent, index: outer.index + 1 };
    }
  }
}
