import { ViewModel } from '@qiao/ui-kit';
import type { Encryption, Trust } from '../../matrix/encryption.ts';

export interface PersonTrustSnapshot {
  readonly trust: Trust | 'looking';
  readonly busy: boolean;
  readonly failed: boolean;
}

/** How far a person's identity is known, and what can be done about it. */
export class PersonTrustViewModel extends ViewModel<PersonTrustSnapshot> {
  readonly #encryption: Encryption;
  readonly #userId: string;

  constructor(encryption: Encryption, userId: string) {
    super({ trust: 'looking', busy: false, failed: false });
    this.#encryption = encryption;
    this.#userId = userId;
  }

  protected override onMount(): void {
    void this.#look();
    this.own(this.#encryption.onTrust(this.#userId, () => void this.#look()));
  }

  async #look(): Promise<void> {
    const trust = await this.#encryption.trustIn(this.#userId).catch(() => 'unknown' as const);
    this.set({ trust });
  }

  readonly verify = (): Promise<void> => this.#do(() => this.#encryption.verifyPerson(this.#userId));

  readonly accept = (): Promise<void> => this.#do(() => this.#encryption.acceptIdentity(this.#userId));

  async #do(work: () => Promise<void>): Promise<void> {
    if (this.snapshot.busy) return;
    this.set({ busy: true, failed: false });
    try {
      await work();
    } catch {
      this.set({ failed: true });
    }
    this.set({ busy: false });
    await this.#look();
  }
}
