import type { JudgePassword } from '@qiao/org/contract';
import { endpoint, ViewModel, type Services } from '@qiao/ui-kit';
import type { Static } from 'typebox';
import type { Account, Allowed } from '../../matrix/account.ts';
import { PasswordModel, type Verdict } from '../password/PasswordModel.ts';

const judge = endpoint<{ body: Static<typeof JudgePassword>; answer: Verdict }>(
  'POST',
  '/api/org/me/password',
);

export interface AccountSnapshot {
  readonly at: 'loading' | 'failed' | 'ready';
  readonly allowed: Allowed;
  readonly name: string;
  readonly savedName: string;
  readonly avatar: string | undefined;
  readonly busy: 'name' | 'avatar' | 'password' | undefined;
  /** What was done or refused last, for the person to be told. */
  readonly said: { readonly tone: 'good' | 'bad'; readonly key: string; readonly text?: string } | undefined;
  readonly endOthers: boolean;
}

/** Largest picture that is sent, in bytes. */
const MOST_BYTES = 5_000_000;
const PICTURES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'];

/** Name, picture and password of the person's account. */
export class AccountViewModel extends ViewModel<AccountSnapshot> {
  readonly #account: Account;
  readonly password: PasswordModel;

  constructor(account: Account, api: Services['api']) {
    super({
      at: 'loading',
      allowed: { name: false, avatar: false, password: false },
      name: '',
      savedName: '',
      avatar: undefined,
      busy: undefined,
      said: undefined,
      endOthers: false,
    });
    this.#account = account;
    this.password = new PasswordModel((password, signal) => api.call(judge, { body: { password }, signal }));
  }

  protected override onMount(): void {
    void this.load();
  }

  readonly load = async (): Promise<void> => {
    this.set({ at: 'loading' });
    try {
      const [allowed, profile] = await Promise.all([this.#account.allowed(), this.#account.profile()]);
      this.set({ at: 'ready', allowed, name: profile.name, savedName: profile.name, avatar: profile.avatar });
    } catch {
      this.set({ at: 'failed' });
    }
  };

  readonly type = (patch: Partial<Pick<AccountSnapshot, 'name' | 'endOthers'>>): void => {
    this.set({ ...patch, said: undefined });
  };

  readonly saveName = (): Promise<void> =>
    this.#do('name', async () => {
      const name = this.snapshot.name.trim();
      await this.#account.setName(name);
      this.set({ name, savedName: name });
    });

  readonly choosePicture = async (file: File): Promise<void> => {
    if (!PICTURES.includes(file.type) || file.size > MOST_BYTES) {
      this.set({ said: { tone: 'bad', key: 'account.picture_wrong' } });
      return;
    }
    await this.#do('avatar', async () => {
      this.set({ avatar: await this.#account.setAvatar(file) });
    });
  };

  readonly removePicture = (): Promise<void> =>
    this.#do('avatar', async () => {
      this.set({ avatar: await this.#account.setAvatar(undefined) });
    });

  readonly savePassword = async (): Promise<void> => {
    if (!this.password.check()) return;
    const { password } = this.password.getSnapshot();
    const [why] = (await this.password.judged())?.problems ?? [];
    if (why) {
      this.set({ said: { tone: 'bad', key: 'account.password_refused', text: why.message } });
      return;
    }
    const { endOthers } = this.snapshot;
    await this.#do('password', async () => {
      await this.#account.setPassword(password, endOthers);
      this.password.clear();
    });
  };

  async #do(what: NonNullable<AccountSnapshot['busy']>, work: () => Promise<void>): Promise<void> {
    if (this.snapshot.busy !== undefined) return;
    this.set({ busy: what, said: undefined });
    try {
      await work();
      this.set({ busy: undefined, said: { tone: 'good', key: `account.done_${what}` } });
    } catch (error) {
      const { name, message, data } = error as { name?: string; message?: string; data?: { error?: string } };
      const said = { tone: 'bad' as const, key: 'account.refused', text: data?.error ?? message ?? '' };
      this.set({ busy: undefined, said: name === 'NotConfirmed' ? undefined : said });
    }
  }
}
