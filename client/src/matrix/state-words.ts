import type { MatrixEvent } from 'matrix-js-sdk';
import { EVENT } from './names.ts';
import { isServiceUser, isOwnBot } from './service-users.ts';
import { asList, asRecord, asText, cleanName } from './safe-text.ts';

/** A line about a change of the room: key below `room:state.` and the names in it. */
export interface StateLine {
  readonly eventId: string;
  readonly key: string;
  readonly values: Readonly<Record<string, string | number>>;
  /** Of a person: lines of the same kind are told together. */
  readonly kind: 'member' | 'room';
}

type NameOf = (userId: string) => string;
type Words = Omit<StateLine, 'eventId'> | undefined;

const member = (key: string, values: StateLine['values']): Words => ({ key, values, kind: 'member' });
const room = (key: string, values: StateLine['values']): Words => ({ key, values, kind: 'room' });

function membershipWords(event: MatrixEvent, nameOf: NameOf): Words {
  const target = event.getStateKey() ?? '';
  const sender = event.getSender() ?? '';
  const content = asRecord(event.getContent());
  const before = asRecord(event.getPrevContent());
  const name = cleanName(content['displayname'] ?? before['displayname'], nameOf(target));
  const by = nameOf(sender);
  const was = asText(before['membership']);
  switch (content['membership']) {
    case 'join': {
      if (was !== 'join') return member('joined', { name });
      const old = cleanName(before['displayname'], target);
      const now = cleanName(content['displayname'], target);
      if (old !== now) return member('renamed_self', { old, name: now });
      if (before['avatar_url'] !== content['avatar_url']) return member('avatar_self', { name });
      return undefined;
    }
    case 'invite':
      return member('invited', { by, name });
    case 'knock':
      return member('knocked', { name });
    case 'ban':
      return member('banned', { by, name });
    case 'leave':
      if (was === 'ban') return member('unbanned', { by, name });
      if (was === 'invite') {
        return sender === target ? member('declined', { name }) : member('uninvited', { by, name });
      }
      if (was === 'knock') {
        return sender === target ? member('unknocked', { name }) : member('refused', { by, name });
      }
      return sender === target ? member('left', { name }) : member('removed', { by, name });
    default:
      return undefined;
  }
}

/** How a room is set up: told where a person does it, and nobody's concern where the company's own bot keeps it in step. */
const UPKEEP: ReadonlySet<string> = new Set([
  EVENT.create,
  EVENT.topic,
  EVENT.encryption,
  EVENT.powerLevels,
  EVENT.joinRules,
  EVENT.historyVisibility,
]);

/** What a state event says in words, or undefined when people need not see it. */
export function stateWords(event: MatrixEvent, nameOf: NameOf, me: string): Words {
  // How a conversation is made and how people are brought in is nobody's doing: the joins tell it.
  if (isServiceUser(event.getSender() ?? '', me)) return undefined;
  const by = nameOf(event.getSender() ?? '');
  const content = asRecord(event.getContent());
  const before = asRecord(event.getPrevContent());
  // A department's first name is no news either; another one is.
  if (
    isOwnBot(event.getSender() ?? '', me) &&
    (UPKEEP.has(event.getType()) || (event.getType() === EVENT.name && asText(before['name']) === undefined))
  )
    return undefined;
  switch (event.getType()) {
    case EVENT.member:
      return membershipWords(event, nameOf);
    case EVENT.create:
      return room('created', { by });
    case EVENT.name: {
      const name = cleanName(content['name'], '');
      return name === '' ? room('name_removed', { by }) : room('named', { by, name });
    }
    case EVENT.topic: {
      const topic = cleanName(content['topic'], '');
      return topic === '' ? room('topic_removed', { by }) : room('topic', { by, topic });
    }
    case EVENT.avatar:
      return room('avatar', { by });
    case EVENT.encryption:
      return room('encrypted', { by });
    case EVENT.powerLevels:
      return room('power', { by });
    case EVENT.joinRules:
      return room('join_rule', { by });
    case EVENT.historyVisibility:
      return room('history', { by });
    case EVENT.tombstone:
      return room('tombstone', { by });
    case EVENT.pinned: {
      const count = asList(content['pinned']).length;
      return room(count >= asList(before['pinned']).length ? 'pinned' : 'unpinned', { by });
    }
    default:
      return undefined;
  }
}
