import { ROOMS_LOCALPART } from '@qiao/org/contract/names';
import type { Room } from 'matrix-js-sdk';
import { creatorOf } from './room-state.ts';
import { serverOf } from './rooms-text.ts';

/**
 * Whether a user is no person and no bot that reads, but the service user that made a conversation: not shown, not
 * counted, nobody's partner. Only of our own server: nobody hides elsewhere by taking the name, or by what a room's
 * state calls functional (MSC4171).
 */
export const isServiceUser = (userId: string, me: string): boolean =>
  userId === `@${ROOMS_LOCALPART}:${serverOf(me) ?? ''}`;

/** Whether a user is a bot of the company's own appservices: nobody else can have such an account there. */
export const isOwnBot = (userId: string, me: string): boolean =>
  userId.startsWith('@_qiao_') && serverOf(userId) === serverOf(me);

/** One for the service user that stays in the rooms it made, else none. */
const served = (room: Room): number => (isServiceUser(creatorOf(room), room.myUserId) ? 1 : 0);

/** How many people are in a room; members need not be loaded. */
export const joinedPeople = (room: Room): number => Math.max(0, room.getJoinedMemberCount() - served(room));

/** The same with those who are invited. */
export const allPeople = (room: Room): number =>
  Math.max(0, room.getInvitedAndJoinedMemberCount() - served(room));

/**
 * Whether a room may be the direct chat that it is labelled as: with a third one in it, it is not. (A label is
 * written by any client; the members decide.) Before anything is known of the members the label is believed.
 */
export const fitsTwo = (room: Room): boolean => allPeople(room) <= 2;
