/*
 * How another domain speaks in department rooms: by the organisation's bot, which is in them anyway, so that no other
 * bot reads along. Offered as `org.rooms`.
 */

/** Name under which org offers `OrgRooms`: `context.use(ORG_ROOMS) as OrgRooms`. */
export const ORG_ROOMS = 'org.rooms';

/** Somebody's answer to a message in one of the bot's rooms; unchecked but for its form. */
export interface RoomResponse {
  readonly room_id: string;
  /** The message it answers. */
  readonly event_id: string;
  /** Matrix user id. */
  readonly sender: string;
  readonly kind: 'reply' | 'reaction';
  /** The reaction's emoji; null for a reply. Of a reply nothing else is told: what it says stays in the room. */
  readonly key: string | null;
}

export interface OrgRooms {
  /**
   * Says something in the department's room, encrypted. The same `txnId` in the same department is sent once, within
   * a day. Undefined where the department has ended, or has no room yet.
   * @throws while the bot does not run or the homeserver is away; try again later
   */
  post(
    departmentId: string,
    message: {
      readonly body: string;
      /** HTML; the caller has escaped what people wrote. */
      readonly formatted_body?: string;
      /** Further fields of the content, by names of the caller's own. */
      readonly extra?: Readonly<Record<string, unknown>>;
    },
    txnId: string,
  ): Promise<{ room_id: string; event_id: string } | undefined>;
  /** Takes back what `post` said. @throws like `post` */
  redact(roomId: string, eventId: string, txnId: string): Promise<void>;
  /** Called at least once for each reply and reaction in any department room. Register in `setup`. */
  onResponse(handler: (response: RoomResponse) => Promise<void>): void;
}
