import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  configPath,
  countryCode,
  ensureSecrets,
  initialConfig,
  loadOrCreateConfig,
  readConfig,
  readSecret,
  secretPath,
} from './config.ts';
import { describePort, freePorts, isPortFree, portHolder } from './ports.ts';
import { longestBody, merge, writeSynapseConfig } from './synapse.ts';

let varDir = '';
beforeEach(() => {
  varDir = mkdtempSync(join(tmpdir(), 'qiao-config-'));
});
afterEach(() => rmSync(varDir, { recursive: true }));

function write(content: string): void {
  mkdirSync(join(varDir, 'config'), { recursive: true });
  writeFileSync(configPath(varDir), content);
}

describe('the configuration', () => {
  test('is written once and never rewritten', () => {
    expect(
      loadOrCreateConfig(varDir, { companyName: '桥', publicUrl: 'https://qiao.example/' }).created,
    ).toBe(true);
    const first = readFileSync(configPath(varDir), 'utf8');
    const again = loadOrCreateConfig(varDir, { companyName: 'Other' });
    expect(again.created).toBe(false);
    expect(again.config).toMatchObject({ company_name: '桥', public_url: 'https://qiao.example' });
    expect(readFileSync(configPath(varDir), 'utf8')).toBe(first);
  });

  test.each([
    ['CN', 'CN'],
    ['UK', 'GB'],
    ['GB', 'GB'],
    ['ZZ', undefined],
    ['cn', undefined],
    [86, undefined],
  ])('the country of phones %s is %s', (text, code) => {
    expect(countryCode(text)).toBe(code);
  });

  test('gets defaults for what an operator left out, in memory only', () => {
    const text = '{"company_name":"A","ports":{"gateway":9000}}';
    write(text);
    const config = readConfig(varDir);
    expect(config.public_url).toBe('http://localhost:9000');
    expect(config.ports.synapse).toBe(8481);
    expect(config.database.managed).toBe(true);
    expect(readFileSync(configPath(varDir), 'utf8')).toBe(text);
  });

  test.each([
    ['{', 'cannot be read as JSON'],
    ['[]', 'must hold one JSON object'],
    ['{"company_name":" "}', '"company_name" must be text'],
    ['{"server_name":"a b"}', '"server_name" must be a host name'],
    ['{"public_url":"ftp://x"}', '"public_url" must be an http or https address'],
    ['{"ports":{"host":70000}}', '"ports.host" must be a port number'],
    ['{"ports":{"host":8480}}', '"ports.host" and "ports.gateway" are both 8480'],
    ['{"gateway":{"listen":"everywhere"}}', '"gateway.listen" must be an IP address'],
    [
      '{"domains":{"org":{"phone_country":"XX"}}}',
      '"domains.org.phone_country" is "XX", which is no country',
    ],
    ['{"domains":{"org":{"phone_country":"China"}}}', 'use two letters (ISO 3166-1), such as CN or GB'],
    ['{"database":{"managed":"no"}}', '"database.managed" must be true or false'],
  ])('%s is refused in one sentence', (text, message) => {
    write(text);
    expect(() => readConfig(varDir)).toThrow(message);
    expect(() => readConfig(varDir)).toThrow('qiao.json');
  });
});

describe('secrets', () => {
  test('are made once, for the owner only, and differ', () => {
    ensureSecrets(varDir);
    const before = readdirSync(join(varDir, 'secrets')).map((name) => readSecret(varDir, name));
    ensureSecrets(varDir);
    expect(readdirSync(join(varDir, 'secrets')).map((name) => readSecret(varDir, name))).toEqual(before);
    expect(new Set(before).size).toBe(before.length);
    expect(before.every((secret) => secret.length >= 43)).toBe(true);
    expect(statSync(join(varDir, 'secrets')).mode & 0o777).toBe(0o700);
    expect(statSync(secretPath(varDir, 'database_password')).mode & 0o777).toBe(0o600);
  });
});

