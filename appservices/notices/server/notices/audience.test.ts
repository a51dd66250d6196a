import { describe, expect, it } from 'vitest';
import type { Audience } from '../../contract/index.ts';
import { planRooms, withAncestors } from './audience.ts';

const node = (
  id: string,
  parent_id: string | null,
  more: { include_sub?: boolean; room?: boolean } = {},
) => ({
  id,
  parent_id,
  include_sub: more.include_sub ?? false,
  room_id: more.room === false ? null : `!${id}`,
});
const tree = [
  node('root', null),
  node('a', 'root', { include_sub: true }),
  node('a1', 'a'),
  node('a2', 'a'),
  node('b', 'root'),
  node('b1', 'b', { room: false }),
];
const plan = (more: Partial<Audience>) => {
  const audience = { everybody: false, departments: [], roles: [], ...more };
  const { rooms, reached, wanted } = planRooms(audience, tree);
  return { rooms: [...rooms].sort(), reached: [...reached].sort(), wanted: [...wanted].sort() };
};

describe('rooms of a notice', () => {
  it('to everybody: no room below one that holds those below', () => {
    expect(plan({ everybody: true })).toEqual({
      rooms: ['a', 'b', 'root'],
      reached: ['a', 'a1', 'a2', 'b', 'root'],
      wanted: ['a', 'a1', 'a2', 'b', 'b1', 'root'],
    });
  });
  it('to a subtree', () => {
    expect(plan({ departments: [{ id: 'b', subtree: true }] })).toEqual({
      rooms: ['b'],
      reached: ['b'],
      wanted: ['b', 'b1'],
    });
    expect(plan({ departments: [{ id: 'a', subtree: true }] }).rooms).toEqual(['a']);
  });
  it('never a room that holds people it is not for', () => {
    expect(plan({ departments: [{ id: 'a', subtree: false }] })).toEqual({
      rooms: [],
      reached: [],
      wanted: ['a'],
    });
    const both = ['a', 'a1'].map((id) => ({ id, subtree: false }));
    expect(plan({ departments: both })).toEqual({ rooms: ['a1'], reached: ['a1'], wanted: ['a', 'a1'] });
  });
  it('passes over departments that are not there, and reaches nobody for roles', () => {
    expect(plan({ departments: [{ id: 'gone', subtree: true }], roles: ['r'] })).toEqual({
      rooms: [],
      reached: [],
      wanted: [],
    });
  });
  it('knows who is above', () => {
    expect(withAncestors(['a1', 'b'], tree).sort()).toEqual(['a', 'a1', 'b', 'root']);
  });
});
