import { Type, type Static } from 'typebox';

/* The HTTP interface of push, below `/api/push`. Everybody reaches only the own subscriptions. */

/** Application id of the client's pushers (Matrix client-server API, `POST /pushers/set`). */
export const PUSH_APP_ID = 'qiao.web';

/** `GET /settings`: what a browser needs to subscribe, and what a pusher is set with. */
export const PushSettings = Type.Object({
  /** VAPID public key (RFC 8292): an uncompressed P-256 point, base64url. */
  application_server_key: Type.String(),
  app_id: Type.String(),
  /** `data.url` of the pusher: where the homeserver reaches the push gateway. */
  notify_url: Type.String(),
});
export type PushSettings = Static<typeof PushSettings>;

/** `POST /subscriptions`: a `PushSubscription` of a browser (W3C Push API). */
export const CreateSubscription = Type.Object(
  {
    endpoint: Type.String({ minLength: 8, maxLength: 1000 }),
    keys: Type.Object({
      /** The browser's public key: an uncompressed P-256 point, base64url. */
      p256dh: Type.String({ pattern: '^[A-Za-z0-9_-]{87}=?$' }),
      /** 16 bytes, base64url. */
      auth: Type.String({ pattern: '^[A-Za-z0-9_-]{22}(==)?$' }),
    }),
    /** Name of the device, for the person's list. */
    label: Type.String({ minLength: 1, maxLength: 100 }),
  },
  { additionalProperties: false },
);
export type CreateSubscription = Static<typeof CreateSubscription>;

/** A subscription; its id is the pusher's `pushkey`: opaque, and of no use to anybody else. */
export const Subscription = Type.Object({
  id: Type.String(),
  label: Type.String(),
  created_at: Type.String({ format: 'date-time' }),
  /** When the push service last took a message; null: never yet. */
  delivered_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
});
export type Subscription = Static<typeof Subscription>;
export const SubscriptionList = Type.Object({ items: Type.Array(Subscription) });

export const SubscriptionParams = Type.Object({ id: Type.String({ pattern: '^[A-Za-z0-9_-]{32}$' }) });

/** `POST /subscriptions/:id/test`: how the push service took a test message. */
export const TestResult = Type.Object({ outcome: Type.Enum(['delivered', 'gone', 'refused', 'failed']) });
export type TestResult = Static<typeof TestResult>;
