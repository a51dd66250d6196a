const LOCK = 'qiao.session';
const CHANNEL = 'qiao.session';

/**
 * Lets one tab at a time have the device: two that write to one key store would break it. The tab that is asked
 * to let go stops its client first.
 */
export class TabLock {
  readonly #channel = new BroadcastChannel(CHANNEL);
  #release: (() => void) | undefined;
  #onAsked: (() => Promise<void>) | undefined;

  constructor() {
    this.#channel.onmessage = (message: MessageEvent<unknown>) => {
      if (message.data === 'let go' && this.#release) void this.#letGo();
    };
  }

  /** What to do before another tab gets the device. */
  set onAsked(work: () => Promise<void>) {
    this.#onAsked = work;
  }

  /** Takes the device if no other tab has it. */
  take(): Promise<boolean> {
    return this.#release ? Promise.resolve(true) : this.#request({ ifAvailable: true });
  }

  /** Asks the other tab to let go and takes the device then. */
  async takeOver(): Promise<void> {
    this.#channel.postMessage('let go');
    await this.#request({});
  }

  release(): void {
    this.#release?.();
    this.#release = undefined;
  }

  async #letGo(): Promise<void> {
    await this.#onAsked?.();
    this.release();
  }

  #request(options: LockOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      navigator.locks
        .request(LOCK, options, (lock) => {
          resolve(lock !== null);
          if (lock === null) return undefined;
          return new Promise<void>((end) => {
            this.#release = end;
          });
        })
        .catch(reject);
    });
  }
}
