// @vitest-environment happy-dom
import { renderView, testServices } from '@qiao/ui-kit/testing';
import { cleanup, fireEvent, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { stateGroupsOf } from '../../matrix/testing.ts';
import { catalogues } from '../../strings/index.ts';
import { StateGroup } from './StateGroup.tsx';

afterEach(cleanup);

const me = '@li:x';
const wang = '@wang:x';
const bot = '@_qiao_org_bot:x';
const levels = (users: object): object => ({ users });

test('a fresh direct chat has one line before the first word, which opens', async () => {
  const groups = stateGroupsOf(me, [
    [wang, 'm.room.create', { room_version: '12' }],
    [wang, 'm.room.member', { membership: 'join', displayname: '王伟' }, wang],
    [wang, 'm.room.power_levels', levels({})],
    [wang, 'm.room.join_rules', { join_rule: 'invite' }],
    [wang, 'm.room.history_visibility', { history_visibility: 'shared' }],
    [wang, 'm.room.guest_access', { guest_access: 'can_join' }],
    [wang, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }],
    [wang, 'm.room.member', { membership: 'invite', displayname: '李娜' }, me],
    [me, 'm.room.member', { membership: 'join', displayname: '李娜' }, me, { membership: 'invite' }],
  ]);
  expect(groups).toHaveLength(1);
  const services = await testServices({ answer: () => undefined, catalogues });
  renderView(<StateGroup item={groups[0]!} />, services);
  const line = screen.getByRole('button', { expanded: false });
  expect(line.textContent).toBe(services.i18n.t('room:state_started', { by: wang }));
  expect(screen.queryAllByRole('listitem')).toEqual([]);
  fireEvent.click(line);
  expect(screen.getAllByRole('listitem').length).toBeGreaterThan(5);
});

test('one that the service user made says in one line who is there', async () => {
  const maker = '@_qiao_org_rooms:x';
  const groups = stateGroupsOf(me, [
    [maker, 'm.room.create', {}],
    [maker, 'm.room.power_levels', levels({})],
    [wang, 'm.room.member', { membership: 'join', displayname: '王伟' }, wang],
    [me, 'm.room.member', { membership: 'join', displayname: '李娜' }, me],
  ]);
  expect(groups).toHaveLength(1);
  const services = await testServices({ answer: () => undefined, catalogues });
  renderView(<StateGroup item={groups[0]!} />, services);
  expect(screen.getByRole('button').textContent).toContain('王伟');
  expect(screen.queryAllByRole('listitem')).toEqual([]);
});

test('an office whose heads change for years tells nothing of its upkeep', () => {
  const upkeep = Array.from(
    { length: 40 },
    (_, at) => [bot, 'm.room.power_levels', levels({ [wang]: at }), '', levels({})] as const,
  );
  expect(
    stateGroupsOf(me, [
      [bot, 'm.room.create', {}],
      [bot, 'm.room.name', { name: '研发部' }],
      [bot, 'm.room.topic', { topic: '研发部全员群' }],
      ...upkeep,
    ]),
  ).toEqual([]);
  // Another name is news.
  const [renamed] = stateGroupsOf(me, [[bot, 'm.room.name', { name: '研发中心' }, '', { name: '研发部' }]]);
  expect(renamed?.lines.map((line) => line.key)).toEqual(['named']);
});

test('what one person changes again and again is one change', () => {
  const [group] = stateGroupsOf(
    me,
    Array.from(
      { length: 5 },
      (_, at) => [wang, 'm.room.power_levels', levels({ [me]: at }), '', levels({})] as const,
    ),
  );
  expect(group?.lines.map((line) => line.key)).toEqual(['power']);
});
