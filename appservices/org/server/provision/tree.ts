/*
 * From the directory to the rooms it should have. No I/O: the same input gives the same rooms, and the difference to
 * what was applied is all the work there is.
 */
import { CREATION_MARK } from '../../contract/names.ts';
import type { DepartmentState } from '../tables.ts';
import {
  fingerprint,
  isLink,
  powerLevels,
  ROOM_VERSION,
  splitStateKey,
  stateKey,
  type Content,
  type StateMap,
} from './room-state.ts';

export type RoomKind = 'space' | 'room';
/** Fingerprints by state key: what the homeserver was last told about one room. */
export type Applied = Readonly<Record<string, string>>;

export interface DirectoryDepartment {
  readonly id: string;
  readonly name: string;
  readonly parent_id: string | null;
  readonly position: number;
  readonly hidden: boolean;
  readonly state: DepartmentState;
  readonly space_id: string | null;
  readonly room_id: string | null;
  readonly applied: Readonly<Partial<Record<RoomKind, Applied>>>;
}

export interface Directory {
  readonly serverName: string;
  readonly company: {
    readonly name: string;
    readonly space_id: string | null;
    readonly applied: Applied;
  };
  readonly departments: readonly DirectoryDepartment[];
  /** User ids of heads who have an account, by department id. */
  readonly heads: ReadonlyMap<string, readonly string[]>;
}

/** Texts put into rooms, in the company's language. */
export interface RoomWords {
  readonly companyTopic: string;
  spaceTopic(name: string): string;
  roomTopic(name: string): string;
  closedName(name: string): string;
  readonly closedTopic: string;
}

/** The company's own space has this instead of a department's id. */
export const COMPANY = 'company';

/** One room as it should be. */
export interface WantedRoom {
  /** A department's id, or `COMPANY`. */
  readonly owner: string;
  readonly kind: RoomKind;
  readonly roomId: string | null;
  readonly state: StateMap;
  readonly applied: Applied;
  /** It may be made when missing (not for departments that ended). */
  readonly create: boolean;
  /** What has to exist first. */
  readonly after: { readonly owner: string; readonly kind: RoomKind } | undefined;
  /** Its state is compared with the homeserver's (not for groups that went their own way). */
  readonly followed: boolean;
}

/** Place among the siblings; lexical order of ASCII strings up to 50 characters (`m.space.child`). */
const orderOf = (position: number): string => `1${String(Math.max(0, position)).padStart(8, '0')}`;
const ROOM_ORDER = '0';

