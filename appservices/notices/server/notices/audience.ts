import type { OrgDepartment } from '@qiao/org/contract';
import type { Audience } from '../../contract/index.ts';

/*
 * Whom an audience means, and by which rooms they are reached. Pure: no I/O.
 */

type Node = Pick<OrgDepartment, 'id' | 'parent_id' | 'include_sub' | 'room_id'>;

export interface Plan {
  /** Departments whose rooms get the notice. */
  readonly rooms: readonly string[];
  /** Departments whose people (without those below) these rooms reach. */
  readonly reached: ReadonlySet<string>;
  /** Departments whose people it is for. */
  readonly wanted: ReadonlySet<string>;
}

/** For each department those directly below. */
function childrenOf(departments: readonly Node[]): Map<string, Node[]> {
  const children = new Map<string, Node[]>();
  for (const node of departments) {
    if (node.parent_id === null) continue;
    const list = children.get(node.parent_id);
    if (list === undefined) children.set(node.parent_id, [node]);
    else list.push(node);
  }
  return children;
}

/** A department and all below it. */
function below(id: string, children: ReadonlyMap<string, readonly Node[]>): string[] {
  const found: string[] = [];
  const open = [id];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    found.push(at);
    open.push(...(children.get(at) ?? []).map((node) => node.id));
  }
  return found;
}

/**
 * Which department rooms carry a notice: as few as reach those it is for, and none that holds anybody else. A room
 * that holds the departments below too is enough for all of them, and is no room for the department alone.
 */
export function planRooms(audience: Audience, departments: readonly Node[]): Plan {
  const byId = new Map(departments.map((node) => [node.id, node]));
  const children = childrenOf(departments);
  const wanted = new Set<string>();
  if (audience.everybody) for (const { id } of departments) wanted.add(id);
  for (const { id, subtree } of audience.departments) {
    if (!byId.has(id)) continue;
    for (const one of subtree ? below(id, children) : [id]) wanted.add(one);
  }
  const depthOf = (node: Node): number => {
    let depth = 0;
    for (let at: Node | undefined = node; at !== undefined && depth <= departments.length; depth++)
      at = at.parent_id === null ? undefined : byId.get(at.parent_id);
    return depth;
  };
  const rooms: string[] = [];
  const reached = new Set<string>();
  const ordered = [...wanted]
    .flatMap((id) => byId.get(id) ?? [])
    .map((node) => ({ node, depth: depthOf(node) }))
    .sort((one, other) => one.depth - other.depth);
  for (const { node } of ordered) {
    if (reached.has(node.id) || node.room_id === null) continue;
    const inside = node.include_sub ? below(node.id, children) : [node.id];
    if (inside.some((id) => !wanted.has(id))) continue;
    rooms.push(node.id);
    for (const id of inside) reached.add(id);
  }
  return { rooms, reached, wanted };
}

/** Departments and all above them. */
export function withAncestors(
  ids: readonly string[],
  departments: readonly Pick<Node, 'id' | 'parent_id'>[],
): string[] {
  const parents = new Map(departments.map((node) => [node.id, node.parent_id]));
  const found = new Set<string>();
  for (const id of ids) {
    for (let at: string | null = id; at !== null && !found.has(at); at = parents.get(at) ?? null)
      found.add(at);
  }
  return [...found];
}
