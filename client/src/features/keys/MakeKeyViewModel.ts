import { ViewModel } from '@qiao/ui-kit';

export interface MakeKeySnapshot {
  readonly at: 'ask' | 'working' | 'shown' | 'failed';
  /** Only while it is shown. */
  readonly key: string;
  /** The person says that it is kept. */
  readonly kept: boolean;
}

/** Makes a recovery key (set-up, a new one, new keys altogether), shows it once, and lets the person confirm. */
export class MakeKeyViewModel extends ViewModel<MakeKeySnapshot> {
  readonly #make: () => Promise<string>;
  readonly #saved: () => Promise<void>;
  readonly #leave: () => void;

  /** @param work `make` answers the key; `saved` notes that it is kept; `leave` closes */
  constructor(work: { make: () => Promise<string>; saved: () => Promise<void>; leave: () => void }) {
    super({ at: 'ask', key: '', kept: false });
    this.#make = work.make;
    this.#saved = work.saved;
    this.#leave = work.leave;
  }

  readonly make = async (): Promise<void> => {
    if (this.snapshot.at === 'working') return;
    this.set({ at: 'working' });
    try {
      this.set({ at: 'shown', key: await this.#make() });
    } catch (error) {
      // Not confirmed: as if the button had not been pressed.
      this.set({ at: error instanceof Error && error.name === 'NotConfirmed' ? 'ask' : 'failed' });
    }
  };

  readonly keep = (kept: boolean): void => {
    this.set({ kept });
  };

  readonly finish = async (): Promise<void> => {
    this.set({ key: '' });
    this.#leave();
    // Not noted: the reminder stays, and another tap does it.
    await this.#saved().catch(() => undefined);
  };

  readonly close = (): void => {
    if (this.snapshot.at !== 'working') this.#leave();
  };
}
