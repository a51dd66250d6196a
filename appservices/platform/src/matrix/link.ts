import { Readable } from 'node:stream';
import {
  isRoomId,
  mxcParts,
  parseDeviceId,
  parseEventId,
  parseMxcUri,
  parseRoomId,
  parseUserId,
  type DeviceId,
  type EventId,
  type MxcUri,
  type RoomAlias,
  type RoomId,
  type UserId,
} from '@qiao/matrix-types';
import { MatrixError, MatrixUnreachableError, MediaTooLargeError } from './errors.ts';
import { path, Transport, type Call, type TransportOptions } from './transport.ts';
import type {
  BackupVersion,
  CreateRoomRequest,
  DeviceInfo,
  HierarchyRoom,
  Json,
  MessagesPage,
  MessagesRequest,
  OpenIdToken,
  Profile,
  RawEvent,
  ResolvedAlias,
  SyncRequest,
  SyncResponse,
  UploadRequest,
} from './types.ts';

const V3 = '/_matrix/client/v3/';
/** A long poll's answer may come this much later than asked for, milliseconds. */
const SYNC_GRACE_MS = 60_000;
/** Receipts, keys: how long a key claim waits for other servers, milliseconds. */
const FEDERATION_TIMEOUT_MS = 10_000;

export interface MatrixLinkOptions extends TransportOptions {
  /** The appservice's `as_token`, or a user's access token. */
  token: string;
}

/** What may be said about a single call. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Total time, tries and waits together, milliseconds; 0 means one try. */
  totalMs?: number;
}

/**
 * Client for one homeserver with an appservice's token. `as(user, device)` gives the same link speaking as a user of
 * the appservice's namespace; all of them share connections, retries and the limit of calls in flight.
 *
 * Every method throws `MatrixError` for an answer that says no, `MatrixUnreachableError` when there was none in time,
 * and the signal's reason when aborted. Content and tokens are never logged.
 */
export class MatrixLink {
  readonly transport: Transport;
  /** Who the link speaks as; undefined: the appservice's own user. */
  readonly userId: UserId | undefined;
  readonly deviceId: DeviceId | undefined;
  readonly #token: string;

  private constructor(transport: Transport, token: string, userId?: UserId, deviceId?: DeviceId) {
    this.transport = transport;
    this.#token = token;
    this.userId = userId;
    this.deviceId = deviceId;
  }

  /** Makes a link. Opens no connection yet; `close` ends it and all links made from it. */
  static open(options: MatrixLinkOptions): MatrixLink {
    return new MatrixLink(new Transport(options), options.token);
  }

  /** The same link as a user of the namespace, and as one of the user's devices. */
  as(userId: UserId, deviceId?: DeviceId): MatrixLink {
    return new MatrixLink(this.transport, this.#token, userId, deviceId);
  }

  /** The same homeserver and connections with another token (an account's own). */
  withToken(token: string): MatrixLink {
    return new MatrixLink(this.transport, token);
  }

  async close(): Promise<void> {
    await this.transport.close();
  }

  #call(call: Call): Call {
    return {
      ...call,
      token: this.#token,
      query: { ...call.query, user_id: this.userId, device_id: this.deviceId },
    };
  }

