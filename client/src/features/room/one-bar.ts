/** Something with a bar of buttons that shows while the pointer or the focus is on it. */
export interface BarHolder {
  /** Hides the bar for another's; false: something that was opened from it is still open. */
  readonly yield: () => boolean;
}

/** Of all messages of a page one shows its bar: by the pointer or by the focus, whichever came last. */
export class OneBar {
  #holder: BarHolder | undefined;

  /** Whether another has it. */
  taken(by: BarHolder): boolean {
    return this.#holder !== undefined && this.#holder !== by;
  }

  /** @returns whether the bar may show */
  take(holder: BarHolder): boolean {
    if (this.taken(holder) && this.#holder?.yield() === false) return false;
    this.#holder = holder;
    return true;
  }

  give(holder: BarHolder): void {
    if (this.#holder === holder) this.#holder = undefined;
  }
}

export const oneBar = new OneBar();
