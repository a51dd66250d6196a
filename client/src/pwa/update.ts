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
  #beginning: Promise<ServiceWorkerRegistration | undefined> | undefined;
  #offer: InstallOffer | undefined;
  #agreed = false;

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

  /** Registers the service worker, once; undefined where there is none. */
  begin(): Promise<ServiceWorkerRegistration | undefined> {
    this.#beginning ??= this.#begin().then((registration) => {
      // Without a network: the next one who asks tries again.
      if (!registration) this.#beginning = undefined;
      return registration;
    });
    return this.#beginning;
  }

  async #begin(): Promise<ServiceWorkerRegistration | undefined> {
    if (!('serviceWorker' in navigator)) return undefined;
    const { serviceWorker } = navigator;
    const registration = await serviceWorker
      .register('/sw.js', { scope: '/', updateViaCache: 'none' })
      .catch(() => undefined);
    if (!registration) return undefined;
    this.#registration = registration;
    serviceWorker.addEventListener('controllerchange', () => {
      // The first worker of a fresh page takes over silently; a new version loads the page again.
      if (this.#agreed) location.reload();
    });
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
    return registration;
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
