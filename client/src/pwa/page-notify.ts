import { ViewModel } from '@qiao/ui-kit';

/** How notifications by an open page stand in this browser. */
export interface PageNotifySnapshot {
  /** `unsupported`: the browser has none, or the page is not secure. */
  readonly permission: NotificationPermission | 'unsupported';
  /** Wanted here, and allowed by the browser. */
  readonly on: boolean;
  readonly sound: boolean;
  /** Says what was written; else only who has written, and where. */
  readonly words: boolean;
  /** The person has been asked whether they are wanted, and has answered. */
  readonly answered: boolean;
}

const STORED_AS = 'qiao.notify';

interface Stored {
  wanted: boolean | undefined;
  sound: boolean;
  words: boolean;
  answered: boolean;
}

function read(): Stored {
  let stored: Record<string, unknown> = {};
  try {
    stored = JSON.parse(localStorage.getItem(STORED_AS) ?? '{}') as Record<string, unknown>;
  } catch {
    // Broken or refused: as if nothing was chosen.
  }
  const { wanted, sound, words, answered } = stored;
  return {
    wanted: typeof wanted === 'boolean' ? wanted : undefined,
    sound: sound !== false,
    words: words === true,
    answered: answered === true,
  };
}

const permissionNow = (): PageNotifySnapshot['permission'] =>
  'Notification' in globalThis ? Notification.permission : 'unsupported';

/** Notifications that a page shows by itself while it is open: they need the browser's leave, and no push service. */
export class PageNotify extends ViewModel<PageNotifySnapshot> {
  readonly #stored = read();

  constructor() {
    super({ permission: 'unsupported', on: false, sound: true, words: false, answered: false });
    this.look();
    if ('permissions' in navigator)
      navigator.permissions.query({ name: 'notifications' }).then(
        (status) => {
          status.addEventListener('change', this.look);
        },
        // Not every browser tells of changes.
        () => undefined,
      );
  }

  /** Reads the browser's permission anew: another part of the settings may have asked for it. */
  readonly look = (): void => {
    const permission = permissionNow();
    const { wanted, sound, words, answered } = this.#stored;
    this.set({
      permission,
      // Who has allowed them and has not said no wants them.
      on: permission === 'granted' && wanted !== false,
      sound,
      words,
      answered: answered || wanted !== undefined,
    });
  };

  /** Has to be called straight from a click: the browser asks the person. */
  readonly turnOn = async (): Promise<void> => {
    if (permissionNow() === 'default') await Notification.requestPermission().catch(() => undefined);
    // Whoever closes the browser's question has not answered it.
    if (permissionNow() !== 'default') this.#stored.wanted = true;
    this.#stored.answered = true;
    this.#keep();
  };

  readonly turnOff = (): void => {
    this.#stored.wanted = false;
    this.#keep();
  };

  /** Not now: nobody asks again. */
  readonly decline = (): void => {
    this.#stored.answered = true;
    this.#keep();
  };

  readonly choose = (part: { readonly sound?: boolean; readonly words?: boolean }): void => {
    Object.assign(this.#stored, part);
    this.#keep();
  };

  #keep(): void {
    try {
      localStorage.setItem(STORED_AS, JSON.stringify(this.#stored));
    } catch {
      // A full disk forgets the choice, nothing else.
    }
    this.look();
  }
}

/** Of this browser. */
export const pageNotify = new PageNotify();
