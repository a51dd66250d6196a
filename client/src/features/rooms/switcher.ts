import { ViewModel } from '@qiao/ui-kit';

/** Whether a window of the application is open; one for the whole page, so that any part can open it. */
export class OpenModel extends ViewModel<{ open: boolean }> {
  constructor() {
    super({ open: false });
  }

  readonly open = (): void => {
    this.set({ open: true });
  };

  readonly close = (): void => {
    this.set({ open: false });
  };
}

/** The quick switcher (Ctrl or Cmd and K). */
export const switcher = new OpenModel();
