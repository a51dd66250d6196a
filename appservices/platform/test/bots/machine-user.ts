import {
  CollectStrategy,
  DecryptionSettings,
  DeviceId,
  DeviceLists,
  EncryptionSettings,
  initAsync,
  KeysClaimRequest,
  KeysQueryRequest,
  KeysUploadRequest,
  OlmMachine,
  RoomId,
  ToDeviceRequest,
  TrustRequirement,
  UserId,
} from '@matrix-org/matrix-sdk-crypto-wasm';
import { randomBytes } from 'node:crypto';
import { isUserId, type RoomId as RoomIdText } from '@qiao/matrix-types';
import { makeUser, type TestUser } from '@qiao/testkit';

interface ToDevice {
  type: string;
  sender: string;
  content: Record<string, unknown>;
}

/**
 * A person's device whose every step a test decides: keys can be held back, sent late, or not at all, which no real
 * client does on request. What the bot understands of ordinary clients is proved with matrix-nio instead.
 */
export class MachineUser {
  readonly user: TestUser;
  readonly machine: OlmMachine;
  #since: string | undefined;
  /** To-device messages received, as they came. */
  readonly toDevice: ToDevice[] = [];

  private constructor(user: TestUser, machine: OlmMachine) {
    this.user = user;
    this.machine = machine;
  }

  static async make(user?: TestUser): Promise<MachineUser> {
    await initAsync();
    const made = user ?? (await makeUser({ name: 'machine' }));
    const machine = await OlmMachine.initialize(new UserId(made.userId), new DeviceId(made.deviceId));
    const one = new MachineUser(made, machine);
    await one.flush();
    return one;
  }

  async flush(): Promise<void> {
    for (const request of await this.machine.outgoingRequests()) {
      let answer: unknown;
      if (request instanceof KeysUploadRequest) answer = await this.#post('/v3/keys/upload', request.body);
      else if (request instanceof KeysQueryRequest) answer = await this.#post('/v3/keys/query', request.body);
      else if (request instanceof KeysClaimRequest) answer = await this.#post('/v3/keys/claim', request.body);
      else if (request instanceof ToDeviceRequest) {
        await this.sendToDevice(request);
        continue;
      } else continue;
      await this.machine.markRequestAsSent(request.id, request.type, JSON.stringify(answer));
    }
  }

  async #post(path: string, body: string): Promise<unknown> {
    return this.user.request('POST', path, JSON.parse(body));
  }

  async sendToDevice(request: ToDeviceRequest): Promise<void> {
    const path = `/v3/sendToDevice/${request.event_type}/${encodeURIComponent(request.txn_id)}`;
    await this.user.request('PUT', path, JSON.parse(request.body));
    await this.machine.markRequestAsSent(request.id, request.type, '{}');
  }

  /** One sync: takes keys in. */
  async sync(): Promise<void> {
    const since = this.#since === undefined ? '' : `&since=${encodeURIComponent(this.#since)}`;
    const answer = await this.user.request<{
      next_batch: string;
      to_device?: { events: ToDevice[] };
      device_one_time_keys_count?: Record<string, number>;
      device_lists?: { changed?: string[] };
    }>('GET', `/v3/sync?timeout=0${since}`);
    this.#since = answer.next_batch;
    const events = answer.to_device?.events ?? [];
    this.toDevice.push(...events);
    const changed = (answer.device_lists?.changed ?? []).filter(isUserId).map((id) => new UserId(id));
    await this.machine.receiveSyncChanges(
      JSON.stringify(events),
      new DeviceLists(changed, []),
      new Map(Object.entries(answer.device_one_time_keys_count ?? {})),
      new Set<string>(),
    );
    await this.flush();
  }

  /** Makes the room key and encrypts; the key's messages are returned, for the test to send (or not). */
  async encrypt(roomId: RoomIdText, members: readonly string[], body: string) {
    const users = (): UserId[] => members.map((id) => new UserId(id));
    await this.machine.updateTrackedUsers(users());
    await this.flush();
    const claim = await this.machine.getMissingSessions(users());
    if (claim) {
      const answer = await this.#post('/v3/keys/claim', claim.body);
      await this.machine.markRequestAsSent(claim.id, claim.type, JSON.stringify(answer));
    }
    const settings = new EncryptionSettings();
    settings.sharingStrategy = CollectStrategy.allDevices();
    const keys = await this.machine.shareRoomKey(new RoomId(roomId), users(), settings);
    const content = JSON.parse(
      await this.machine.encryptRoomEvent(
        new RoomId(roomId),
        'm.room.message',
        JSON.stringify({ msgtype: 'm.text', body }),
      ),
    ) as Record<string, unknown> & { session_id: string };
    return { keys, content };
  }

  /** Decrypts an event of a room by its id. */
  async read(roomId: RoomIdText, eventId: string): Promise<unknown> {
    const path = `/v3/rooms/${encodeURIComponent(roomId)}/event/${encodeURIComponent(eventId)}`;
    const event = await this.user.request('GET', path);
    const clear = await this.machine.decryptRoomEvent(
      JSON.stringify(event),
      new RoomId(roomId),
      new DecryptionSettings(TrustRequirement.Untrusted),
    );
    return (JSON.parse(clear.event) as { content: unknown }).content;
  }

  /** Sends a to-device message in the clear. */
  async whisper(type: string, to: string, device: string, content: Record<string, unknown>): Promise<void> {
    const path = `/v3/sendToDevice/${type}/${randomBytes(6).toString('hex')}`;
    await this.user.request('PUT', path, { messages: { [to]: { [device]: content } } });
  }
}