  /** Makes any call as this link's user and gives the parsed JSON. For endpoints that have no method here. */
  async request(call: Omit<Call, 'token'>): Promise<Json> {
    const answer = await this.transport.json(this.#call(call));
    if (typeof answer !== 'object' || answer === null) {
      throw new MatrixUnreachableError(call.route, new Error('answer is no object'));
    }
    return answer as Json;
  }

  // --- account and server ---------------------------------------------------------------------------------------

  /** Versions and unstable features the homeserver names. */
  async versions(
    options?: CallOptions,
  ): Promise<{ versions: string[]; unstable_features: Record<string, boolean> }> {
    const answer = await this.transport.json({
      method: 'GET',
      path: '/_matrix/client/versions',
      route: 'GET versions',
      ...options,
    });
    return answer as { versions: string[]; unstable_features: Record<string, boolean> };
  }

  async whoami(options?: CallOptions): Promise<{ userId: UserId; deviceId: DeviceId | undefined }> {
    const answer = await this.request({
      method: 'GET',
      path: `${V3}account/whoami`,
      route: 'GET whoami',
      ...options,
    });
    return {
      userId: parseUserId(answer.user_id),
      deviceId: answer.device_id === undefined ? undefined : parseDeviceId(answer.device_id),
    };
  }

  /** Registers a user of the namespace, without a device. Returns false if it was there already. */
  async registerAppserviceUser(localpart: string, options?: CallOptions): Promise<boolean> {
    try {
      // No `user_id`: registration is the appservice's own act.
      await this.transport.json({
        method: 'POST',
        path: `${V3}register`,
        route: 'POST register',
        token: this.#token,
        body: { type: 'm.login.application_service', username: localpart, inhibit_login: true },
        idempotent: true,
        ...options,
      });
      return true;
    } catch (error) {
      if (MatrixError.is(error, 'M_USER_IN_USE')) return false;
      throw error;
    }
  }

  /** Asks the homeserver to ping the appservice (MSC2659). Returns the round trip in milliseconds. */
  async pingAppservice(appserviceId: string, txnId?: string): Promise<number> {
    const answer = await this.request({
      method: 'POST',
      path: path`/_matrix/client/v1/appservice/${appserviceId}/ping`,
      route: 'POST appservice/ping',
      body: txnId === undefined ? {} : { transaction_id: txnId },
      idempotent: true,
      totalMs: 0,
    });
    return Number(answer.duration_ms);
  }

  async profile(userId: UserId, options?: CallOptions): Promise<Profile> {
    return this.request({
      method: 'GET',
      path: path`/_matrix/client/v3/profile/${userId}`,
      route: 'GET profile',
      ...options,
    });
  }

  /** Sets the name of this link's user. */
  async setDisplayName(displayname: string): Promise<void> {
    await this.#setProfile('displayname', { displayname });
  }

  /** Sets the picture of this link's user; an empty text removes it. */
  async setAvatar(avatarUrl: MxcUri | ''): Promise<void> {
    await this.#setProfile('avatar_url', { avatar_url: avatarUrl });
  }

  async #setProfile(field: string, body: Json): Promise<void> {
    await this.request({
      method: 'PUT',
      path: path`/_matrix/client/v3/profile/${this.#me()}/${field}`,
      route: 'PUT profile',
      body,
    });
  }

