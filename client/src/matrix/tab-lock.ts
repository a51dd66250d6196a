const LOCK = 'qiao.session';
const CHANNEL = 'qiao.session';
/** How long a page that is going away (a reload) may take to give the device back, in milliseconds. */
const GOING_MS = 3_000;

/**
 * Lets one tab at a time have the device: two that write to one key store would break it. The tab that is asked
 * to let go stops its client first.
 */
export class TabLock {
  readonly #channel = new BroadcastChannel(CHANNEL);
  #onTaken: (() => void) | undefined;
  #taking: Promise<boolean> | undefined;
  #release: (() => void) | undefined;
  #onAsked: (() => Promise<void>) | undefined;

  constructor() {
    this.#channel.onmessage = (message: MessageEvent<unknown>) => {
      if (message.data === 'taken') this.#onTaken?.();
      if (!this.#release) return;
      if (message.data === 'let go') void this.#letGo();
      else if (message.data === 'taken?') this.#channel.postMessage('taken');
    };
  }

  /** What to do before another tab gets the device. */
  set onAsked(work: () => Promise<void>) {
    this.#onAsked = work;
  }

  /** Takes the device if no other tab has it: one that is there says so, one that is just going does not. */
  take(): Promise<boolean> {
    if (this.#release) return Promise.resolve(true);
    this.#taking ??= this.#take().finally(() => {
      this.#taking = undefined;
    });
    return this.#taking;
  }

  async #take(): Promise<boolean> {
    let wanted = true;
    const gaveUp = new Promise<false>((resolve) => {
      const giveUp = (): void => {
        wanted = false;
        resolve(false);
      };
      this.#onTaken = giveUp;
      setTimeout(giveUp, GOING_MS);
    });
    this.#channel.postMessage('taken?');
    // No abort signal: Chromium loses one that comes before it has looked whether the page may store anything.
    const taken = await Promise.race([this.#request(() => wanted), gaveUp]);
    this.#onTaken = undefined;
    return taken;
  }

  /** Asks the other tab to let go and takes the device then. */
  async takeOver(): Promise<void> {
    this.#channel.postMessage('let go');
    await this.#request(() => true);
  }

  release(): void {
    this.#release?.();
    this.#release = undefined;
  }

  async #letGo(): Promise<void> {
    await this.#onAsked?.();
    this.release();
  }

  /** @param wanted asked when the device is to be had: no longer, then it is passed on at once */
  #request(wanted: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      navigator.locks
        .request(LOCK, () => {
          resolve(true);
          if (!wanted()) return undefined;
          return new Promise<void>((end) => {
            this.#release = end;
          });
        })
        .catch(reject);
    });
  }
}
