import type { IMyDevice, MatrixClient } from 'matrix-js-sdk';
import type { Encryption } from './encryption.ts';
import { openKeyFile, sealKeyFile } from './key-file.ts';
import { withoutMetadata } from './metadata/index.ts';

/** A device that the person is signed in on. */
export interface OwnDevice {
  readonly id: string;
  readonly name: string;
  readonly current: boolean;
  /** Confirmed by the person's keys; undefined: it does no encryption at all. */
  readonly confirmed: boolean | undefined;
  /** Milliseconds since 1970. */
  readonly seen: number | undefined;
  readonly address: string | undefined;
}

/** What the homeserver lets the person change. */
export interface Allowed {
  readonly name: boolean;
  readonly avatar: boolean;
  readonly password: boolean;
}

/** The person's account and devices at the homeserver. */
export class Account {
  readonly #client: MatrixClient;
  readonly #encryption: Encryption;
  readonly #onProfile: () => void;

  /** @param onProfile called after name or picture have changed */
  constructor(client: MatrixClient, encryption: Encryption, onProfile: () => void) {
    this.#client = client;
    this.#encryption = encryption;
    this.#onProfile = onProfile;
  }

  get userId(): string {
    return this.#client.getSafeUserId();
  }

  async allowed(): Promise<Allowed> {
    const found = await this.#client.getCapabilities();
    return {
      name: found['m.set_displayname']?.enabled ?? true,
      avatar: found['m.set_avatar_url']?.enabled ?? true,
      password: found['m.change_password']?.enabled ?? true,
    };
  }

  async profile(): Promise<{ name: string; avatar: string | undefined }> {
    const found = await this.#client.getProfileInfo(this.userId);
    return { name: found.displayname ?? '', avatar: found.avatar_url };
  }

  readonly setName = async (name: string): Promise<void> => {
    await this.#client.setDisplayName(name);
    this.#onProfile();
  };

  /** @returns the address of the picture; undefined: it was taken away */
  readonly setAvatar = async (file: Blob | undefined): Promise<string | undefined> => {
    // Everybody can fetch it: of all pictures this one must not tell where it was taken.
    const cleaned = file && (await withoutMetadata(file)).file;
    const address = cleaned && (await this.#client.uploadContent(cleaned)).content_uri;
    await this.#client.setAvatarUrl(address ?? '');
    this.#onProfile();
    return address;
  };

  /** @param endOthers signs all other devices out */
  readonly setPassword = async (password: string, endOthers: boolean): Promise<void> => {
    await this.#encryption.auth.confirm((auth) => this.#client.setPassword(auth ?? {}, password, endOthers));
  };

  /** This one first, then by when they were last seen. */
  async devices(): Promise<readonly OwnDevice[]> {
    const { devices } = await this.#client.getDevices();
    const crypto = this.#client.getCrypto();
    const found = await Promise.all(
      devices.map(async (device: IMyDevice): Promise<OwnDevice> => {
        const trust = await crypto?.getDeviceVerificationStatus(this.userId, device.device_id);
        return {
          id: device.device_id,
          name: device.display_name ?? '',
          current: device.device_id === this.#client.getDeviceId(),
          confirmed: trust?.crossSigningVerified,
          // Null of one that was never used.
          seen: device.last_seen_ts ?? undefined,
          address: device.last_seen_ip ?? undefined,
        };
      }),
    );
    return found.sort(
      (one, other) => Number(other.current) - Number(one.current) || (other.seen ?? 0) - (one.seen ?? 0),
    );
  }

  readonly rename = async (id: string, name: string): Promise<void> => {
    await this.#client.setDeviceDetails(id, { display_name: name });
  };

  /** Signs devices out. @throws NotConfirmed when the person does not go on */
  readonly remove = async (ids: readonly string[]): Promise<void> => {
    await this.#encryption.auth.confirm((auth) =>
      this.#client.deleteMultipleDevices([...ids], auth ?? undefined),
    );
  };

  /** The keys of all messages this device can read, in the file that Matrix clients exchange. */
  readonly exportKeys = async (passphrase: string): Promise<string> => {
    const crypto = this.#client.getCrypto();
    if (!crypto) throw new Error('encryption is not started');
    return sealKeyFile(await crypto.exportRoomKeysAsJson(), passphrase);
  };

  /** @returns how many keys the file had. @throws KeyFileError */
  readonly importKeys = async (file: string, passphrase: string): Promise<number> => {
    const crypto = this.#client.getCrypto();
    if (!crypto) throw new Error('encryption is not started');
    const keys = await openKeyFile(file, passphrase);
    let total = 0;
    await crypto.importRoomKeysAsJson(keys, {
      progressCallback: (progress) => {
        if ('total' in progress) total = progress.total;
      },
    });
    return total;
  };
}
