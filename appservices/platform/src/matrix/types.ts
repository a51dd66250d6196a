import type { DeviceId, EventId, MxcUri, RoomAlias, RoomId, UserId } from '@qiao/matrix-types';

/** A JSON object whose fields are not checked yet. */
export type Json = Record<string, unknown>;

/** An event as the homeserver gives it; content is unchecked input. */
export interface RawEvent {
  type: string;
  event_id: EventId;
  sender: UserId;
  origin_server_ts: number;
  content: Json;
  state_key?: string;
  redacts?: string;
  room_id?: RoomId;
  unsigned?: Json;
}

/** State as in `initial_state` of a new room. */
export interface InitialState {
  type: string;
  state_key?: string;
  content: Json;
}

/** `POST /createRoom` (client-server API). */
export interface CreateRoomRequest {
  name?: string;
  topic?: string;
  visibility?: 'private' | 'public';
  preset?: 'private_chat' | 'trusted_private_chat' | 'public_chat';
  room_alias_name?: string;
  room_version?: string;
  invite?: readonly UserId[];
  is_direct?: boolean;
  creation_content?: Json;
  initial_state?: readonly InitialState[];
  power_level_content_override?: Json;
}

export interface SyncRequest {
  since?: string | undefined;
  /** A filter's JSON text or id. */
  filter?: string;
  /** How long the server may wait for news, milliseconds. */
  timeoutMs?: number;
  fullState?: boolean;
  setPresence?: 'offline' | 'online' | 'unavailable';
  signal?: AbortSignal | undefined;
}

export interface SyncTimeline {
  events: RawEvent[];
  limited?: boolean;
  prev_batch?: string;
}

/** The parts of a sync answer that Qiao reads. */
export interface SyncResponse {
  next_batch: string;
  rooms?: {
    join?: Record<
      string,
      {
        timeline?: SyncTimeline;
        state?: { events: RawEvent[] };
        summary?: Json;
        ephemeral?: { events: Json[] };
      }
    >;
    invite?: Record<string, { invite_state?: { events: Json[] } }>;
    leave?: Record<string, { timeline?: SyncTimeline; state?: { events: RawEvent[] } }>;
  };
  to_device?: { events: Json[] };
  device_lists?: { changed?: string[]; left?: string[] };
  device_one_time_keys_count?: Record<string, number>;
  device_unused_fallback_key_types?: string[];
}

export interface MessagesRequest {
  /** Pagination token; left out: from the newest (`b`) or oldest (`f`) event. */
  from?: string | undefined;
  to?: string | undefined;
  direction: 'b' | 'f';
  limit?: number;
  /** JSON text of a room event filter. */
  filter?: string;
}

export interface MessagesPage {
  chunk: RawEvent[];
  start: string;
  end?: string;
  state?: RawEvent[];
}

export interface Profile {
  displayname?: string;
  avatar_url?: string;
}

export interface DeviceInfo {
  device_id: DeviceId;
  display_name?: string;
  last_seen_ts?: number;
}

export interface HierarchyRoom {
  room_id: RoomId;
  name?: string;
  room_type?: string;
  num_joined_members: number;
  children_state: RawEvent[];
}

export interface BackupVersion {
  version: string;
  algorithm: string;
  auth_data: Json;
  count: number;
  etag: string;
}

export interface ResolvedAlias {
  room_id: RoomId;
  servers: string[];
}

export interface UploadRequest {
  /** Bytes, or a stream made anew for each try. */
  data: Uint8Array | (() => AsyncIterable<Uint8Array>);
  /** Length in bytes; needed with a stream. */
  sizeBytes?: number;
  contentType: string;
  filename?: string;
}

export interface Uploaded {
  content_uri: MxcUri;
}

export interface OpenIdToken {
  access_token: string;
  token_type: string;
  matrix_server_name: string;
  expires_in: number;
}

export type { DeviceId, EventId, MxcUri, RoomAlias, RoomId, UserId };
