import { describe, expect, it } from 'vitest';
import { stateKey } from './room-state.ts';
import {
  COMPANY,
  creationOf,
  printsOf,
  stateChanges,
  wantedRooms,
  type Directory,
  type DirectoryDepartment,
  type RoomWords,
} from './tree.ts';

const words: RoomWords = {
  companyTopic: 'all',
  spaceTopic: (name) => `space ${name}`,
  roomTopic: (name) => `room ${name}`,
  closedName: (name) => `${name} (closed)`,
  closedTopic: 'closed',
};

const department = (id: string, more: Partial<DirectoryDepartment> = {}): DirectoryDepartment => ({
  id,
  name: id,
  parent_id: null,
  position: 0,
  hidden: false,
  state: 'active',
  space_id: `!${id}-space`,
  room_id: `!${id}-room`,
  applied: {},
  ...more,
});

const directory = (...departments: DirectoryDepartment[]): Directory => ({
  serverName: 'qiao.test',
  company: { name: 'Qiao', space_id: '!company', applied: {} },
  departments,
  heads: new Map([['a', ['@head:qiao.test']]]),
});

const find = (input: Directory, owner: string, kind: 'space' | 'room') =>
  wantedRooms(input, words).find((room) => room.owner === owner && room.kind === kind)!;

describe('wanted rooms', () => {
  it('links a child both ways, and a hidden one not at all', () => {
    const input = directory(
      department('a'),
      department('b', { parent_id: 'a', position: 3 }),
      department('c', { parent_id: 'a', hidden: true }),
    );
    const a = find(input, 'a', 'space').state;
    expect(a.get(stateKey('m.space.child', '!b-space'))).toMatchObject({ order: '100000003' });
    expect(a.has(stateKey('m.space.child', '!c-space'))).toBe(false);
    expect(find(input, 'b', 'space').state.has(stateKey('m.space.parent', '!a-space'))).toBe(true);
    expect(find(input, 'c', 'space').state.has(stateKey('m.space.parent', '!a-space'))).toBe(false);
    expect(find(input, COMPANY, 'space').state.has(stateKey('m.space.child', '!a-space'))).toBe(true);
  });

  it('waits with a child for its parent, with a room for its space', () => {
    const input = directory(
      department('a', { space_id: null, room_id: null }),
      department('b', { parent_id: 'a', space_id: null, room_id: null }),
    );
    expect(find(input, 'b', 'space').after).toEqual({ owner: 'a', kind: 'space' });
    expect(find(input, 'b', 'room').after).toEqual({ owner: 'b', kind: 'space' });
    expect(find(input, 'a', 'space').after).toEqual({ owner: COMPANY, kind: 'space' });
  });

  it('finds no difference after what was sent, and just the link after a move', () => {
    const b = department('b', { parent_id: 'a' });
    const before = directory(department('a'), department('x'), b);
    const space = find(before, 'b', 'space');
    expect(stateChanges({ ...space, applied: printsOf(space.state) })).toEqual([]);
    const moved = directory(department('a'), department('x'), { ...b, parent_id: 'x' });
    const changes = stateChanges({ ...find(moved, 'b', 'space'), applied: printsOf(space.state) });
    expect(
      changes.map(({ type, state_key, content }) => [type, state_key, Object.keys(content).length]),
    ).toEqual([
      ['m.space.parent', '!x-space', 2],
      ['m.space.parent', '!a-space', 0],
    ]);
  });

  it('never blanks what is no link', () => {
    const input = directory(department('a', { state: 'converted' }));
    const room = find(input, 'a', 'room');
    const changes = stateChanges({
      ...room,
      applied: { [stateKey('m.room.name')]: 'print', [stateKey('m.space.parent', '!a-space')]: 'print' },
    });
    expect(changes.some((change) => change.type === 'm.room.name')).toBe(false);
    expect(changes).toContainEqual(
      expect.objectContaining({ type: 'm.space.parent', state_key: '!a-space', content: {} }),
    );
  });

  it('makes no rooms for departments that ended, and closes those they had', () => {
    const gone = department('g', { state: 'dissolved', space_id: null, room_id: null });
    const closed = department('d', { state: 'dissolved' });
    const rooms = wantedRooms(directory(gone, closed), words);
    expect(rooms.filter((room) => room.owner === 'g')).toEqual([]);
    const room = rooms.find((one) => one.owner === 'd' && one.kind === 'room')!;
    expect(room).toMatchObject({ create: false });
    expect(room.state.get(stateKey('m.room.name'))).toEqual({ name: 'd (closed)' });
    expect(room.state.get(stateKey('m.room.power_levels'))).toMatchObject({ events_default: 100 });
  });

  it('keeps children of a parent that is not there', () => {
    const rooms = wantedRooms(directory(department('b', { parent_id: 'gone' })), words);
    expect(rooms.filter((room) => room.owner === 'b')).toHaveLength(2);
  });

  it('never lists the bot, gives heads no power over state, never federates', () => {
    const room = find(directory(department('a')), 'a', 'room');
    const power = room.state.get(stateKey('m.room.power_levels'))!;
    expect(power['users']).toEqual({ '@head:qiao.test': 50 });
    expect(power['state_default']).toBe(100);
    expect(creationOf(room)).toMatchObject({
      room_version: '12',
      creation_content: { 'm.federate': false, 'im.qiao.org': { owner: 'a' } },
    });
  });
});
