/** An event as the homeserver pushed it; content is unchecked: the handler parses what it claims. */
export interface PushedEvent {
  readonly type: string;
  readonly event_id: string;
  readonly room_id: string;
  readonly sender: string;
  readonly state_key?: string;
  readonly origin_server_ts: number;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Called in order, once per event as far as can be (at least once after a crash). Throwing fails nothing but that event. */
export type MatrixEventHandler = (event: PushedEvent) => Promise<void>;