describe("the homeserver's configuration", () => {
  const make = (over: object = {}): Record<string, unknown> => {
    const { config } = loadOrCreateConfig(varDir);
    ensureSecrets(varDir);
    const options = { varDir, config, kind: 'own', partner: false, forTests: false, ...over } as const;
    return parse(readFileSync(writeSynapseConfig(options), 'utf8')) as Record<string, unknown>;
  };

  test('is the same at each start, and so is the signing key', () => {
    const first = make();
    const key = readFileSync(join(varDir, 'synapse/signing.key'), 'utf8');
    expect(make()).toEqual(first);
    expect(readFileSync(join(varDir, 'synapse/signing.key'), 'utf8')).toBe(key);
    expect(key).toMatch(/^ed25519 a_[0-9a-f]{6} [A-Za-z0-9+/]{43}\n$/);
  });

  test('is closed: no registration, no federation, no previews; and not for other eyes', () => {
    expect(make()).toMatchObject({
      enable_registration: false,
      allow_guest_access: false,
      federation_domain_whitelist: [],
      url_preview_enabled: false,
      trusted_key_servers: [],
      bcrypt_rounds: 12,
      max_event_delay_duration: '24h',
    });
    expect(statSync(join(varDir, 'synapse/homeserver.yaml')).mode & 0o777).toBe(0o600);
  });

  test('lets the partner in, and only it', () => {
    const { federation_domain_whitelist, listeners } = make({ partner: true });
    expect(federation_domain_whitelist).toEqual(['localhost:8448', 'localhost:8449']);
    // Through the gateway: what listens for others is not the homeserver itself.
    expect(listeners).not.toContainEqual(expect.objectContaining({ port: 8448 }));
    expect(listeners).not.toContainEqual(expect.objectContaining({ tls: true }));
    expect(make({ partner: true, kind: 'partner' }).listeners).toContainEqual(
      expect.objectContaining({ port: 8449, tls: true }),
    );
  });

  test("gives way to the operator's files, in order", () => {
    mkdirSync(join(varDir, 'config/synapse.d'), { recursive: true });
    writeFileSync(
      join(varDir, 'config/synapse.d/10.yaml'),
      'max_upload_size: 1G\npresence:\n  enabled: false\n',
    );
    writeFileSync(join(varDir, 'config/synapse.d/20.yaml'), 'max_upload_size: 2G\n');
    expect(make()).toMatchObject({ max_upload_size: '2G', presence: { enabled: false } });
  });

  test('the module acts as the service users of our registrations, and as nobody else', () => {
    const folder = join(varDir, 'synapse/registrations');
    mkdirSync(folder, { recursive: true });
    const mine = '@_qiao_org_rooms:localhost:8448';
    const namespace = String.raw`'@_qiao_org_?[a-z0-9_-]*:localhost:8448'`;
    const write = (name: string, id: string, users: string, regex = namespace): void => {
      writeFileSync(
        join(folder, `${name}.yaml`),
        `id: ${id}\nsender_localpart: _qiao_org_sender\nnamespaces:\n  users: [{exclusive: true, regex: ${regex}}]\n` +
          `im.qiao.service_users: ${users}\n`,
      );
    };
    const users = (all: string[], internal = all): string => JSON.stringify({ all, internal });
    write(
      'org',
      'qiao-org',
      users(
        [mine, '@_qiao_org_sender:localhost:8448', '@boss:localhost:8448'],
        [mine, '@boss:localhost:8448'],
      ),
    );
    write('bridge', 'bridge', users([mine.replace('rooms', 'bridge')]));
    for (const [at, odd] of ['7', 'all', '[]', '{all: 1}', '{all: [1, null]}', 'null'].entries())
      write(`odd${String(at)}`, 'qiao-odd', odd);
    write('regex', 'qiao-regex', users(['@x:localhost:8448']), "'('");
    writeFileSync(join(folder, 'empty.yaml'), '');
    writeFileSync(join(folder, 'list.yaml'), '- 1\n');
    writeFileSync(join(folder, 'none.yaml'), 'a: [\n');
    const module = (make()['modules'] as { config: object }[])[0];
    expect(module?.config).toMatchObject({
      service_users: [mine, '@_qiao_org_sender:localhost:8448'],
      internal_rooms: [mine],
    });
  });

  test.each([
    ['the usual one', undefined, 100 * 1024 ** 2],
    ['more', '2G', 2 * 1024 ** 3],
    ['a number', 50_000_000, 50_000_000],
    ['less than an event may be', '1M', 200 * 65_536],
  ])('the longest body is what the homeserver takes: %s', (_name, size, expected) => {
    mkdirSync(join(varDir, 'config/synapse.d'), { recursive: true });
    if (size !== undefined)
      writeFileSync(join(varDir, 'config/synapse.d/10.yaml'), `max_upload_size: ${size}\n`);
    const config = initialConfig();
    expect(longestBody(varDir, config)).toBe(expected);
    const outside = { ...config, homeserver: { ...config.homeserver, managed: false } };
    expect(longestBody(varDir, outside)).toBeUndefined();
  });

  test('layers merge objects and replace lists', () => {
    expect(merge({ a: { b: 1, c: [1, 2] }, d: 1 }, { a: { c: [3] }, d: { e: 1 } })).toEqual({
      a: { b: 1, c: [3] },
      d: { e: 1 },
    });
  });
});

describe('ports', () => {
  test('a taken one names its holder', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await isPortFree(port)).toBe(false);
    const holder = portHolder(port);
    expect(holder?.pid).toBe(process.pid);
    expect(describePort(port, holder)).toContain(`Port ${port} is taken by`);
    await new Promise((resolve) => server.close(resolve));
    expect(await isPortFree(port)).toBe(true);
    expect(portHolder(port)).toBeUndefined();
  });

  test('another Qiao is named by its folder', () => {
    expect(describePort(8480, { pid: 7, command: 'node', qiao: '/srv/qiao' })).toBe(
      'Port 8480 is taken by another Qiao at /srv/qiao (pid 7).',
    );
  });

  test('free ones differ from each other', async () => {
    expect(new Set(await freePorts(20)).size).toBe(20);
  });
});
