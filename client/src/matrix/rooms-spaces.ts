import { isUnread, type RoomEntry } from './rooms-entry.ts';

/** A space as the store reads it. */
export interface SpaceFacts {
  readonly roomId: string;
  readonly name: string;
  readonly avatar: string | undefined;
  /** The company's own, made by the organisation's bot. */
  readonly company: boolean;
  /** Made by the organisation's bot for a department (or the company). */
  readonly department: boolean;
  /** Children that are in force, in their order: rooms and spaces, joined or not. */
  readonly children: readonly string[];
}

/** A department (or other space) with what is below it. */
export interface SpaceNode {
  readonly roomId: string;
  readonly name: string;
  readonly avatar: string | undefined;
  readonly company: boolean;
  readonly spaces: readonly SpaceNode[];
  /** Conversations directly and further below. */
  readonly rooms: ReadonlySet<string>;
  readonly unread: number;
  readonly mentions: number;
}

/** A `m.space.child` event of a space, with its content as it came. */
export interface ChildEvent {
  readonly roomId: string;
  readonly content: unknown;
  readonly ts: number;
}

const ORDER = /^[\x20-\x7e]{1,50}$/;

/**
 * The children that are in force (`via` is a list that is not empty), in the order of the client-server API,
 * "Ordering of children within a space": by `order`, those without one last, then by time, then by id.
 */
export function childrenOf(events: readonly ChildEvent[]): string[] {
  const valid = events.flatMap((event) => {
    const content = event.content as { via?: unknown; order?: unknown } | null;
    if (typeof content !== 'object' || content === null) return [];
    if (!Array.isArray(content.via) || content.via.length === 0) return [];
    const order = typeof content.order === 'string' && ORDER.test(content.order) ? content.order : undefined;
    return [{ ...event, order }];
  });
  return valid
    .toSorted((one, other) => {
      if (one.order !== other.order) {
        if (one.order === undefined) return 1;
        if (other.order === undefined) return -1;
        return one.order < other.order ? -1 : 1;
      }
      return one.ts - other.ts || (one.roomId < other.roomId ? -1 : 1);
    })
    .map((event) => event.roomId);
}

/**
 * The tree of the spaces one is in, the company's first. A space below several is shown below the first; circles
 * are cut.
 */
export function spaceTree(
  spaces: ReadonlyMap<string, SpaceFacts>,
  rooms: ReadonlyMap<string, RoomEntry>,
): SpaceNode[] {
  const below = new Set<string>();
  for (const space of spaces.values()) {
    for (const child of space.children) if (child !== space.roomId && spaces.has(child)) below.add(child);
  }
  const all = [...spaces.values()];
  const company = all.find((space) => space.company);
  // One is in one's own departments' spaces only: where those between are missing, the company is above.
  const orphans = all.filter((space) => space.department && space !== company && !below.has(space.roomId));
  if (company) for (const orphan of orphans) below.add(orphan.roomId);
  const childrenIn = (facts: SpaceFacts): readonly string[] =>
    facts === company ? [...facts.children, ...orphans.map((space) => space.roomId)] : facts.children;
  const placed = new Set<string>();
  const build = (facts: SpaceFacts): SpaceNode => {
    placed.add(facts.roomId);
    const inner: SpaceNode[] = [];
    const all = new Set<string>();
    for (const child of childrenIn(facts)) {
      const space = spaces.get(child);
      if (space === undefined) {
        if (rooms.has(child)) all.add(child);
      } else if (!placed.has(child)) {
        const node = build(space);
        inner.push(node);
        for (const room of node.rooms) all.add(room);
      }
    }
    let unread = 0;
    let mentions = 0;
    for (const roomId of all) {
      const entry = rooms.get(roomId);
      if (entry === undefined || !isUnread(entry)) continue;
      unread += Math.max(entry.unread, 1);
      mentions += entry.mentions;
    }
    const { roomId, name, avatar } = facts;
    return { roomId, name, avatar, company: facts.company, spaces: inner, rooms: all, unread, mentions };
  };
  const tops = all.filter((space) => !below.has(space.roomId));
  const nodes = tops.map(build);
  // What is left stands in a circle: cut where it is first met.
  for (const space of all) if (!placed.has(space.roomId)) nodes.push(build(space));
  return nodes.toSorted(
    (one, other) =>
      Number(other.company) - Number(one.company) ||
      (one.name < other.name ? -1 : one.name > other.name ? 1 : 0),
  );
}

/** The node of a space anywhere in the tree. */
export function findSpace(nodes: readonly SpaceNode[], roomId: string): SpaceNode | undefined {
  for (const node of nodes) {
    if (node.roomId === roomId) return node;
    const inner = findSpace(node.spaces, roomId);
    if (inner) return inner;
  }
  return undefined;
}
