import {
  ClientEvent,
  createClient,
  MatrixEvent,
  RoomMember,
  RoomState,
  RoomStateEvent,
  SyncState,
} from 'matrix-js-sdk';
import { beforeEach, expect, test, vi } from 'vitest';
import { OwnProfile } from './own-profile.ts';
import { PeopleStore } from './people.ts';
import { quietLogger } from './quiet-logger.ts';
import { ME, ROOM } from './testing.ts';

const OTHER = '@other:example.org';

let asked = 0;
let answer: (() => Response) | undefined;
const client = () =>
  createClient({
    baseUrl: 'https://example.org',
    userId: ME,
    accessToken: 'token',
    logger: quietLogger,
    fetchFn: () => {
      asked++;
      return answer ? Promise.resolve(answer()) : Promise.reject(new TypeError('no network'));
    },
  });
const says = (profile: object) => () => Response.json(profile);

/** A page that has synced. */
function page() {
  const matrix = client();
  const profile = new OwnProfile(matrix, new PeopleStore(matrix));
  const sync = () => matrix.emit(ClientEvent.Sync, SyncState.Syncing, SyncState.Prepared);
  const join = (userId: string, content: object) => {
    const member = new RoomMember(ROOM, userId);
    const event = new MatrixEvent({
      type: 'm.room.member',
      room_id: ROOM,
      sender: userId,
      state_key: userId,
      content: { membership: 'join', ...content },
    });
    member.setMembershipEvent(event);
    matrix.emit(RoomStateEvent.Members, event, new RoomState(ROOM), member);
  };
  return { profile, sync, join };
}

beforeEach(() => {
  asked = 0;
});

test('is the id until it is known, then what the homeserver says', async () => {
  answer = undefined;
  const { profile, sync } = page();
  expect(profile.getSnapshot()).toMatchObject({ name: ME, avatar: undefined });
  sync();
  await vi.waitFor(() => {
    expect(asked).toBe(1);
  });
  answer = says({ displayname: '张\u202e三', avatar_url: 'mxc://example.org/a' });
  // Asked again with each sync until it is answered.
  await vi.waitFor(() => {
    sync();
    expect(profile.getSnapshot()).toMatchObject({ name: '张三', avatar: 'mxc://example.org/a' });
  });
});

test('follows a change made on another device, and is asked for once for all conversations', async () => {
  answer = says({ displayname: '张三', avatar_url: 'mxc://example.org/a' });
  const { profile, sync, join } = page();
  sync();
  await vi.waitFor(() => {
    expect(profile.getSnapshot().name).toBe('张三');
  });
  const before = asked;
  join(OTHER, { displayname: '李四' });
  join(ME, { displayname: '张三', avatar_url: 'mxc://example.org/a' });
  sync();
  expect(asked).toBe(before);
  answer = says({ displayname: '张三丰' });
  join(ME, { displayname: '张三丰' });
  await vi.waitFor(() => {
    expect(profile.getSnapshot()).toMatchObject({ name: '张三丰', avatar: undefined });
  });
  join(ME, { displayname: '张三丰', avatar_url: '' });
  expect(asked).toBe(before + 1);
});

test('a name in one conversation is not the name', async () => {
  answer = says({ displayname: '张三' });
  const { profile, sync, join } = page();
  sync();
  await vi.waitFor(() => {
    expect(profile.getSnapshot().name).toBe('张三');
  });
  join(ME, { displayname: 'Referee' });
  await vi.waitFor(() => {
    expect(asked).toBe(2);
  });
  expect(profile.getSnapshot().name).toBe('张三');
});
