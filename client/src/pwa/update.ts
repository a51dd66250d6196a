import { ViewModel } from '@qiao/ui-kit';

/** How often a page that stays open asks for a new version, in milliseconds. */
const ASK_EVERY_MS = 60 * 60 * 1000;

/** How long the new version's worker may take to take over before the page goes on without it, in milliseconds. */
const TAKE_OVER_MS = 5_000;

/** The new version was agreed to in this tab, and its worker has not taken over yet. */
const AGREED = 'qiao.updating';
const hasAgreed = (): boolean => sessionStorage.getItem(AGREED) !== null;
const markAgreed = (agreed: boolean): void => {
  if (agreed) sessionStorage.setItem(AGREED, '');
  else sessionStorage.removeItem(AGREED);
};

/** Loads the new version's page before its worker has taken over: the one that runs gives it, and ends in its time. */
function goOn(): void {
  markAgreed(true);
  const reload = (): void => {
    location.reload();
  };
  const heard = new MessageChannel();
  heard.port1.onmessage = reload;
  navigator.serviceWorker.controller?.postMessage({ type: 'step-aside' }, [heard.port2]);
  setTimeout(reload, TAKE_OVER_MS);
}

/** The event by which Chromium offers to install the client; not in the DOM's types. */
interface InstallOffer extends Event {
  prompt(): Promise<{ outcome: 'accepted' | 'dismissed' }>;
}

export interface AppShellSnapshot {
  /** A new version waits until the person agrees to load it. */
  readonly updateReady: boolean;
  /** The person has agreed; the page is loaded again in a moment. */
  readonly updating: boolean;
  /** The browser offers to install the client as an app. */
  readonly canInstall: boolean;
  /** Runs as an installed app. */
  readonly installed: boolean;
}

/** The client as an installed program: its service worker, new versions, the browser's offer to install it. */
export class AppShell extends ViewModel<AppShellSnapshot> {
  #registration: ServiceWorkerRegistration | undefined;
  #beginning: Promise<ServiceWorkerRegistration | undefined> | undefined;
  #late: ReturnType<typeof setTimeout> | undefined;
  #offer: InstallOffer | undefined;

  constructor() {
    super({
      updateReady: false,
      updating: false,
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
      markAgreed(false);
      if (this.snapshot.updating) location.reload();
    });
    const look = (): void => {
      if (!registration.waiting || !serviceWorker.controller) return;
      // This page is the new one already, and waits for its worker.
      if (hasAgreed()) registration.waiting.postMessage({ type: 'activate' });
      // A still newer one took the place of the one that was agreed to.
      else if (this.snapshot.updating) this.#activate(registration.waiting);
      else this.set({ updateReady: true });
    };
    // It took over between two pages.
    if (!registration.waiting && !registration.installing) markAgreed(false);
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
    this.set({ updating: true });
    const waiting = this.#registration?.waiting;
    if (waiting) this.#activate(waiting);
    // A newer one is still being fetched: `look` goes on when it is there.
    else if (this.#registration?.installing) this.#late ??= setTimeout(goOn, TAKE_OVER_MS);
    // Files are missing that the server no longer has.
    else location.reload();
  };

  /** Lets the waiting worker take over. Browsers let it once the one that runs has ended what it works at. */
  #activate(waiting: ServiceWorker): void {
    waiting.postMessage({ type: 'activate' });
    this.#late ??= setTimeout(goOn, TAKE_OVER_MS);
  }

  /** Shows the browser's own question. */
  readonly install = async (): Promise<void> => {
    const offer = this.#offer;
    this.#offer = undefined;
    this.set({ canInstall: false });
    await offer?.prompt();
  };
}

export const appShell = new AppShell();