  /** Account data of this link's user; undefined if there is none. */
  async accountData(type: string, roomId?: RoomId): Promise<Json | undefined> {
    return this.#orUndefined(
      this.request({
        method: 'GET',
        path: this.#accountDataPath(type, roomId),
        route: 'GET account_data',
      }),
    );
  }

  async setAccountData(type: string, content: Json, roomId?: RoomId): Promise<void> {
    await this.request({
      method: 'PUT',
      path: this.#accountDataPath(type, roomId),
      route: 'PUT account_data',
      body: content,
    });
  }

  #accountDataPath(type: string, roomId?: RoomId): string {
    return roomId === undefined
      ? path`/_matrix/client/v3/user/${this.#me()}/account_data/${type}`
      : path`/_matrix/client/v3/user/${this.#me()}/rooms/${roomId}/account_data/${type}`;
  }

  /** A token by which others can check that the bearer is this link's user (OpenID). */
  async requestOpenIdToken(): Promise<OpenIdToken> {
    const answer = await this.request({
      method: 'POST',
      path: path`/_matrix/client/v3/user/${this.#me()}/openid/request_token`,
      route: 'POST openid/request_token',
      idempotent: true,
    });
    return answer as unknown as OpenIdToken;
  }

  // --- rooms ----------------------------------------------------------------------------------------------------

  /** Creates a room. Is not repeated when it is unknown whether it took effect; give an alias to find it again. */
  async createRoom(request: CreateRoomRequest, options?: CallOptions): Promise<RoomId> {
    const answer = await this.request({
      method: 'POST',
      path: `${V3}createRoom`,
      route: 'POST createRoom',
      body: request,
      ...options,
    });
    return parseRoomId(answer.room_id);
  }

  async invite(roomId: RoomId, userId: UserId, reason?: string): Promise<void> {
    await this.#membership(roomId, 'invite', userId, reason);
  }

  async kick(roomId: RoomId, userId: UserId, reason?: string): Promise<void> {
    await this.#membership(roomId, 'kick', userId, reason);
  }

  async ban(roomId: RoomId, userId: UserId, reason?: string): Promise<void> {
    await this.#membership(roomId, 'ban', userId, reason);
  }

  async unban(roomId: RoomId, userId: UserId, reason?: string): Promise<void> {
    await this.#membership(roomId, 'unban', userId, reason);
  }

  async #membership(roomId: RoomId, act: string, userId: UserId, reason?: string): Promise<void> {
    await this.request({
      method: 'POST',
      path: path`/_matrix/client/v3/rooms/${roomId}/${act}`,
      route: `POST rooms/${act}`,
      body: { user_id: userId, ...(reason === undefined ? {} : { reason }) },
      idempotent: true,
    });
  }

  /** Joins by id or alias. `via` names servers to join through when ours is not in the room. */
  async join(room: RoomId | RoomAlias, via: readonly string[] = [], options?: CallOptions): Promise<RoomId> {
    const answer = await this.request({
      method: 'POST',
      path: path`/_matrix/client/v3/join/${room}`,
      route: 'POST join',
      query: { via, server_name: via },
      idempotent: true,
      ...options,
    });
    return parseRoomId(answer.room_id);
  }

  async leave(roomId: RoomId, reason?: string): Promise<void> {
    await this.request({
      method: 'POST',
      path: path`/_matrix/client/v3/rooms/${roomId}/leave`,
      route: 'POST rooms/leave',
      body: reason === undefined ? {} : { reason },
      idempotent: true,
    });
  }

  async forget(roomId: RoomId): Promise<void> {
    await this.request({
      method: 'POST',
      path: path`/_matrix/client/v3/rooms/${roomId}/forget`,
      route: 'POST rooms/forget',
      idempotent: true,
    });
  }

  async joinedRooms(options?: CallOptions): Promise<RoomId[]> {
    const answer = await this.request({
      method: 'GET',
      path: `${V3}joined_rooms`,
      route: 'GET joined_rooms',
      ...options,
    });
    return Array.isArray(answer.joined_rooms) ? answer.joined_rooms.filter(isRoomId) : [];
  }

  /** All current state of a room. */
  async state(roomId: RoomId): Promise<RawEvent[]> {
    const answer = await this.transport.json(
      this.#call({
        method: 'GET',
        path: path`/_matrix/client/v3/rooms/${roomId}/state`,
        route: 'GET rooms/state',
      }),
    );
    return answer as RawEvent[];
  }

  /** Content of one piece of state; undefined if it was never set. */
  async getState(roomId: RoomId, type: string, stateKey = ''): Promise<Json | undefined> {
    return this.#orUndefined(
      this.request({
        method: 'GET',
        path: path`/_matrix/client/v3/rooms/${roomId}/state/${type}/${stateKey}`,
        route: 'GET rooms/state',
      }),
    );
  }

  async putState(roomId: RoomId, type: string, content: Json, stateKey = ''): Promise<EventId> {
    const answer = await this.request({
      method: 'PUT',
      path: path`/_matrix/client/v3/rooms/${roomId}/state/${type}/${stateKey}`,
      route: 'PUT rooms/state',
      body: content,
    });
    return parseEventId(answer.event_id);
  }

  /**
   * Sends an event as it is given (not encrypted here). The same `txnId` from the same user and device gives the same
   * event, however often it is called.
   */
  async send(
    roomId: RoomId,
    type: string,
    content: Json | string,
    txnId: string,
    options?: CallOptions,
  ): Promise<EventId> {
    const answer = await this.request({
      method: 'PUT',
      path: path`/_matrix/client/v3/rooms/${roomId}/send/${type}/${txnId}`,
      route: 'PUT rooms/send',
      ...(typeof content === 'string' ? { rawBody: content } : { body: content }),
      ...options,
    });
    return parseEventId(answer.event_id);
  }

  async redact(roomId: RoomId, eventId: EventId, txnId: string, reason?: string): Promise<EventId> {
    const answer = await this.request({
      method: 'PUT',
      path: path`/_matrix/client/v3/rooms/${roomId}/redact/${eventId}/${txnId}`,
      route: 'PUT rooms/redact',
      body: reason === undefined ? {} : { reason },
    });
    return parseEventId(answer.event_id);
  }

  /** Marks everything up to an event as read by this link's user. */
  async sendReadReceipt(
    roomId: RoomId,
    eventId: EventId,
    kind: 'm.read' | 'm.read.private' = 'm.read',
  ): Promise<void> {
    await this.request({
      method: 'POST',
      path: path`/_matrix/client/v3/rooms/${roomId}/receipt/${kind}/${eventId}`,
      route: 'POST rooms/receipt',
      idempotent: true,
    });
  }

  async setTyping(roomId: RoomId, typing: boolean, timeoutMs = 10_000): Promise<void> {
    await this.request({
      method: 'PUT',
      path: path`/_matrix/client/v3/rooms/${roomId}/typing/${this.#me()}`,
      route: 'PUT rooms/typing',
      body: typing ? { typing, timeout: timeoutMs } : { typing },
    });
  }

  /** Member events of a room, of all or one membership. */
  async members(
    roomId: RoomId,
    filter: { membership?: string; notMembership?: string; at?: string } = {},
  ): Promise<RawEvent[]> {
    const answer = await this.request({
      method: 'GET',
      path: path`/_matrix/client/v3/rooms/${roomId}/members`,
      route: 'GET rooms/members',
      query: { membership: filter.membership, not_membership: filter.notMembership, at: filter.at },
    });
    return answer.chunk as RawEvent[];
  }

  async joinedMembers(roomId: RoomId): Promise<Map<UserId, { display_name?: string; avatar_url?: string }>> {
    const answer = await this.request({
      method: 'GET',
      path: path`/_matrix/client/v3/rooms/${roomId}/joined_members`,
      route: 'GET rooms/joined_members',
    });
    const joined = answer.joined as Record<string, { display_name?: string; avatar_url?: string }>;
    return new Map(Object.entries(joined).map(([id, profile]) => [parseUserId(id), profile]));
  }

  /** One page of a room's history. */
  async messages(roomId: RoomId, request: MessagesRequest, options?: CallOptions): Promise<MessagesPage> {
    const answer = await this.request({
      method: 'GET',
      path: path`/_matrix/client/v3/rooms/${roomId}/messages`,
      route: 'GET rooms/messages',
      query: {
        from: request.from,
        to: request.to,
        dir: request.direction,
        limit: request.limit,
        filter: request.filter,
      },
      ...options,
    });
    return answer as unknown as MessagesPage;
  }

  /** A room's history event by event, page after page, until its end or `request.to`. */
  async *allMessages(
    roomId: RoomId,
    request: MessagesRequest,
    options?: CallOptions,
  ): AsyncGenerator<RawEvent> {
    let from = request.from;
    for (;;) {
      const page = await this.messages(roomId, { ...request, from }, options);
      yield* page.chunk;
      if (page.end === undefined || page.end === from || page.end === request.to) return;
      from = page.end;
    }
  }

  async event(roomId: RoomId, eventId: EventId): Promise<RawEvent | undefined> {
    const answer = await this.#orUndefined(
      this.request({
        method: 'GET',
        path: path`/_matrix/client/v3/rooms/${roomId}/event/${eventId}`,
        route: 'GET rooms/event',
      }),
    );
    return answer as RawEvent | undefined;
  }

  /** What was said before and after an event. */
  async context(roomId: RoomId, eventId: EventId, limit = 10): Promise<Json> {
    return this.request({
      method: 'GET',
      path: path`/_matrix/client/v3/rooms/${roomId}/context/${eventId}`,
      route: 'GET rooms/context',
      query: { limit },
    });
  }

  /** Events that relate to one, newest first, page after page. */
  async *relations(
    roomId: RoomId,
    eventId: EventId,
    relType?: string,
    eventType?: string,
  ): AsyncGenerator<RawEvent> {
    let base = path`/_matrix/client/v1/rooms/${roomId}/relations/${eventId}`;
    if (relType !== undefined) base += path`/${relType}`;
    if (relType !== undefined && eventType !== undefined) base += path`/${eventType}`;
    let from: string | undefined;
    for (;;) {
      const page = (await this.request({
        method: 'GET',
        path: base,
        route: 'GET rooms/relations',
        query: { from, limit: 100 },
      })) as unknown as { chunk: RawEvent[]; next_batch?: string };
      yield* page.chunk;
      if (page.next_batch === undefined || page.next_batch === from) return;
      from = page.next_batch;
    }
  }

  /** The rooms under a space as this link's user sees them, page after page. */
  async *hierarchy(
    roomId: RoomId,
    options: { maxDepth?: number; suggestedOnly?: boolean } = {},
  ): AsyncGenerator<HierarchyRoom> {
    let from: string | undefined;
    for (;;) {
      const page = (await this.request({
        method: 'GET',
        path: path`/_matrix/client/v1/rooms/${roomId}/hierarchy`,
        route: 'GET rooms/hierarchy',
        query: { from, limit: 50, max_depth: options.maxDepth, suggested_only: options.suggestedOnly },
      })) as unknown as { rooms: HierarchyRoom[]; next_batch?: string };
      yield* page.rooms;
      if (page.next_batch === undefined || page.next_batch === from) return;
      from = page.next_batch;
    }
  }

  async createAlias(alias: RoomAlias, roomId: RoomId): Promise<void> {
    await this.request({
      method: 'PUT',
      path: path`/_matrix/client/v3/directory/room/${alias}`,
      route: 'PUT directory/room',
      body: { room_id: roomId },
    });
  }

  async resolveAlias(alias: RoomAlias): Promise<ResolvedAlias | undefined> {
    const answer = await this.#orUndefined(
      this.request({
        method: 'GET',
        path: path`/_matrix/client/v3/directory/room/${alias}`,
        route: 'GET directory/room',
      }),
    );
    if (answer === undefined) return undefined;
    return { room_id: parseRoomId(answer.room_id), servers: (answer.servers ?? []) as string[] };
  }

  async deleteAlias(alias: RoomAlias): Promise<void> {
    await this.request({
      method: 'DELETE',
      path: path`/_matrix/client/v3/directory/room/${alias}`,
      route: 'DELETE directory/room',
    });
  }

  // --- media ----------------------------------------------------------------------------------------------------

  /** Uploads a file. A stream needs `sizeBytes`. */
  async uploadMedia(upload: UploadRequest, options?: CallOptions): Promise<MxcUri> {
    const data = upload.data;
    const response = await this.transport.stream(
      this.#call({
        method: 'POST',
        path: '/_matrix/media/v3/upload',
        route: 'POST media/upload',
        query: { filename: upload.filename },
        idempotent: true,
        ...options,
      }),
      () => ({
        headers: {
          'content-type': upload.contentType,
          ...(typeof data === 'function' && upload.sizeBytes !== undefined
            ? { 'content-length': String(upload.sizeBytes) }
            : {}),
        },
        body: typeof data === 'function' ? Readable.from(data()) : data,
      }),
      true,
    );
    const answer = (await response.body.json()) as Json;
    return parseMxcUri(answer.content_uri);
  }

  /**
   * Opens a file for reading (authenticated media, MSC3916). Throws `MediaTooLargeError` before reading if the server
   * names a larger size than allowed, and while reading if the bytes turn out to be more.
   */
  async downloadMedia(
    uri: MxcUri,
    maxBytes: number,
    options?: CallOptions,
  ): Promise<{ contentType: string | undefined; stream: AsyncIterable<Uint8Array> }> {
    const { server, mediaId } = mxcParts(uri);
    const response = await this.transport.stream(
      this.#call({
        method: 'GET',
        path: path`/_matrix/client/v1/media/download/${server}/${mediaId}`,
        route: 'GET media/download',
        ...options,
      }),
      () => ({ headers: {}, body: null }),
      true,
    );
    const length = Number(response.headers['content-length']);
    if (length > maxBytes) {
      response.body.on('error', () => undefined).destroy();
      throw new MediaTooLargeError(maxBytes);
    }
    const type = response.headers['content-type'];
    return {
      contentType: typeof type === 'string' ? type : undefined,
      stream: limited(response.body, maxBytes),
    };
  }

  // --- sync, keys, devices --------------------------------------------------------------------------------------

  /** One `/sync`. Waits up to `timeoutMs` for news; is not repeated by the link when it fails. */
  async sync(request: SyncRequest): Promise<SyncResponse> {
    const timeoutMs = request.timeoutMs ?? 0;
    const answer = await this.request({
      method: 'GET',
      path: `${V3}sync`,
      route: 'GET sync',
      query: {
        since: request.since,
        filter: request.filter,
        timeout: timeoutMs,
        full_state: request.fullState,
        set_presence: request.setPresence,
      },
      timeoutMs: timeoutMs + SYNC_GRACE_MS,
      longPoll: true,
      totalMs: 0,
      signal: request.signal,
    });
    return answer as unknown as SyncResponse;
  }

  /** Stores a sync filter for this link's user and returns its id. */
  async createFilter(filter: Json): Promise<string> {
    const answer = await this.request({
      method: 'POST',
      path: path`/_matrix/client/v3/user/${this.#me()}/filter`,
      route: 'POST filter',
      body: filter,
      idempotent: true,
    });
    return String(answer.filter_id);
  }

  /** `POST /keys/upload`; the body is JSON text as the crypto machine makes it. */
  async keysUpload(body: string, options?: CallOptions): Promise<Json> {
    return this.request({
      method: 'POST',
      path: `${V3}keys/upload`,
      route: 'POST keys/upload',
      rawBody: body,
      idempotent: true,
      ...options,
    });
  }

  async keysQuery(body: string | Json, options?: CallOptions): Promise<Json> {
    return this.request({
      method: 'POST',
      path: `${V3}keys/query`,
      route: 'POST keys/query',
      ...(typeof body === 'string'
        ? { rawBody: body }
        : { body: { timeout: FEDERATION_TIMEOUT_MS, ...body } }),
      idempotent: true,
      ...options,
    });
  }

  async keysClaim(body: string | Json, options?: CallOptions): Promise<Json> {
    return this.request({
      method: 'POST',
      path: `${V3}keys/claim`,
      route: 'POST keys/claim',
      ...(typeof body === 'string'
        ? { rawBody: body }
        : { body: { timeout: FEDERATION_TIMEOUT_MS, ...body } }),
      idempotent: true,
      ...options,
    });
  }

  /** Publishes cross-signing keys; an appservice needs no interactive authentication. */
  async uploadSigningKeys(body: string): Promise<void> {
    await this.request({
      method: 'POST',
      path: `${V3}keys/device_signing/upload`,
      route: 'POST keys/device_signing/upload',
      rawBody: body,
      idempotent: true,
    });
  }

  /** Publishes signatures; `failures` of the answer are the caller's to look at. */
  async uploadSignatures(body: string): Promise<Json> {
    return this.request({
      method: 'POST',
      path: `${V3}keys/signatures/upload`,
      route: 'POST keys/signatures/upload',
      rawBody: body,
      idempotent: true,
    });
  }

  async sendToDevice(type: string, txnId: string, body: string | Json, options?: CallOptions): Promise<Json> {
    return this.request({
      method: 'PUT',
      path: path`/_matrix/client/v3/sendToDevice/${type}/${txnId}`,
      route: 'PUT sendToDevice',
      ...(typeof body === 'string' ? { rawBody: body } : { body }),
      ...options,
    });
  }

  async devices(): Promise<DeviceInfo[]> {
    const answer = await this.request({ method: 'GET', path: `${V3}devices`, route: 'GET devices' });
    return answer.devices as DeviceInfo[];
  }

  /** Makes a device of this link's user, or renames it (MSC4190). */
  async putDevice(deviceId: DeviceId, displayName?: string): Promise<void> {
    await this.request({
      method: 'PUT',
      path: path`/_matrix/client/v3/devices/${deviceId}`,
      route: 'PUT devices',
      body: displayName === undefined ? {} : { display_name: displayName },
    });
  }

  /** Removes a device (MSC4190: without interactive authentication). A device that is not there is no error. */
  async deleteDevice(deviceId: DeviceId): Promise<void> {
    await this.#orUndefined(
      this.request({
        method: 'DELETE',
        path: path`/_matrix/client/v3/devices/${deviceId}`,
        route: 'DELETE devices',
      }),
    );
  }

  // --- key backup -----------------------------------------------------------------------------------------------

  /** The current server-side key backup; undefined if there is none. */
  async backupVersion(): Promise<BackupVersion | undefined> {
    const answer = await this.#orUndefined(
      this.request({ method: 'GET', path: `${V3}room_keys/version`, route: 'GET room_keys/version' }),
    );
    return answer as BackupVersion | undefined;
  }

  async createBackupVersion(algorithm: string, authData: Json): Promise<string> {
    const answer = await this.request({
      method: 'POST',
      path: `${V3}room_keys/version`,
      route: 'POST room_keys/version',
      body: { algorithm, auth_data: authData },
    });
    return String(answer.version);
  }

  /** Replaces the signatures of a backup version. */
  async updateBackupVersion(version: string, algorithm: string, authData: Json): Promise<void> {
    await this.request({
      method: 'PUT',
      path: path`/_matrix/client/v3/room_keys/version/${version}`,
      route: 'PUT room_keys/version',
      body: { algorithm, auth_data: authData, version },
    });
  }

  async deleteBackupVersion(version: string): Promise<void> {
    await this.request({
      method: 'DELETE',
      path: path`/_matrix/client/v3/room_keys/version/${version}`,
      route: 'DELETE room_keys/version',
    });
  }

  async putBackupKeys(version: string, body: string): Promise<Json> {
    return this.request({
      method: 'PUT',
      path: `${V3}room_keys/keys`,
      route: 'PUT room_keys/keys',
      query: { version },
      rawBody: body,
    });
  }

  /** Encrypted keys of the backup: of one room, or one session. Undefined if there are none. */
  async backupKeys(version: string, roomId?: RoomId, sessionId?: string): Promise<Json | undefined> {
    let where = `${V3}room_keys/keys`;
    if (roomId !== undefined) where += path`/${roomId}`;
    if (roomId !== undefined && sessionId !== undefined) where += path`/${sessionId}`;
    return this.#orUndefined(
      this.request({ method: 'GET', path: where, route: 'GET room_keys/keys', query: { version } }),
    );
  }

  #me(): UserId {
    if (this.userId === undefined) throw new TypeError('this link speaks as nobody: use link.as(userId)');
    return this.userId;
  }

  async #orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
    try {
      return await promise;
    } catch (error) {
      if (MatrixError.is(error) && error.status === 404) return undefined;
      throw error;
    }
  }
}

async function* limited(body: Readable, maxBytes: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new MediaTooLargeError(maxBytes);
    yield chunk;
  }
}
