/*
 * The part of the service worker's interface (W3C Service Workers, Push API) that is used here: the library of
 * types for workers cannot stand beside that for pages in one program.
 */

export interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

export interface WorkerPushEvent extends ExtendableEvent {
  readonly data: { text(): string } | null;
}

export interface WorkerNotificationEvent extends ExtendableEvent {
  readonly notification: Notification;
}

export interface WorkerFetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

/** A window that the worker serves. */
export interface WindowClient {
  readonly url: string;
  readonly focused: boolean;
  readonly visibilityState: DocumentVisibilityState;
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}

export interface WorkerScope {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: {
    claim(): Promise<void>;
    matchAll(options: { type: 'window'; includeUncontrolled?: boolean }): Promise<readonly WindowClient[]>;
    openWindow(path: string): Promise<unknown>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', work: (event: ExtendableEvent) => void): void;
  addEventListener(type: 'message', work: (event: MessageEvent) => void): void;
  addEventListener(type: 'fetch', work: (event: WorkerFetchEvent) => void): void;
  addEventListener(type: 'push', work: (event: WorkerPushEvent) => void): void;
  addEventListener(type: 'notificationclick', work: (event: WorkerNotificationEvent) => void): void;
}

/** The worker itself. */
export const worker = globalThis as unknown as WorkerScope;