/** All rooms of the directory, parents before children. Departments that never got rooms and ended are left out. */
export function wantedRooms(directory: Directory, words: RoomWords): WantedRoom[] {
  const { serverName, company, departments } = directory;
  const via = [serverName];
  const byId = new Map(departments.map((department) => [department.id, department]));
  const children = Map.groupBy(departments, (department) => department.parent_id);
  const common = (topic: string, name: string): [string, Content][] => [
    [stateKey('m.room.name'), { name }],
    [stateKey('m.room.topic'), { topic }],
    // Who joins sees what is said from then on; what was said before was encrypted for others.
    [stateKey('m.room.history_visibility'), { history_visibility: 'joined' }],
    [stateKey('m.room.guest_access'), { guest_access: 'forbidden' }],
  ];
  const childLinks = (parentId: string | null): [string, Content][] =>
    (children.get(parentId) ?? []).flatMap((child) =>
      child.state === 'active' && !child.hidden && child.space_id !== null
        ? [[stateKey('m.space.child', child.space_id), { via, order: orderOf(child.position) }]]
        : [],
    );

  const rooms: WantedRoom[] = [
    {
      owner: COMPANY,
      kind: 'space',
      roomId: company.space_id,
      applied: company.applied,
      create: true,
      after: undefined,
      followed: true,
      state: new Map([
        ...common(words.companyTopic, company.name),
        [stateKey('m.room.join_rules'), { join_rule: 'invite' }],
        [stateKey('m.room.power_levels'), powerLevels('space', [])],
        ...childLinks(null),
      ]),
    },
  ];

  const active = (department: DirectoryDepartment): WantedRoom[] => {
    const { id, name, parent_id, hidden, space_id, room_id, applied } = department;
    const heads = directory.heads.get(id) ?? [];
    const parent = parent_id === null ? undefined : byId.get(parent_id);
    const parentSpace = parent_id === null ? company.space_id : (parent?.space_id ?? null);
    const space: [string, Content][] = [
      ...common(words.spaceTopic(name), name),
      [stateKey('m.room.join_rules'), { join_rule: 'invite' }],
      [stateKey('m.room.power_levels'), powerLevels('space', heads)],
      ...childLinks(id),
    ];
    if (!hidden && parentSpace !== null)
      space.push([stateKey('m.space.parent', parentSpace), { via, canonical: true }]);
    if (room_id !== null)
      space.push([stateKey('m.space.child', room_id), { via, order: ROOM_ORDER, suggested: true }]);
    const room: [string, Content][] = [
      ...common(words.roomTopic(name), name),
      [stateKey('m.room.encryption'), { algorithm: 'm.megolm.v1.aes-sha2' }],
      [stateKey('m.room.power_levels'), powerLevels('department', heads)],
    ];
    if (space_id !== null) {
      room.push(
        [
          stateKey('m.room.join_rules'),
          { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: space_id }] },
        ],
        [stateKey('m.space.parent', space_id), { via, canonical: true }],
      );
    }
    return [
      {
        owner: id,
        kind: 'space',
        roomId: space_id,
        applied: applied.space ?? {},
        create: true,
        // A hidden one is linked from nowhere and waits for nothing.
        after: hidden ? undefined : { owner: parent_id ?? COMPANY, kind: 'space' },
        followed: true,
        state: new Map(space),
      },
      {
        owner: id,
        kind: 'room',
        roomId: room_id,
        applied: applied.room ?? {},
        create: true,
        after: { owner: id, kind: 'space' },
        followed: true,
        state: new Map(room),
      },
    ];
  };

  const closed = (department: DirectoryDepartment, kind: RoomKind): WantedRoom | undefined => {
    const roomId = kind === 'space' ? department.space_id : department.room_id;
    if (roomId === null) return undefined;
    const state: [string, Content][] = [
      ...common(words.closedTopic, words.closedName(department.name)),
      [stateKey('m.room.join_rules'), { join_rule: 'invite' }],
      [stateKey('m.room.power_levels'), powerLevels('closed', [])],
    ];
    if (kind === 'room') state.push([stateKey('m.room.encryption'), { algorithm: 'm.megolm.v1.aes-sha2' }]);
    return {
      owner: department.id,
      kind,
      roomId,
      applied: department.applied[kind] ?? {},
      create: false,
      after: undefined,
      followed: true,
      state: new Map(state),
    };
  };

  const group = (department: DirectoryDepartment): WantedRoom | undefined => {
    if (department.room_id === null) return undefined;
    return {
      owner: department.id,
      kind: 'room',
      roomId: department.room_id,
      applied: department.applied.room ?? {},
      create: false,
      after: undefined,
      followed: false,
      // Its name, topic and members are its own from now on.
      state: new Map<string, Content>([
        [stateKey('m.room.join_rules'), { join_rule: 'invite' }],
        [stateKey('m.room.power_levels'), powerLevels('free', directory.heads.get(department.id) ?? [])],
      ]),
    };
  };

  const seen = new Set<string>();
  const visit = (department: DirectoryDepartment): void => {
    if (seen.has(department.id)) return;
    seen.add(department.id);
    if (department.state === 'active') rooms.push(...active(department));
    else {
      const space = closed(department, 'space');
      const room = department.state === 'converted' ? group(department) : closed(department, 'room');
      if (space) rooms.push(space);
      if (room) rooms.push(room);
    }
    for (const child of children.get(department.id) ?? []) visit(child);
  };
  for (const department of children.get(null) ?? []) visit(department);
  // A parent that is gone must not hide its children from the work.
  for (const department of departments) visit(department);
  return rooms;
}

/** One piece of state to send; `content` is `{}` for a link taken back. */
export interface StateChange {
  readonly key: string;
  readonly type: string;
  readonly state_key: string;
  readonly content: Content;
  /** What `applied` holds afterwards; undefined: nothing. */
  readonly print: string | undefined;
}

/** The difference between a room's wanted state and what the homeserver was last told. */
export function stateChanges(room: WantedRoom): StateChange[] {
  const changes: StateChange[] = [];
  for (const [key, content] of room.state) {
    const print = fingerprint(content);
    if (room.applied[key] === print) continue;
    const { type, key: state_key } = splitStateKey(key);
    changes.push({ key, type, state_key, content, print });
  }
  for (const key of Object.keys(room.applied)) {
    if (room.state.has(key) || !isLink(key)) continue;
    const { type, key: state_key } = splitStateKey(key);
    changes.push({ key, type, state_key, content: {}, print: undefined });
  }
  return changes;
}

/** The one request that makes a room with all its state (client-server API, `POST /createRoom`). */
export function creationOf(room: WantedRoom): Record<string, unknown> {
  const state = [...room.state].map(([key, content]) => {
    const { type, key: state_key } = splitStateKey(key);
    return { type, state_key, content };
  });
  return {
    // A homeserver may encrypt invite-only rooms by itself; a space holds no messages, and encrypting it would make
    // everybody track the devices of everybody. The join rule below overrides the preset's.
    preset: room.kind === 'space' ? 'public_chat' : 'private_chat',
    visibility: 'private',
    room_version: ROOM_VERSION,
    creation_content: {
      'm.federate': false,
      ...(room.kind === 'space' ? { type: 'm.space' } : {}),
      [CREATION_MARK]: { owner: room.owner },
    },
    initial_state: state,
  };
}

/** `applied` of a room just made by `creationOf`. */
export const printsOf = (state: StateMap): Record<string, string> =>
  Object.fromEntries([...state].map(([key, content]) => [key, fingerprint(content)]));
