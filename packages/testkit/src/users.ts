import { createHmac, randomBytes } from 'node:crypto';
import { testStack } from './context.ts';
import type { TestStackInfo } from './stack.ts';

/** An event as /sync gives it. */
export interface MatrixEvent {
  type: string;
  event_id: string;
  sender: string;
  origin_server_ts: number;
  state_key?: string;
  content: Record<string, unknown>;
  unsigned?: Record<string, unknown>;
  room_id: string;
}

/** An answer of the homeserver that says no. */
export class MatrixError extends Error {
  readonly status: number;
  readonly errcode: string;
  constructor(status: number, errcode: string, message: string) {
    super(message);
    this.status = status;
    this.errcode = errcode;
  }
}

/** What a test may ask for in a user. */
export interface UserOptions {
  /** Begin of the local part; a random end makes it unique. Default `user`. */
  name?: string;
  displayName?: string;
  /** Synapse administrator. */
  admin?: boolean;
  password?: string;
  /** On which homeserver; default the company's own. */
  server?: 'own' | 'partner';
  /** A stack of the test's own instead of the shared one. */
  stack?: TestStackInfo;
}

interface SyncAnswer {
  next_batch: string;
  rooms?: {
    join?: Record<
      string,
      {
        timeline?: { events: Omit<MatrixEvent, 'room_id'>[] };
        state?: { events: Omit<MatrixEvent, 'room_id'>[] };
      }
    >;
    invite?: Record<string, unknown>;
    leave?: Record<string, { timeline?: { events: Omit<MatrixEvent, 'room_id'>[] } }>;
  };
}

/** A person for tests: makes requests of the client API and waits for events by /sync. Not encrypted. */
export class TestUser {
  readonly userId: string;
  readonly password: string;
  readonly homeserverUrl: string;
  accessToken: string;
  deviceId: string;
  /** Events received so far, oldest first. */
  readonly events: MatrixEvent[] = [];
  /** Rooms this user is invited to, as far as synced. */
  readonly invites = new Set<string>();
  #since: string | undefined;
  #syncing: Promise<void> | undefined;

  constructor(init: {
    userId: string;
    password: string;
    homeserverUrl: string;
    accessToken: string;
    deviceId: string;
  }) {
    this.userId = init.userId;
    this.password = init.password;
    this.homeserverUrl = init.homeserverUrl;
    this.accessToken = init.accessToken;
    this.deviceId = init.deviceId;
  }

  /**
   * One request of the client API; `path` starts with `/_matrix` or, for short, `/v3`.
   * @throws MatrixError when the answer is not 2xx.
   */
  async request<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<T> {
    const url = this.homeserverUrl + (path.startsWith('/_') ? path : `/_matrix/client${path}`);
    const answer = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${this.accessToken}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    return parseAnswer<T>(answer, `${method} ${path}`);
  }

  /** Creates a room and returns its id. Encrypted by the homeserver's default. */
  async createRoom(options: Record<string, unknown> = {}): Promise<string> {
    return (await this.request<{ room_id: string }>('POST', '/v3/createRoom', options)).room_id;
  }

  /** Joins a room; `via` names servers that know it. */
  async join(roomIdOrAlias: string, via: string[] = []): Promise<string> {
    const query = via.map((server) => `via=${encodeURIComponent(server)}`).join('&');
    const path = `/v3/join/${encodeURIComponent(roomIdOrAlias)}${query === '' ? '' : `?${query}`}`;
    return (await this.request<{ room_id: string }>('POST', path, {})).room_id;
  }

  /** Leaves a room. */
  async leave(roomId: string): Promise<void> {
    await this.request('POST', `/v3/rooms/${encodeURIComponent(roomId)}/leave`, {});
  }

  /** Invites someone. */
  async invite(roomId: string, userId: string): Promise<void> {
    await this.request('POST', `/v3/rooms/${encodeURIComponent(roomId)}/invite`, { user_id: userId });
  }

  /** Sends an event as it is (no encryption) and returns its id. */
  async send(roomId: string, type: string, content: Record<string, unknown>): Promise<string> {
    const path = `/v3/rooms/${encodeURIComponent(roomId)}/send/${type}/${randomBytes(8).toString('hex')}`;
    return (await this.request<{ event_id: string }>('PUT', path, content)).event_id;
  }

  /** Sends plain text and returns the event's id. */
  sendText(roomId: string, body: string): Promise<string> {
    return this.send(roomId, 'm.room.message', { msgtype: 'm.text', body });
  }

  /** Sets a state event and returns its id. */
  async setState(
    roomId: string,
    type: string,
    stateKey: string,
    content: Record<string, unknown>,
  ): Promise<string> {
    const path = `/v3/rooms/${encodeURIComponent(roomId)}/state/${type}/${encodeURIComponent(stateKey)}`;
    return (await this.request<{ event_id: string }>('PUT', path, content)).event_id;
  }

  /** Content of a state event, or undefined when there is none. */
  async state(roomId: string, type: string, stateKey = ''): Promise<Record<string, unknown> | undefined> {
    const path = `/v3/rooms/${encodeURIComponent(roomId)}/state/${type}/${encodeURIComponent(stateKey)}`;
    try {
      return await this.request('GET', path);
    } catch (error) {
      if (error instanceof MatrixError && error.errcode === 'M_NOT_FOUND') return undefined;
      throw error;
    }
  }

