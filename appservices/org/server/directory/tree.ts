import type { DepartmentState } from '../tables.ts';

/** A department as the rules need it. */
export interface DepartmentNode {
  readonly id: string;
  readonly name: string;
  readonly parent_id: string | null;
  readonly position: number;
  readonly hidden: boolean;
  readonly state: DepartmentState;
}

/** All departments, ended ones too, as a tree that answers who stands above and below whom. No I/O. */
export class DepartmentTree<Node extends DepartmentNode = DepartmentNode> {
  readonly #nodes: ReadonlyMap<string, Node>;
  readonly #children: ReadonlyMap<string | null, readonly Node[]>;

  constructor(nodes: Iterable<Node>) {
    this.#nodes = new Map([...nodes].map((node) => [node.id, node]));
    const byPlace = (a: Node, b: Node): number =>
      a.position - b.position || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1);
    this.#children = Map.groupBy([...this.#nodes.values()].sort(byPlace), (node) => node.parent_id);
  }

  get(id: string): Node | undefined {
    return this.#nodes.get(id);
  }

  /** Ordered by position, then name. `null`: the top. */
  children(id: string | null): readonly Node[] {
    return this.#children.get(id) ?? [];
  }

  /** From the parent up to the top; ends at a cycle or a missing parent. */
  ancestors(id: string): string[] {
    const found = new Set<string>();
    let at = this.#nodes.get(id)?.parent_id ?? null;
    while (at !== null && at !== id && !found.has(at)) {
      found.add(at);
      at = this.#nodes.get(at)?.parent_id ?? null;
    }
    return [...found];
  }

  /** Whether `id` is one of the roots or stands below one. */
  within(id: string, roots: ReadonlySet<string>): boolean {
    if (roots.size === 0 || !this.#nodes.has(id)) return false;
    return roots.has(id) || this.ancestors(id).some((ancestor) => roots.has(ancestor));
  }

  /** The roots and everything below them. */
  subtree(roots: Iterable<string>): Set<string> {
    const found = new Set<string>();
    const open = [...roots].filter((id) => this.#nodes.has(id));
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (found.has(id)) continue;
      found.add(id);
      open.push(...this.children(id).map((child) => child.id));
    }
    return found;
  }

  /** Parents before children, siblings by position. */
  ordered(): Node[] {
    const found: Node[] = [];
    const open = [...this.children(null)].reverse();
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      found.push(node);
      open.push(...[...this.children(node.id)].reverse());
    }
    return found;
  }

  /** The nearest of the department itself and those above it that is hidden. */
  nearestHidden(id: string): string | undefined {
    return [id, ...this.ancestors(id)].find((one) => this.#nodes.get(one)?.hidden);
  }
}

/**
 * People directly in every department, and with its whole subtree; who is in several departments of a subtree is
 * counted once. Summed up here, because counting distinct people by subtree in SQL sorts people × levels.
 */
export function countMembers(
  tree: DepartmentTree,
  memberships: { direct: ReadonlyMap<string, number>; several: readonly (readonly string[])[] },
): Map<string, { direct: number; total: number }> {
  const counts = new Map<string, { direct: number; total: number }>();
  const at = (id: string): { direct: number; total: number } => {
    const known = counts.get(id) ?? { direct: 0, total: 0 };
    counts.set(id, known);
    return known;
  };
  for (const [id, count] of memberships.direct) {
    at(id).direct = count;
    for (const above of [id, ...tree.ancestors(id)]) at(above).total += count;
  }
  for (const ids of memberships.several) {
    const times = new Map<string, number>();
    for (const id of ids) {
      for (const above of [id, ...tree.ancestors(id)]) times.set(above, (times.get(above) ?? 0) + 1);
    }
    for (const [id, count] of times) at(id).total -= count - 1;
  }
  return counts;
}
