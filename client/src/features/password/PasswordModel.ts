import { MIN_PASSWORD_LENGTH } from '@qiao/org/contract/password';
import type { PasswordVerdict } from '@qiao/org/contract';
import { ViewModel } from '@qiao/ui-kit';
import type { Static } from 'typebox';

export type Verdict = Static<typeof PasswordVerdict>;

export interface PasswordSnapshot {
  readonly password: string;
  readonly again: string;
  /** What the server says of the password that is there now; undefined: not yet, or it cannot be asked. */
  readonly verdict: Verdict | undefined;
  readonly judging: boolean;
  /** Text keys of what is wrong with the form after a try. */
  readonly problems: readonly ('short' | 'different')[];
}

/** How long nothing is typed before the password is judged, in milliseconds. */
const PAUSE_MS = 300;

/** Whether a password is long enough, which the page can say by itself. */
export const isLong = (password: string): boolean => Array.from(password).length >= MIN_PASSWORD_LENGTH;

/** A new password, typed twice. The server judges it while one types, by the rule it is taken by. */
export class PasswordModel extends ViewModel<PasswordSnapshot> {
  readonly #judge: (password: string, signal: AbortSignal) => Promise<Verdict>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | undefined;
  #judged: Promise<Verdict | undefined> | undefined;

  constructor(judge: (password: string, signal: AbortSignal) => Promise<Verdict>) {
    super({ password: '', again: '', verdict: undefined, judging: false, problems: [] });
    this.#judge = judge;
  }

  readonly type = (patch: Partial<Pick<PasswordSnapshot, 'password' | 'again'>>): void => {
    const changed = patch.password !== undefined && patch.password !== this.snapshot.password;
    this.set({ ...patch, problems: [] });
    if (!changed) return;
    this.#drop();
    this.#judged = undefined;
    const long = isLong(this.snapshot.password);
    this.set({ verdict: undefined, judging: long });
    // Too short is said without asking.
    if (long) this.#timer = setTimeout(() => void this.judged(), PAUSE_MS);
  };

  /** What is said of the password that is there now; undefined where nobody answers: then it is judged when it is sent. */
  readonly judged = (): Promise<Verdict | undefined> => {
    clearTimeout(this.#timer);
    return (this.#judged ??= this.#ask());
  };

  async #ask(): Promise<Verdict | undefined> {
    const asking = new AbortController();
    this.#asking = asking;
    const verdict = await this.#judge(this.snapshot.password, asking.signal).catch(() => undefined);
    if (!asking.signal.aborted) this.set({ verdict, judging: false });
    return verdict;
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  /** Whether the two entries can be sent; else what is wrong is said at the fields. */
  readonly check = (): boolean => {
    const { password, again } = this.snapshot;
    const problems = [
      ...(isLong(password) ? [] : (['short'] as const)),
      ...(password === again ? [] : (['different'] as const)),
    ];
    this.set({ problems });
    return problems.length === 0;
  };

  /** Forgets what was typed. */
  readonly clear = (): void => {
    this.#drop();
    this.set({ password: '', again: '', verdict: undefined, judging: false, problems: [] });
  };
}
