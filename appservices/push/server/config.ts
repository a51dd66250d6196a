import { Type, type Static } from 'typebox';

/** Settings of push, `domains.push` in the configuration file. */
export const PushConfig = Type.Object(
  {
    contact: Type.String({
      default: '',
      description: 'mailto: or https: address for operators of push services; empty: the public address',
    }),
    notify_url: Type.String({
      default: '',
      description: 'Where the homeserver reaches the push gateway; empty: this host on loopback',
    }),
    notify_from: Type.Array(Type.String(), {
      default: ['127.0.0.1', '::1'],
      description: 'Addresses that may call the push gateway: those of the homeserver',
    }),
    allowed_hosts: Type.Array(Type.String(), {
      default: [],
      description: 'Push services that browsers may use, with all below each name; empty: every public one',
    }),
    inside_endpoints: Type.Array(Type.String(), {
      default: [],
      description: 'Origins of push services on this network that are allowed nevertheless',
    }),
    max_subscriptions: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 20,
      description: 'Browsers of one person; the oldest gives way',
    }),
    pushes_per_minute: Type.Integer({
      minimum: 1,
      default: 60,
      description: 'Pushes to one browser; more are left out, the next one stands for them',
    }),
  },
  { additionalProperties: false },
);
export type PushConfig = Static<typeof PushConfig>;
