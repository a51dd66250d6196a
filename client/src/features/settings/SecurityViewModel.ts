import { ViewModel } from '@qiao/ui-kit';
import type { Account } from '../../matrix/account.ts';

export interface SecuritySnapshot {
  readonly doing: 'export' | 'import' | undefined;
  readonly passphrase: string;
  readonly again: string;
  readonly file: File | undefined;
  readonly busy: boolean;
  /** Text key of what is wrong. */
  readonly problem: string | undefined;
  /** How many keys came in. */
  readonly imported: number | undefined;
}

/** Shortest passphrase of a key file, in characters: whoever has the file can try as often as they like. */
export const SHORTEST = 8;
/** Largest file that is read, in bytes: about 200,000 keys. */
const MOST_BYTES = 200_000_000;

/** Message keys to a file and from one. */
export class SecurityViewModel extends ViewModel<SecuritySnapshot> {
  readonly #account: Account;
  readonly #save: (text: string) => void;

  /** @param save gives the person the file */
  constructor(account: Account, save: (text: string) => void) {
    super({
      doing: undefined,
      passphrase: '',
      again: '',
      file: undefined,
      busy: false,
      problem: undefined,
      imported: undefined,
    });
    this.#account = account;
    this.#save = save;
  }

  readonly begin = (doing: SecuritySnapshot['doing']): void => {
    if (!this.snapshot.busy)
      this.set({
        doing,
        passphrase: '',
        again: '',
        file: undefined,
        problem: undefined,
        imported: undefined,
      });
  };

  readonly type = (patch: Partial<Pick<SecuritySnapshot, 'passphrase' | 'again' | 'file'>>): void => {
    this.set({ ...patch, problem: undefined });
  };

  readonly submit = async (): Promise<void> => {
    const { doing, passphrase, again, file, busy } = this.snapshot;
    if (busy || doing === undefined) return;
    const problem =
      doing === 'export'
        ? Array.from(passphrase).length < SHORTEST
          ? 'security.too_short'
          : passphrase === again
            ? undefined
            : 'security.differs'
        : file === undefined || file.size > MOST_BYTES
          ? 'security.no_file'
          : undefined;
    this.set({ problem });
    if (problem !== undefined) return;
    this.set({ busy: true });
    try {
      if (doing === 'export') {
        this.#save(await this.#account.exportKeys(passphrase));
        this.set({ busy: false, doing: undefined, passphrase: '', again: '' });
      } else {
        const imported = await this.#account.importKeys((await file?.text()) ?? '', passphrase);
        this.set({ busy: false, passphrase: '', file: undefined, imported });
      }
    } catch (error) {
      const { why } = error as { why?: string };
      this.set({
        busy: false,
        problem:
          why === 'wrong-passphrase'
            ? 'security.wrong_passphrase'
            : why === 'not-a-key-file'
              ? 'security.no_file'
              : 'failed',
      });
    }
  };
}
