import { lookup as dnsLookup } from 'node:dns';
import { isIP } from 'node:net';
import { isInsideAddress, type Clock } from '@qiao/platform';
import { Agent, request } from 'undici';
import type { PushConfig } from './config.ts';
import { encryptMessage, readKeys, type Vapid } from './webpush.ts';

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 16 * 1024;
/** How long (s) a push service keeps a message for a browser that is away. */
export const TTL_SECONDS = 24 * 3600;

/** How a push service took a message; `failed`: try again later. */
export type Outcome = 'delivered' | 'gone' | 'refused' | 'failed';

/** Where a message goes. */
export interface Target {
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
}

const bare = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host);

/**
 * Whether a browser may have its push service there. The address comes from anybody who can sign in, and this server
 * calls it: it has to be https, and not on our own network (server-side request forgery). What a name resolves to is
 * checked again when the connection is made.
 */
export function allowedEndpoint(
  endpoint: string,
  config: Pick<PushConfig, 'allowed_hosts' | 'inside_endpoints'>,
): boolean {
  if (!URL.canParse(endpoint)) return false;
  const url = new URL(endpoint);
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
  if (config.inside_endpoints.includes(url.origin)) return true;
  if (url.protocol !== 'https:') return false;
  const host = bare(url.hostname);
  if (
    isIP(host) !== 0
      ? isInsideAddress(host)
      : !host.includes('.') || /(^|\.)(localhost|local|internal)\.?$/.test(host)
  )
    return false;
  return (
    config.allowed_hosts.length === 0 ||
    config.allowed_hosts.some((allowed) => host === allowed || host.endsWith(`.${allowed}`))
  );
}

/** A connection that goes to public addresses only, whatever a name resolves to by now. */
const publicAgent = (): Agent =>
  new Agent({
    connectTimeout: TIMEOUT_MS,
    maxResponseSize: MAX_ANSWER_BYTES,
    connect: {
      lookup: (hostname, options, callback) => {
        dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
          const usable = error ? [] : addresses.filter(({ address }) => !isInsideAddress(address));
          const [first] = usable;
          if (error || !first)
            callback(error ?? Object.assign(new Error('not a public address'), { code: 'ENOTFOUND' }), '', 4);
          else if (options.all === true) callback(null, usable);
          else callback(null, first.address, first.family);
        });
      },
    },
  });

/** Sends messages to push services (RFC 8030). Follows no redirects. */
export class Delivery {
  readonly #config: PushConfig;
  readonly #vapid: Vapid;
  readonly #clock: Clock;
  readonly #outside = publicAgent();
  readonly #inside = new Agent({ connectTimeout: TIMEOUT_MS, maxResponseSize: MAX_ANSWER_BYTES });

  constructor(config: PushConfig, vapid: Vapid, clock: Clock) {
    this.#config = config;
    this.#vapid = vapid;
    this.#clock = clock;
  }

  /** @param topic a later message with it replaces one that still waits (RFC 8030, 5.4) */
  async send(
    target: Target,
    message: object,
    options: { urgent: boolean; topic?: string },
  ): Promise<Outcome> {
    const keys = readKeys(target.p256dh, target.auth);
    // The settings may have changed since.
    if (!keys || !allowedEndpoint(target.endpoint, this.#config)) return 'gone';
    const inside = this.#config.inside_endpoints.includes(new URL(target.endpoint).origin);
    try {
      const answer = await request(target.endpoint, {
        method: 'POST',
        dispatcher: inside ? this.#inside : this.#outside,
        headers: {
          authorization: this.#vapid.authorization(target.endpoint, this.#clock.now()),
          'content-encoding': 'aes128gcm',
          'content-type': 'application/octet-stream',
          ttl: String(TTL_SECONDS),
          urgency: options.urgent ? 'high' : 'normal',
          ...(options.topic === undefined ? {} : { topic: options.topic }),
        },
        body: encryptMessage(Buffer.from(JSON.stringify(message)), keys),
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
      });
      await answer.body.dump();
      const { statusCode: status } = answer;
      if (status >= 200 && status < 300) return 'delivered';
      if (status === 404 || status === 410) return 'gone';
      return status === 429 || status >= 500 ? 'failed' : 'refused';
    } catch {
      return 'failed';
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#outside.destroy(), this.#inside.destroy()]);
  }
}
