import { Direction, Method, MatrixEvent, type IEvent, type MatrixClient } from 'matrix-js-sdk';
import { isShown } from './message-words.ts';
import { asRecord } from './safe-text.ts';

/** Events of one request when the next message is looked for, and requests at most. */
const PAGE = 100;
const MOST_REQUESTS = 20;

/** Whether an event that is no state event has a row; one that breaks the parsers has one that says so. */
export function hasRow(event: MatrixEvent): boolean {
  try {
    return isShown(event);
  } catch {
    return true;
  }
}

/** How many rows the events make, about: what is not shown makes none, changes of the room in a row make one. */
export function rowsOf(events: readonly MatrixEvent[]): number {
  let rows = 0;
  let afterState = false;
  for (const event of events) {
    if (event.isState()) {
      if (!afterState) rows++;
      afterState = true;
    } else if (hasRow(event)) {
      rows++;
      afterState = false;
    }
  }
  return rows;
}

/** Whether an event, as the homeserver tells it, has a row of its own among the room's messages. */
function isRow(raw: Partial<IEvent>): boolean {
  const event = new MatrixEvent(raw);
  const relation = asRecord(asRecord(raw.content)['m.relates_to'])['rel_type'];
  return relation === undefined && !event.isState() && hasRow(event);
}

/**
 * The first message from an event on: on reactions, changes and answers in threads nothing can be opened.
 * @returns its id; where none follows, of what the event belongs to, or of itself
 * @throws MatrixError
 */
export async function rowFrom(client: MatrixClient, roomId: string, eventId: string): Promise<string> {
  const path = `/rooms/${encodeURIComponent(roomId)}/context/${encodeURIComponent(eventId)}`;
  const { event, end } = await client.http.authedRequest<{ event?: IEvent; end?: string }>(Method.Get, path, {
    limit: '0',
  });
  if (!event || isRow(event)) return eventId;
  let from = end;
  for (let request = 0; from !== undefined && request < MOST_REQUESTS; request++) {
    const answer = await client.createMessagesRequest(roomId, from, PAGE, Direction.Forward);
    const found = answer.chunk.find(isRow);
    if (found) return found.event_id;
    from = answer.end;
  }
  const target = asRecord(asRecord(event.content)['m.relates_to'])['event_id'];
  return typeof target === 'string' ? target : eventId;
}
