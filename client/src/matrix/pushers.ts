import type { MatrixClient } from 'matrix-js-sdk';

/** A pusher of the homeserver (client-server API, `POST /pushers/set`). */
export interface Pusher {
  readonly appId: string;
  /** Id of the subscription at the push gateway. */
  readonly key: string;
  /** Where the homeserver reaches the push gateway. */
  readonly url: string;
  readonly app: string;
  readonly device: string;
  readonly language: string;
}

/** What tells the homeserver where to push to. Each rejects with the SDK's `MatrixError`. */
export interface Pushers {
  set(pusher: Pusher): Promise<void>;
  remove(key: string, appId: string): Promise<void>;
}

/** Ids only: the homeserver leaves sender, room name and content out of what it pushes. */
export const pushersOf = (client: MatrixClient): Pushers => ({
  set: async ({ appId, key, url, app, device, language }) => {
    await client.setPusher({
      kind: 'http',
      app_id: appId,
      pushkey: key,
      app_display_name: app,
      device_display_name: device,
      lang: language,
      data: { url, format: 'event_id_only' },
      // Nobody else's pusher keeps this key.
      append: false,
    });
  },
  remove: async (key, appId) => {
    await client.removePusher(key, appId);
  },
});
