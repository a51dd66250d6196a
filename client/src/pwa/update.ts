import { ViewModel } from '@qiao/ui-kit';

/** How often a page that stays open asks for a new version, in milliseconds. */
const ASK_EVERY_MS = 60 * 60 * 1000;

/** The event by which Chromium offers to install the client; not in the DOM's types. */
interface InstallOffer extends Event {
  prompt(): Promise<{ outcome: 'accepted' | 'dismissed' }>;
}

export interface AppShellSnapshot {
  /** A new version waits until the person agrees to load it. */
  readonly updateReady: boolean;
  /** The browser offers to install the client as an app. */
  readonly canInstall: boolean;
  /** Runs as an installed app. */
  readonly installed: boolean;
}

/** The client as an installed program: its service worker, new versions, the browser's offer to install it. */
export class AppShell extends ViewModel<AppShellSnapshot> {
  #registration: ServiceWorkerRegistration | undefined;
  #offer: InstallOffer | undefined;
  #agreed = false;
  #begun = false;

  constructor() {
    super({
      updateReady: false,
      canInstall: false,
      installed: matchMedia('(display-mode: standalone)').matches,
    });
    // Comes early and once: before anything of the settings is loaded.
    addEventListener('beforeinstallprompt', (event) => {
      event.preventDefault();
      this.#offer = event as InstallOffer;
      this.set({ canInstall: true });
    });
    addEventListener('appinstalled', () => {
      this.#offer = undefined;
      this.set({ canInstall: false, installed: true });
    });
    // A chunk of a version that the server no longer has.
    addEventListener('vite:preloadError', () => {
      this.set({ updateReady: true });
    });
  }

  /** Registers the service worker; once, and only where there is one. */
  async begin(): Promise<void> {
    if (this.#begun || !('serviceWorker' in navigator)) return;
    this.#begun = true;
    const { serviceWorker } = navigator;
    serviceWorker.addEventListener('controllerchange', () => {
      // The first worker of a fresh page takes over silently; a new version loads the page again.
      if (this.#agreed) location.reload();
    });
    const registration = await serviceWorker
      .register('/sw.js', { scope: '/', updateViaCache: 'none' })
      .catch(() => undefined);
    if (!registration) return;
    this.#registration = registration;
    const look = (): void => {
      if (registration.waiting && serviceWorker.controller) this.set({ updateReady: true });
    };
    look();
    registration.addEventListener('updatefound', () => {
      registration.installing?.addEventListener('statechange', look);
    });
    setInterval(() => {
      void registration.update().catch(() => undefined);
    }, ASK_EVERY_MS);
  }

  /** Loads the new version: every page of this browser, at once, so that none mixes the two. */
  readonly update = (): void => {
    this.#agreed = true;
    const waiting = this.#registration?.waiting;
    if (waiting) waiting.postMessage({ type: 'activate' });
    else location.reload();
  };

  /** Shows the browser's own question. */
  readonly install = async (): Promise<void> => {
    const offer = this.#offer;
    this.#offer = undefined;
    this.set({ canInstall: false });
    await offer?.prompt();
  };
}

export const appShell = new AppShell();
