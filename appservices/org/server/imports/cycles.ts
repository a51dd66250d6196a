/** The first cycle in a parent relation, as ids in order, or undefined. Linear in the number of rows. */
export function findCycle(parents: ReadonlyMap<string, string | null>): string[] | undefined {
  const done = new Set<string>();
  for (const start of parents.keys()) {
    const path: string[] = [];
    const onPath = new Set<string>();
    let at: string | null | undefined = start;
    while (at !== null && at !== undefined && !done.has(at)) {
      if (onPath.has(at)) return path.slice(path.indexOf(at));
      onPath.add(at);
      path.push(at);
      at = parents.get(at);
    }
    for (const id of path) done.add(id);
  }
  return undefined;
}
