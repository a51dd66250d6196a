import { ViewModel } from '@qiao/ui-kit';

export interface RecoverSnapshot {
  readonly typed: string;
  readonly busy: boolean;
  readonly problem: 'empty' | 'wrong' | 'failed' | undefined;
  /** Confirmed, but the backup does not open with this key. */
  readonly at: 'ask' | 'no-backup';
}

/** Longest text that is read from a file, in bytes. */
const MOST_BYTES = 20_000;

/** The recovery key, typed or from its file. */
export class RecoverViewModel extends ViewModel<RecoverSnapshot> {
  readonly #recover: (typed: string) => Promise<'ok' | 'wrong' | 'no-backup'>;
  readonly #done: () => void;

  constructor(recover: (typed: string) => Promise<'ok' | 'wrong' | 'no-backup'>, done: () => void) {
    super({ typed: '', busy: false, problem: undefined, at: 'ask' });
    this.#recover = recover;
    this.#done = done;
  }

  readonly type = (typed: string): void => {
    this.set({ typed, problem: undefined });
  };

  readonly read = async (file: File): Promise<void> => {
    if (file.size > MOST_BYTES) {
      this.set({ problem: 'wrong' });
      return;
    }
    this.type((await file.text()).trim());
    await this.submit();
  };

  readonly submit = async (): Promise<void> => {
    const { typed, busy } = this.snapshot;
    if (busy) return;
    if (typed.trim() === '') {
      this.set({ problem: 'empty' });
      return;
    }
    this.set({ busy: true, problem: undefined });
    try {
      const reached = await this.#recover(typed);
      if (reached === 'wrong') this.set({ busy: false, problem: 'wrong' });
      else if (reached === 'no-backup') this.set({ busy: false, typed: '', at: 'no-backup' });
      else {
        this.set({ busy: false, typed: '' });
        this.#done();
      }
    } catch {
      this.set({ busy: false, problem: 'failed' });
    }
  };
}
