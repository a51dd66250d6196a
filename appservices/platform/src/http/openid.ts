import { lookup as dnsLookup, promises as dns } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { Agent, request } from 'undici';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { OpenIdVerifier } from './session.routes.ts';

const TIMEOUT_MS = 10_000;
const MAX_BODY_BYTES = 64 * 1024;
const FEDERATION_PORT = 8448;

/** Addresses that are not on the internet (RFC 6890): asking them for a stranger would be asking our own network. */
const inside = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  inside.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  inside.addSubnet(net, bits, 'ipv6');

/** True for an address of our own network or machine, IPv4 mapped into IPv6 included. */
export function isInsideAddress(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return inside.check(mapped, 'ipv4');
  return inside.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** A Matrix server name (Matrix appendices, "Server Name"), in parts. */
export interface ServerName {
  readonly host: string;
  readonly port: number | undefined;
}

/** Parses a server name; undefined where it is none. */
export function parseServerName(name: string): ServerName | undefined {
  if (name.length > 230) return undefined;
  const match = /^(\[[0-9a-fA-F:.]{2,45}\]|[0-9A-Za-z.-]{1,255})(?::(\d{1,5}))?$/.exec(name);
  const host = match?.[1];
  if (host === undefined) return undefined;
  if (host.startsWith('[') && isIP(host.slice(1, -1)) !== 6) return undefined;
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  if (port !== undefined && (port < 1 || port > 65535)) return undefined;
  return { host, port };
}

/** Where a server's federation API is: connect to `connect`, verify the certificate for `name`, send `Host: authority`. */
export interface FederationTarget {
  readonly host: string;
  readonly port: number;
  /** Host name the certificate has to be for. */
  readonly tlsName: string;
  readonly authority: string;
}

const WellKnown = Type.Object({ 'm.server': Type.String({ minLength: 1, maxLength: 255 }) });
const UserInfo = Type.Object({ sub: Type.String({ minLength: 3, maxLength: 255, pattern: '^@' }) });

const bare = (host: string): string => (host.startsWith('[') ? host.slice(1, -1) : host);
const withPort = (host: string, port: number | undefined): string =>
  port === undefined ? host : `${host}:${port}`;

/**
 * Finds and asks other homeservers (server-server API, "Server discovery"): literal address, explicit port,
 * `/.well-known/matrix/server`, SRV `_matrix-fed._tcp`, port 8448. Redirects are not followed.
 */
function createFederation(allowInside: boolean) {
  const agents = (servername: string): Agent =>
    new Agent({
      connectTimeout: TIMEOUT_MS,
      maxResponseSize: MAX_BODY_BYTES,
      connect: {
        servername,
        lookup: (hostname, options, callback) => {
          dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
            const usable = error
              ? []
              : addresses.filter(({ address }) => allowInside || !isInsideAddress(address));
            const [first] = usable;
            if (error || !first) {
              callback(
                error ?? Object.assign(new Error('not a public address'), { code: 'ENOTFOUND' }),
                '',
                4,
              );
            } else if (options.all === true) {
              callback(null, usable);
            } else {
              callback(null, first.address, first.family);
            }
          });
        },
      },
    });
  const getJson = async (target: FederationTarget, path: string): Promise<unknown> => {
    // A literal address is never looked up, so it is checked here.
    if (isIP(bare(target.host)) !== 0 && !allowInside && isInsideAddress(bare(target.host))) return undefined;
    const dispatcher = agents(isIP(bare(target.tlsName)) === 0 ? target.tlsName : '');
    try {
      const answer = await request(`https://${withPort(target.host, target.port)}${path}`, {
        dispatcher,
        method: 'GET',
        headers: { host: target.authority, accept: 'application/json' },
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
      });
      if (answer.statusCode !== 200) {
        await answer.body.dump();
        return undefined;
      }
      return await answer.body.json();
    } catch {
      return undefined;
    } finally {
      await dispatcher.destroy();
    }
  };
  const bySrv = async (host: string): Promise<FederationTarget | undefined> => {
    for (const service of ['_matrix-fed', '_matrix']) {
      const records = await dns.resolveSrv(`${service}._tcp.${host}`).catch(() => []);
      const [best] = records.sort((a, b) => a.priority - b.priority || b.weight - a.weight);
      if (best) return { host: best.name, port: best.port, tlsName: host, authority: host };
    }
    return undefined;
  };
  const direct = ({ host, port }: ServerName): FederationTarget => ({
    host,
    port: port ?? FEDERATION_PORT,
    tlsName: bare(host),
    authority: withPort(host, port),
  });
  const resolve = async (server: ServerName): Promise<FederationTarget> => {
    if (isIP(bare(server.host)) !== 0 || server.port !== undefined) return direct(server);
    const found = await getJson(
      { host: server.host, port: 443, tlsName: server.host, authority: server.host },
      '/.well-known/matrix/server',
    );
    const delegated = Value.Check(WellKnown, found) ? parseServerName(found['m.server']) : undefined;
    const next = delegated ?? server;
    if (isIP(bare(next.host)) !== 0 || next.port !== undefined) return direct(next);
    return (await bySrv(next.host)) ?? direct(next);
  };
  return { resolve, getJson };
}

/**
 * Asks our own homeserver about tokens of local users, and the homeserver of anybody else about theirs. Whom a
 * server may speak for is checked by the caller.
 */
export function createOpenIdVerifier(options: {
  serverName: string;
  homeserverUrl: string;
  /** Also ask servers on this machine or network: a partner for tests, a closed network. */
  allowInside: boolean;
}): OpenIdVerifier {
  const federation = createFederation(options.allowInside);
  return async (name, accessToken) => {
    const query = `/_matrix/federation/v1/openid/userinfo?access_token=${encodeURIComponent(accessToken)}`;
    if (name === options.serverName) {
      const answer = await fetch(new URL(query, options.homeserverUrl), {
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const body: unknown = answer.ok ? await answer.json() : undefined;
      return Value.Check(UserInfo, body) ? body.sub : undefined;
    }
    const server = parseServerName(name);
    if (!server) return undefined;
    const body = await federation.getJson(await federation.resolve(server), query);
    return Value.Check(UserInfo, body) ? body.sub : undefined;
  };
}