  /** User ids with the membership `join`. */
  async members(roomId: string): Promise<string[]> {
    const path = `/v3/rooms/${encodeURIComponent(roomId)}/joined_members`;
    return Object.keys((await this.request<{ joined: Record<string, unknown> }>('GET', path)).joined).sort();
  }

  /** Ids of the rooms this user is in. */
  async rooms(): Promise<string[]> {
    return (await this.request<{ joined_rooms: string[] }>('GET', '/v3/joined_rooms')).joined_rooms;
  }

  /** A token with which this user logs in at our HTTP APIs (Matrix OpenID). */
  openIdToken(): Promise<{ access_token: string; matrix_server_name: string; expires_in: number }> {
    return this.request('POST', `/v3/user/${encodeURIComponent(this.userId)}/openid/request_token`, {});
  }

  /** Logs in once more by password: another device of the same person. */
  async newDevice(): Promise<TestUser> {
    return login(this.homeserverUrl, this.userId, this.password);
  }

  /** One /sync; `timeout` in ms is how long the homeserver may hold it. */
  async sync(timeout = 0): Promise<void> {
    // Two syncs at once would share the position and lose nothing but order: one at a time.
    if (this.#syncing !== undefined) return this.#syncing;
    const since = this.#since === undefined ? '' : `&since=${encodeURIComponent(this.#since)}`;
    const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 200 } } }));
    this.#syncing = (async () => {
      const answer = await this.request<SyncAnswer>(
        'GET',
        `/v3/sync?timeout=${timeout}&filter=${filter}${since}`,
      );
      this.#since = answer.next_batch;
      for (const roomId of Object.keys(answer.rooms?.invite ?? {})) this.invites.add(roomId);
      for (const [roomId, room] of Object.entries({ ...answer.rooms?.leave, ...answer.rooms?.join })) {
        this.invites.delete(roomId);
        for (const event of room.timeline?.events ?? []) this.events.push({ ...event, room_id: roomId });
      }
    })().finally(() => (this.#syncing = undefined));
    return this.#syncing;
  }

  /**
   * The first event, already seen or to come, that fits.
   * @throws Error after `timeout` ms, with the last events that were seen.
   */
  async waitForEvent(fits: (event: MatrixEvent) => boolean, timeout = 30_000): Promise<MatrixEvent> {
    const deadline = Date.now() + timeout;
    for (;;) {
      const found = this.events.find(fits);
      if (found !== undefined) return found;
      const left = deadline - Date.now();
      if (left <= 0) {
        const last = this.events.slice(-5).map((event) => `${event.type} from ${event.sender}`);
        throw new Error(`${this.userId} saw no such event in ${timeout} ms; last: ${last.join(', ')}`);
      }
      await this.sync(Math.min(left, 5_000));
    }
  }

  /** Waits for an invitation and returns the room's id; any room when none is named. */
  async waitForInvite(roomId?: string, timeout = 30_000): Promise<string> {
    const deadline = Date.now() + timeout;
    for (;;) {
      const found = roomId === undefined ? [...this.invites][0] : this.invites.has(roomId) && roomId;
      if (typeof found === 'string') return found;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`${this.userId} was not invited in ${timeout} ms`);
      await this.sync(Math.min(left, 5_000));
    }
  }
}

async function parseAnswer<T>(answer: Response, what: string): Promise<T> {
  const text = await answer.text();
  let body: unknown;
  try {
    body = text === '' ? {} : JSON.parse(text);
  } catch {
    body = { errcode: 'M_UNKNOWN', error: text.slice(0, 200) };
  }
  if (!answer.ok) {
    const { errcode = 'M_UNKNOWN', error = '' } = body as { errcode?: string; error?: string };
    throw new MatrixError(answer.status, errcode, `${what}: ${answer.status} ${errcode} ${error}`);
  }
  return body as T;
}

/** Registers a user by the homeserver's shared secret and logs in. */
export async function makeUser(options: UserOptions = {}): Promise<TestUser> {
  const stack = options.stack ?? testStack();
  const homeserverUrl = options.server === 'partner' ? stack.partner.homeserverUrl : stack.homeserverUrl;
  const username = `${options.name ?? 'user'}_${randomBytes(4).toString('hex')}`;
  const password = options.password ?? randomBytes(9).toString('base64url');
  const url = `${homeserverUrl}/_synapse/admin/v1/register`;
  const { nonce } = await parseAnswer<{ nonce: string }>(await fetch(url), 'register');
  const mac = createHmac('sha1', stack.registrationSharedSecret)
    .update([nonce, username, password, options.admin === true ? 'admin' : 'notadmin'].join('\0'))
    .digest('hex');
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      nonce,
      username,
      password,
      mac,
      admin: options.admin === true,
      ...(options.displayName !== undefined && { displayname: options.displayName }),
    }),
  });
  const body = await parseAnswer<{ user_id: string; access_token: string; device_id: string }>(
    answer,
    'register',
  );
  return new TestUser({
    userId: body.user_id,
    password,
    homeserverUrl,
    accessToken: body.access_token,
    deviceId: body.device_id,
  });
}

/** Logs in by password. */
export async function login(homeserverUrl: string, userId: string, password: string): Promise<TestUser> {
  const answer = await fetch(`${homeserverUrl}/_matrix/client/v3/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: userId },
      password,
    }),
  });
  const body = await parseAnswer<{ user_id: string; access_token: string; device_id: string }>(
    answer,
    'login',
  );
  return new TestUser({
    userId: body.user_id,
    password,
    homeserverUrl,
    accessToken: body.access_token,
    deviceId: body.device_id,
  });
}
