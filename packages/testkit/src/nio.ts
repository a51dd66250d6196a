import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { root } from '@qiao/scripts/stack';
import { testStack } from './context.ts';
import { makeUser, type TestUser, type UserOptions } from './users.ts';

/** An event as the nio client saw it; `content` is the decrypted one where `decrypted`. */
export interface NioEvent {
  room_id: string;
  event_id: string;
  sender: string;
  type: string;
  state_key: string | null;
  ts: number;
  content: Record<string, unknown>;
  redacted: boolean;
  /** Came encrypted. */
  encrypted: boolean;
  decrypted: boolean;
  verified: boolean;
  sender_key: string | null;
  session_id: string | null;
}

/** Who the client is and what it sees. */
export interface NioState {
  user_id: string;
  device_id: string;
  access_token: string;
  next_batch: string;
  ed25519: string | null;
  curve25519: string | null;
  sync_error: string | null;
  undecrypted: number;
  invited: string[];
  rooms: Record<string, { name: string | null; encrypted: boolean; members: string[]; topic: string | null }>;
}

/** Which event to wait for; all that are given must fit. */
export interface NioEventFilter {
  room_id?: string;
  sender?: string;
  type?: string;
  body?: string;
  body_contains?: string;
  event_id?: string;
  /** Event it reacts to, replies to, replaces or answers. */
  relates_to?: string;
  /** A reaction's key. */
  key?: string;
  /** Only an event that was decrypted. */
  decrypted?: boolean;
  after_event_id?: string;
  timeout_ms?: number;
}

interface Pending {
  resolve: (result: never) => void;
  reject: (error: Error) => void;
}

const python = join(root, '.venv/nio/bin/python');
const driver = fileURLToPath(new URL('../nio/driver.py', import.meta.url));

/**
 * An encrypted client that shares no code with ours: matrix-nio with vodozemac in a Python process
 * of its own. Commands are those of `nio/driver.py`.
 */
export class NioClient {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #pending = new Map<number, Pending>();
  #next = 1;
  #stderr = '';
  readonly store: string;

  /** @param store folder of its keys; the same folder with the same session is the same device. */
  constructor(store: string) {
    if (!existsSync(python))
      throw new Error('The encrypted test client is missing: run ./scripts/test once, or scripts/lib/nio.sh');
    mkdirSync(store, { recursive: true });
    this.store = store;
    this.#child = spawn(python, [driver], { stdio: 'pipe' });
    this.#child.stderr.on('data', (data: Buffer) => {
      this.#stderr = (this.#stderr + data.toString()).slice(-4_000);
    });
    this.#child.on('exit', () => {
      for (const { reject } of this.#pending.values())
        reject(new Error(`the nio client ended:\n${this.#stderr}`));
      this.#pending.clear();
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as {
        id: number;
        ok: boolean;
        result: never;
        error?: string;
        trace?: string;
      };
      const waiting = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if (answer.ok) waiting?.resolve(answer.result);
      else
        waiting?.reject(
          new Error(`nio: ${answer.error}${answer.trace === undefined ? '' : `\n${answer.trace}`}`),
        );
    });
  }

  /** Runs a command of the driver. @throws Error with what the client said. */
  command<T = Record<string, unknown>>(cmd: string, args: object = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const id = this.#next++;
      this.#pending.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, cmd, args })}\n`);
    });
  }

  /** Logs in by password, or goes on with a session whose keys are in the store. */
  login(
    session: { homeserver: string; user_id: string; device_name?: string } & (
      { password: string } | { access_token: string; device_id: string }
    ),
  ): Promise<NioState> {
    return this.command('login', { ...session, store: this.store });
  }

  /** Begins to sync in the background; resolves after the first sync. */
  startSync(): Promise<{ next_batch: string }> {
    return this.command('start_sync');
  }

  stopSync(): Promise<object> {
    return this.command('stop_sync');
  }

  waitEvent(filter: NioEventFilter): Promise<NioEvent> {
    return this.command('wait_event', filter);
  }

  async createRoom(
    options: { name?: string; invite?: string[]; encrypted?: boolean; is_direct?: boolean } = {},
  ): Promise<string> {
    return (await this.command<{ room_id: string }>('create_room', options)).room_id;
  }

  /** Joins and waits until the room is in its sync. */
  async join(roomId: string): Promise<void> {
    await this.command('join', { room_id: roomId });
  }

  /** Sends text, encrypted when the room is; returns the event's id. */
  async sendText(
    roomId: string,
    body: string,
    options: {
      reply_to?: string;
      thread?: string;
      replaces?: string;
      msgtype?: string;
      mentions?: string[];
    } = {},
  ): Promise<string> {
    return (await this.command<{ event_id: string }>('send_text', { room_id: roomId, body, ...options }))
      .event_id;
  }

  /** Sends any event, encrypted when the room is; returns its id. */
  async send(roomId: string, type: string, content: Record<string, unknown>): Promise<string> {
    return (await this.command<{ event_id: string }>('send', { room_id: roomId, type, content })).event_id;
  }

  async react(roomId: string, eventId: string, key: string): Promise<string> {
    const answer = this.command<{ event_id: string }>('react', { room_id: roomId, event_id: eventId, key });
    return (await answer).event_id;
  }

  /** Uploads (encrypted when the room is) and sends a file; returns the event's id. */
  async sendFile(roomId: string, name: string, data: Uint8Array, mimetype?: string): Promise<string> {
    const answer = this.command<{ event_id: string }>('send_file', {
      room_id: roomId,
      name,
      data: Buffer.from(data).toString('base64'),
      ...(mimetype !== undefined && { mimetype }),
    });
    return (await answer).event_id;
  }

  /** The decrypted bytes of a file event that was received. */
  async download(eventId: string): Promise<Buffer> {
    return Buffer.from(
      (await this.command<{ data: string }>('download', { event_id: eventId })).data,
      'base64',
    );
  }

  async timeline(roomId?: string): Promise<NioEvent[]> {
    return (
      await this.command<{ events: NioEvent[] }>('timeline', roomId === undefined ? {} : { room_id: roomId })
    ).events;
  }

  /** Events it could not decrypt so far. */
  async undecrypted(roomId?: string): Promise<NioEvent[]> {
    return (
      await this.command<{ events: NioEvent[] }>(
        'undecrypted',
        roomId === undefined ? {} : { room_id: roomId },
      )
    ).events;
  }

  state(): Promise<NioState> {
    return this.command('export_state');
  }

  /** Ends the process; the store stays. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    await exited;
  }

  /** kill -9, as a crash. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** Makes a user, logs a nio client in as it, and begins to sync. Close it when the test ends. */
export async function makeNioUser(options: UserOptions = {}): Promise<{ nio: NioClient; user: TestUser }> {
  const user = await makeUser({ name: 'nio', ...options });
  const stack = options.stack ?? testStack();
  const nio = new NioClient(join(stack.varDir, 'nio', randomBytes(4).toString('hex')));
  await nio.login({ homeserver: user.homeserverUrl, user_id: user.userId, password: user.password });
  await nio.startSync();
  return { nio, user };
}
