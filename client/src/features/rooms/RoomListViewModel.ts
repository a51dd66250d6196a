import { ViewModel } from '@qiao/ui-kit';
import type { SpaceNode } from '../../matrix/rooms-spaces.ts';
import { findSpace } from '../../matrix/rooms-spaces.ts';
import {
  isUnread,
  orderRooms,
  passes,
  type RoomEntry,
  type RoomFilter,
  type RoomOrder,
  type RoomsSnapshot,
  type RoomsStore,
} from '../../matrix/rooms.ts';

/** Parts of the list; `none` has no head. */
export type SectionId = 'invites' | 'favourites' | 'chats' | 'low';

export type ListItem =
  | {
      readonly kind: 'head';
      readonly key: string;
      readonly height: number;
      readonly section: SectionId;
      readonly count: number;
      readonly unread: number;
      readonly open: boolean;
    }
  | { readonly kind: 'room'; readonly key: string; readonly height: number; readonly entry: RoomEntry };

export interface RoomListSnapshot {
  readonly ready: boolean;
  /** The account has no conversation at all. */
  readonly empty: boolean;
  readonly filter: RoomFilter;
  readonly order: RoomOrder;
  /** The department that the list is narrowed to. */
  readonly space: SpaceNode | undefined;
  readonly spaces: readonly SpaceNode[];
  readonly items: readonly ListItem[];
  /** Conversations behind a filter, told at its chip. */
  readonly counts: Readonly<Partial<Record<RoomFilter, number>>>;
}

/** Heights of rows in CSS pixels; `rooms.css` draws them so. */
const HEAD_HEIGHT = 34;
const ROW_HEIGHT = 64;

const STORED_AS = 'qiao.rooms';
interface Choices {
  order: RoomOrder;
  closed: SectionId[];
}

const SECTIONS: readonly SectionId[] = ['invites', 'favourites', 'chats', 'low'];

function readChoices(): Choices {
  try {
    const stored = JSON.parse(localStorage.getItem(STORED_AS) ?? '{}') as Partial<Choices>;
    return {
      order: stored.order === 'unread' ? 'unread' : 'recent',
      closed: Array.isArray(stored.closed) ? SECTIONS.filter((id) => stored.closed?.includes(id)) : ['low'],
    };
  } catch {
    return { order: 'recent', closed: ['low'] };
  }
}

const sectionOf = (entry: RoomEntry): SectionId =>
  entry.invitation ? 'invites' : entry.favourite ? 'favourites' : entry.lowPriority ? 'low' : 'chats';

/** Lays out the rows: sections with heads where there is more than one, else the rows alone. */
export function layOut(
  rooms: readonly RoomEntry[],
  filter: RoomFilter,
  closed: ReadonlySet<SectionId>,
): ListItem[] {
  const row = (entry: RoomEntry): ListItem => ({
    kind: 'room',
    key: entry.roomId,
    height: ROW_HEIGHT,
    entry,
  });
  if (filter !== 'all') return rooms.map(row);
  const parts = new Map<SectionId, RoomEntry[]>(SECTIONS.map((id) => [id, []]));
  for (const entry of rooms) parts.get(sectionOf(entry))?.push(entry);
  const used = SECTIONS.filter((id) => (parts.get(id)?.length ?? 0) > 0);
  if (used.length === 1 && used[0] === 'chats') return rooms.map(row);
  return used.flatMap((section) => {
    const inside = parts.get(section) ?? [];
    const open = !closed.has(section);
    const head: ListItem = {
      kind: 'head',
      key: `section:${section}`,
      height: HEAD_HEIGHT,
      section,
      count: inside.length,
      unread: inside.filter(isUnread).length,
      open,
    };
    return open ? [head, ...inside.map(row)] : [head];
  });
}

/** The conversation list: what of the store is shown, in which order and parts. */
export class RoomListViewModel extends ViewModel<RoomListSnapshot> {
  readonly #store: RoomsStore;
  readonly #choices = readChoices();
  #spaceId: string | undefined;
  #activeId: string | undefined;

  constructor(store: RoomsStore) {
    super({
      ready: false,
      empty: false,
      filter: 'all',
      order: 'recent',
      space: undefined,
      spaces: [],
      items: [],
      counts: {},
    });
    this.#store = store;
    this.#show(store.getSnapshot());
  }

  protected override onMount(): void {
    this.own(
      this.#store.subscribe(() => {
        this.#show(this.#store.getSnapshot());
      }),
    );
    this.#show(this.#store.getSnapshot());
  }

  readonly choose = (filter: RoomFilter): void => {
    this.set({ filter });
    this.#show(this.#store.getSnapshot());
  };

  readonly chooseSpace = (roomId: string | undefined): void => {
    this.#spaceId = roomId;
    this.#show(this.#store.getSnapshot());
  };

  /** The conversation that is open: it stays in the list when reading it takes it out of the filter. */
  readonly open = (roomId: string | undefined): void => {
    if (this.#activeId === roomId) return;
    this.#activeId = roomId;
    this.#show(this.#store.getSnapshot());
  };

  readonly sort = (order: RoomOrder): void => {
    this.#choices.order = order;
    this.#keep();
  };

  readonly toggle = (section: SectionId): void => {
    const { closed } = this.#choices;
    this.#choices.closed = closed.includes(section)
      ? closed.filter((id) => id !== section)
      : [...closed, section];
    this.#keep();
  };

  /** The next or previous conversation with something unread, as the list stands; goes round. */
  readonly nextUnread = (from: string | undefined, step: 1 | -1): string | undefined => {
    const rooms = this.snapshot.items.flatMap((item) => (item.kind === 'room' ? [item.entry] : []));
    const at = rooms.findIndex((entry) => entry.roomId === from);
    for (let index = 1; index <= rooms.length; index++) {
      const start = at < 0 && step < 0 ? 0 : at;
      const entry = rooms[(start + step * index + rooms.length * 2) % rooms.length];
      if (entry && entry.roomId !== from && isUnread(entry)) return entry.roomId;
    }
    return undefined;
  };

  #keep(): void {
    try {
      localStorage.setItem(STORED_AS, JSON.stringify(this.#choices));
    } catch {
      // A full disk forgets the choice, nothing else.
    }
    this.#show(this.#store.getSnapshot());
  }

  #show(of: RoomsSnapshot): void {
    const { filter } = this.snapshot;
    const departmentRooms = new Set(of.spaces.flatMap((space) => [...space.rooms]));
    const space = this.#spaceId === undefined ? undefined : findSpace(of.spaces, this.#spaceId);
    const scope = space
      ? of.rooms.filter((entry) => space.rooms.has(entry.roomId) && entry.invitation === undefined)
      : of.rooms;
    const counts: Partial<Record<RoomFilter, number>> = {};
    for (const each of ['unread', 'mentions', 'invites'] as const)
      counts[each] = of.rooms.reduce((sum, entry) => sum + Number(passes(entry, each, departmentRooms)), 0);
    const stays = filter === 'unread' || filter === 'mentions' ? this.#activeId : undefined;
    const found = scope.filter((entry) => entry.roomId === stays || passes(entry, filter, departmentRooms));
    const ordered = this.#choices.order === 'recent' ? found : orderRooms(found, 'unread');
    this.set({
      ready: of.ready || of.rooms.length > 0,
      empty: of.ready && of.rooms.length === 0,
      order: this.#choices.order,
      space,
      spaces: of.spaces,
      items: layOut(ordered, filter, new Set(this.#choices.closed)),
      counts,
    });
  }
}
