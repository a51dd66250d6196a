// @vitest-environment happy-dom
import { renderView, testServices } from '@qiao/ui-kit/testing';
import { cleanup, fireEvent, screen } from '@testing-library/react';
import { MatrixClient, MatrixEvent, Room } from 'matrix-js-sdk';
import { afterEach, expect, test } from 'vitest';
import { arrange } from '../../matrix/timeline-items.ts';
import { MessageMaker } from '../../matrix/timeline-messages.ts';
import type { StateItem } from '../../matrix/timeline-types.ts';
import { catalogues } from '../../strings/index.ts';
import { StateGroup } from './StateGroup.tsx';

afterEach(cleanup);

const me = '@li:x';
const roomId = '!a:x';

/** The groups of changes that a reader sees of these state events, one second apart. */
function groupsOf(events: readonly (readonly [string, string, object, string?, object?])[]): StateItem[] {
  const client = new MatrixClient({ baseUrl: 'https://x.invalid', userId: me });
  const room = new Room(roomId, client, me);
  const made = events.map(
    ([sender, type, content, stateKey = '', before], at) =>
      new MatrixEvent({
        event_id: `$${String(at)}`,
        sender,
        room_id: roomId,
        type,
        state_key: stateKey,
        content: { ...content },
        origin_server_ts: 1_700_000_000_000 + at * 1000,
        unsigned: before === undefined ? {} : { prev_content: { ...before } },
      }),
  );
  const maker = new MessageMaker(client, room, undefined, () => undefined);
  const { entries } = maker.entries(room.getUnfilteredTimelineSet(), made, undefined);
  maker.close();
  return arrange(entries, undefined, (item) => item).filter((item) => item.kind === 'state');
}

const wang = '@wang:x';
const bot = '@_qiao_org_bot:x';
const levels = (users: object): object => ({ users });

test('a fresh direct chat has one line before the first word, which opens', async () => {
  const groups = groupsOf([
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
  const groups = groupsOf([
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
    groupsOf([
      [bot, 'm.room.create', {}],
      [bot, 'm.room.name', { name: '研发部' }],
      [bot, 'm.room.topic', { topic: '研发部全员群' }],
      ...upkeep,
    ]),
  ).toEqual([]);
  // Another name is news.
  const [renamed] = groupsOf([[bot, 'm.room.name', { name: '研发中心' }, '', { name: '研发部' }]]);
  expect(renamed?.lines.map((line) => line.key)).toEqual(['named']);
});

test('what one person changes again and again is one change', () => {
  const [group] = groupsOf(
    Array.from(
      { length: 5 },
      (_, at) => [wang, 'm.room.power_levels', levels({ [me]: at }), '', levels({})] as const,
    ),
  );
  expect(group?.lines.map((line) => line.key)).toEqual(['power']);
});
