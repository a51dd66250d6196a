import { ViewModel } from '@qiao/ui-kit';
import type { Account, OwnDevice } from '../../matrix/account.ts';
import type { Encryption } from '../../matrix/encryption.ts';

export interface DevicesSnapshot {
  readonly at: 'loading' | 'failed' | 'ready';
  readonly devices: readonly OwnDevice[];
  /** Device whose name is being changed, with what is typed. */
  readonly naming: { readonly id: string; readonly name: string } | undefined;
  readonly busy: boolean;
  readonly problem: boolean;
}

/** The devices a person is signed in on. */
export class DevicesViewModel extends ViewModel<DevicesSnapshot> {
  readonly #account: Account;
  readonly #encryption: Encryption;
  #seen = '';

  constructor(account: Account, encryption: Encryption) {
    super({ at: 'loading', devices: [], naming: undefined, busy: false, problem: false });
    this.#account = account;
    this.#encryption = encryption;
  }

  protected override onMount(): void {
    void this.load();
    this.own(
      this.#encryption.subscribe(() => {
        // A device was confirmed, came or went.
        const { state, otherDevices } = this.#encryption.getSnapshot();
        const now = `${state} ${String(otherDevices)}`;
        if (now === this.#seen) return;
        this.#seen = now;
        void this.load();
      }),
    );
  }

  readonly load = async (): Promise<void> => {
    try {
      this.set({ devices: await this.#account.devices(), at: 'ready' });
    } catch {
      if (this.snapshot.at === 'loading') this.set({ at: 'failed' });
    }
  };

  readonly name = (naming: DevicesSnapshot['naming']): void => {
    this.set({ naming, problem: false });
  };

  readonly saveName = (): Promise<boolean> =>
    this.#do(async () => {
      const { naming } = this.snapshot;
      if (naming) await this.#account.rename(naming.id, naming.name.trim());
      this.set({ naming: undefined });
    });

  /** @returns whether they are signed out */
  readonly remove = (ids: readonly string[]): Promise<boolean> => this.#do(() => this.#account.remove(ids));

  readonly confirm = (id: string): Promise<boolean> => this.#do(() => this.#encryption.verifyDevice(id));

  async #do(work: () => Promise<void>): Promise<boolean> {
    if (this.snapshot.busy) return false;
    this.set({ busy: true, problem: false });
    let done = false;
    try {
      await work();
      done = true;
    } catch (error) {
      this.set({ problem: !(error instanceof Error && error.name === 'NotConfirmed') });
    }
    this.set({ busy: false });
    await this.load();
    return done;
  }
}
