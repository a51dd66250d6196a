import { ViewModel } from '../model/ViewModel.ts';

export interface Toast {
  readonly id: number;
  readonly kind: 'success' | 'info' | 'error';
  readonly text: string;
  readonly requestId?: string | undefined;
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
}

/** How long a toast stays, in milliseconds; errors stay until they are closed. */
const TOAST_MS = 6000;
/** How long one stays that offers something to do (undo, open), in milliseconds: it has to be read and reached. */
const ACTION_TOAST_MS = 12_000;

/** Short notices that come and go. */
export class ToastsModel extends ViewModel<{ toasts: readonly Toast[] }> {
  #next = 1;

  constructor() {
    super({ toasts: [] });
  }

  show(toast: Omit<Toast, 'id'>): void {
    const id = this.#next++;
    // The same failure again replaces the one on screen.
    const others = this.snapshot.toasts.filter(
      (other) => other.kind !== toast.kind || other.text !== toast.text,
    );
    this.set({ toasts: [...others, { ...toast, id }].slice(-4) });
    if (toast.kind !== 'error')
      setTimeout(
        () => {
          this.close(id);
        },
        toast.action ? ACTION_TOAST_MS : TOAST_MS,
      );
  }

  readonly success = (text: string, action?: Toast['action']): void => {
    this.show({ kind: 'success', text, action });
  };

  readonly close = (id: number): void => {
    this.set({ toasts: this.snapshot.toasts.filter((toast) => toast.id !== id) });
  };
}

export interface Question {
  readonly title: string;
  readonly body?: string;
  readonly confirm: string;
  readonly destructive?: boolean;
}

/** Asks before something is done that is hard to take back. */
export class ConfirmModel extends ViewModel<{ question: Question | undefined }> {
  #answer: ((yes: boolean) => void) | undefined;

  constructor() {
    super({ question: undefined });
  }

  readonly ask = (question: Question): Promise<boolean> => {
    this.#answer?.(false);
    this.set({ question });
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  };

  readonly answer = (yes: boolean): void => {
    this.#answer?.(yes);
    this.#answer = undefined;
    this.set({ question: undefined });
  };
}
